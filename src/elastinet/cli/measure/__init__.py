"""Measurements of a network from inside instances."""
