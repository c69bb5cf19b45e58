"""The processes of a server, and how they listen and answer."""
