"""The fabric of a test run: as it was asked for, and why there may be none."""

from functools import cache

from elastinet.config import ConfigError, load
from elastinet.fabric.agent import launch
from elastinet.testing.errors import TestingError


def fabric(asked: str | None) -> str:
    """The fabric that an option means; without one it is the configuration's. Raises TestingError."""
    if asked == "auto":
        return "none" if _lacking() else "kernel"
    return asked or _configured()


def no_packets(asked: str | None) -> str:
    """The reason why no packets are carried in this run; "" if they are."""
    if asked != "auto" and fabric(asked) == "none":
        return "no packets are carried in this run (fabric none)"
    return _lacking()


def _configured() -> str:
    try:
        return load({}).fabric
    except ConfigError as error:
        raise TestingError(str(error)) from None


@cache
def _lacking() -> str:
    """What this machine lacks for a kernel fabric."""
    lines = "; ".join(f"{feature}: {why}" for feature, why in launch.check().items())
    return f"no kernel fabric here ({lines})" if lines else ""
