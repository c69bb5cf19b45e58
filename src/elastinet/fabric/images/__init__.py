"""Images that are file systems: taken out of archives, looked at, copied from instances."""
