"""Every test meets a real agent."""

from machine import machine, running

__all__ = ["machine", "running"]
