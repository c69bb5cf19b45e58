"""Shared memory taken away from a guest: who still holds any of it."""
