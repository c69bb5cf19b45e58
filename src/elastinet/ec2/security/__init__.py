"""Security groups, key pairs, instance profiles."""
