"""What is hostile here is a guest: each boundary has a file of its own."""

from machine import machine, running

__all__ = ["machine", "running"]
