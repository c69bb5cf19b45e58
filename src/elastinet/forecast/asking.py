"""Questions to a forecast as people write them: number of flows, duration, bytes."""

import re
from typing import NamedTuple

from elastinet import digits
from elastinet.forecast.prediction import LONGEST_S
from elastinet.rules.frames import Transport
from elastinet.rules.path_limits import Traffic

MOST_FLOWS = 100_000
MOST_BYTES = 1e18
_SECONDS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_BYTES = {
    f"{prefix}{base}": factor**power * (8 if base == "B" else 1) / 8
    for base in ("B", "bit")
    for factor, letters in ((1000, ("", "k", "M", "G", "T", "P")), (1024, ("", "Ki", "Mi", "Gi", "Ti", "Pi")))
    for power, prefix in enumerate(letters)
}
_BYTES[""] = 1
_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?(?:[eE][0-9]+)?)\s*([A-Za-z]*)\s*")


class BadQuestion(ValueError):
    """Something that cannot be asked; the message says what and why."""


class Question(NamedTuple):
    """Traffic, and for how long or until how many bytes of data it goes; None where nothing is said."""

    traffic: Traffic
    duration_s: float | None
    data_bytes: float | None


def question(
    flows: str = "1",
    duration: str = "",
    bytes: str = "",
    *,
    udp: bool = False,
    mptcp: bool = False,
    efa: bool = False,
) -> Question:
    """The question in some words; MPTCP's flows are one connection's subflows. Raises BadQuestion."""
    if udp and mptcp:
        raise BadQuestion("MPTCP is a kind of TCP: leave out --udp or --mptcp")
    if efa and (udp or mptcp):
        raise BadQuestion("EFA carries neither UDP nor MPTCP: leave out --udp and --mptcp")
    number = whole(flows, "flows are", MOST_FLOWS)
    transport: Transport = "efa" if efa else "udp" if udp else "mptcp" if mptcp else "tcp"
    traffic = Traffic(transport, 1, number) if mptcp else Traffic(transport, number)
    return Question(
        traffic,
        seconds(duration) if duration else None,
        size(bytes) if bytes else None,
    )


def size(text: str) -> float:
    """Bytes, as 1TB, 64KiB or 5Gbit; raises BadQuestion."""
    return _quantity(text, _BYTES, "bytes", "1TB", MOST_BYTES)


def seconds(text: str) -> float:
    """A span of time such as 90, 10m or 1h; raises BadQuestion."""
    return _quantity(text, _SECONDS, "duration", "10m or 1h", LONGEST_S)


def whole(text: str, name: str, most: int, least: int = 1) -> int:
    """A number of something that `name` calls; raises BadQuestion."""
    if (number := digits.whole(text, least, most)) is None:
        raise BadQuestion(f"{name} a number from {least} to {most}, not {text[:40] or 'nothing'}")
    return number


def _quantity(text: str, units: dict[str, float], name: str, example: str, most: float) -> float:
    found = _QUANTITY.fullmatch(text[:40])
    factor = units.get(found[2]) if found else None
    if found is None or factor is None:
        raise BadQuestion(f"{name}: '{text[:40]}' is no quantity such as {example}")
    value = (digits.decimal(found[1]) or 0.0) * factor
    if not 0 < value <= most:
        raise BadQuestion(f"{name}: {text[:40]} is not more than 0 and at most {most:.6g}")
    return value
