"""Assertions in a TOML file: `assertions = ["web -> db tcp/5432 allow", "internet -> * tcp/22 deny"]`."""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

from elastinet.cli.common import CommandFailure
from elastinet.digits import whole

KEY = "assertions"
FORM = "SOURCE -> TARGET PROTOCOL[/PORT] allow|deny"
_TRAFFIC = re.compile(r"(?P<protocol>tcp|udp|icmp)(?P<six>6?)(/(?P<port>.*))?")


class Assertion(NamedTuple):
    """A row: what is to get through from one side to the other, or not."""

    number: int
    text: str
    source: str
    target: str
    protocol: str
    port: str
    ipv6: bool
    allow: bool


class BadRow(Exception):
    """What is wrong with a row."""


def read(path: Path) -> list[Assertion]:
    """The rows of a file; raises CommandFailure that tells of every bad one."""
    rows, bad, found = _rows(path), list[str](), list[Assertion]()
    for number, row in enumerate(rows, 1):
        try:
            found.append(_parsed(number, row))
        except BadRow as why:
            bad.append(f"row {number}: {why}")
    if bad:
        raise CommandFailure(f"{path}: {'; '.join(bad)}", 2)
    return found


def _rows(path: Path) -> list[object]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandFailure(f"{path}: {error.strerror}", 2) from error
    except ValueError as error:  # no TOML, or no text
        raise CommandFailure(f"{path}: {error}", 2) from error
    if unknown := sorted(content.keys() - {KEY}):
        raise CommandFailure(f"{path}: it has {KEY}, and not {unknown[0]}", 2)
    rows = content.get(KEY)
    if not isinstance(rows, list) or not rows:
        raise CommandFailure(f'{path}: {KEY} is a list of rows like "web -> db tcp/5432 allow"', 2)
    return rows


def _parsed(number: int, row: object) -> Assertion:
    if not isinstance(row, str):
        raise BadRow(f"it is no text, but {row!r}")
    source, arrow, rest = row.partition(" -> ")
    words = rest.rsplit(None, 2)
    if not arrow or not source.strip() or len(words) != 3:
        raise BadRow(f"'{row}' is not {FORM}")
    target, traffic, verdict = words
    if verdict not in ("allow", "deny"):
        raise BadRow(f"it ends with allow or deny, not '{verdict}'")
    return Assertion(number, row, source.strip(), target.strip(), *_traffic(traffic), verdict == "allow")


def _traffic(text: str) -> tuple[str, str, bool]:
    """The protocol, the port and whether it is IPv6."""
    found = _TRAFFIC.fullmatch(text)
    if found is None:
        raise BadRow(f"'{text}' is not tcp, udp or icmp (tcp6, udp6, icmp6 by IPv6), with /PORT or without")
    port = found["port"]
    if port is not None and found["protocol"] == "icmp":
        raise BadRow(f"'{text}': ICMP has no ports")
    if port is not None and whole(port, 0, 65535) is None:
        raise BadRow(f"'{text}': a port is a number from 0 to 65535")
    return found["protocol"], port or "", bool(found["six"])
