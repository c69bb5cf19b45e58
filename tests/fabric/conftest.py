"""Every test meets a real agent."""

from machine import machine, machines, running

__all__ = ["machine", "machines", "running"]
