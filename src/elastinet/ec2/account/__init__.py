"""What belongs to an account or to all of its resources: attributes, regions, tags."""
