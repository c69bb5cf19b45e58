"""Every test meets a real agent: as root where the tests are root, and always as an ordinary user."""

from machine import machine, running

__all__ = ["machine", "running"]
