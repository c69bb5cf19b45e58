"""Messages between engine and agent, and their transport."""
