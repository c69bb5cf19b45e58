"""Placement: the host of an instance, and the room that it takes there."""
