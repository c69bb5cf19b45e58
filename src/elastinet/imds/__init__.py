"""L2: the instance metadata service."""
