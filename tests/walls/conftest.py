"""What is hostile, and what it must not reach."""

from agents import machine, running

__all__ = ["machine", "running"]
