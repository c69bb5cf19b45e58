"""Every test meets a real agent."""

from agents import machine, running

__all__ = ["machine", "running"]
