"""The wheel is built once for all tests of a worker's."""

from wheels import built, installed, serve

__all__ = ["built", "installed", "serve"]
