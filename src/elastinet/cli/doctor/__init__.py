"""What this machine can do for elastinet, what is missing, and the command that mends it."""
