"""EC2's advanced networking on one Linux machine."""

__version__ = "0.1.0"
