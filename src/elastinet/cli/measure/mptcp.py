"""The subflows of an MPTCP connection: further ports that the receiver signals, set and taken away again."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elastinet.cli.common import CommandFailure
from elastinet.cli.measure.guests import said

MOST = 8
"""The most subflows that the kernel's path manager makes."""


@contextmanager
def subflows(run: Path, source: str, target: str, address: str, ports: range, number: int) -> Iterator[None]:
    """Have connections from one instance to an address of another take so many subflows.

    The first goes to the first of the ports, each other to one of the rest that is free.
    """
    before = {guest: _limits(run, guest) for guest in (source, target)}
    made: list[str] = []
    try:
        for guest in before:
            _ip(run, guest, "limits", "set", "subflows", str(MOST), "add_addr_accepted", str(MOST))
        for port in ports[1:]:
            if len(made) + 1 < number and _signal(run, target, address, port):
                made.append(_id(port))
        if len(made) + 1 < number:
            raise CommandFailure(
                f"{target}: fewer than {number} of the ports {ports[0]} to {ports[-1]} are free"
            )
        yield
    finally:
        for id in made:
            _ip(run, target, "endpoint", "delete", "id", id)
        for guest, limits in before.items():
            _ip(run, guest, "limits", "set", *limits)


def _signal(run: Path, target: str, address: str, port: int) -> bool:
    """Have a port signalled, unless something has it, be it a connection that ended a minute ago."""
    words = ["endpoint", "add", address, "port", str(port), "signal", "id", _id(port)]
    done = said(run, target, ["ip", "mptcp", *words])
    if done.returncode and f"-{errno.EADDRINUSE}" not in done.stderr:
        raise CommandFailure(f"{target}: ip mptcp {' '.join(words)}: {done.stderr.strip()}")
    return not done.returncode


def _id(port: int) -> str:
    """An endpoint's number, out of the way of those that a user has."""
    return str(128 + port % 100)


def _limits(run: Path, guest: str) -> list[str]:
    """The path manager's limits, in the words that set them."""
    words = _ip(run, guest, "limits", "show").split()
    found = dict(zip(words[::2], words[1::2], strict=False))
    return ["subflows", found["subflows"], "add_addr_accepted", found["add_addr_accepted"]]


def _ip(run: Path, guest: str, *words: str) -> str:
    done = said(run, guest, ["ip", "mptcp", *words])
    if done.returncode:
        raise CommandFailure(f"{guest}: ip mptcp {' '.join(words)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
