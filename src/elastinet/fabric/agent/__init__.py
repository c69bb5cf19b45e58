"""The agent's process: one engine's desires in, facts out."""
