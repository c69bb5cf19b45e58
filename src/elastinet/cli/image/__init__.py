"""Images that are file systems, on the command line."""
