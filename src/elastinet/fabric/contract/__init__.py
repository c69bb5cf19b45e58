"""What engine and agent say to one another, and how it is sent."""
