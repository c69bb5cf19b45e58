"""Twins: an account's dump as a region that runs here, and the commands that make the account like it."""
