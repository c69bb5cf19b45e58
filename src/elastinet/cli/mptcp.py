"""The subflows of an MPTCP connection: further ports that the receiver signals, set and taken away again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elastinet.cli.common import Failure
from elastinet.cli.guests import said

MOST = 8
"""The most subflows that the kernel's path manager makes."""


@contextmanager
def subflows(run: Path, source: str, target: str, address: str, port: int, number: int) -> Iterator[None]:
    """Have connections from one instance to an address of another take so many subflows, each to its port."""
    before = {guest: _limits(run, guest) for guest in (source, target)}
    ports = range(port + 1, port + number)
    made: list[int] = []
    try:
        for guest in before:
            _ip(run, guest, "limits", "set", "subflows", str(MOST), "add_addr_accepted", str(MOST))
        for one in ports:
            id = _id(one, port)
            _ip(run, target, "endpoint", "add", address, "port", str(one), "signal", "id", str(id))
            made.append(id)
        yield
    finally:
        for id in made:
            _ip(run, target, "endpoint", "delete", "id", str(id))
        for guest, limits in before.items():
            _ip(run, guest, "limits", "set", *limits)


def _id(port: int, first: int) -> int:
    """An endpoint's number, out of the way of those that a user has."""
    return 200 + port - first


def _limits(run: Path, guest: str) -> list[str]:
    """The path manager's limits, in the words that set them."""
    words = _ip(run, guest, "limits", "show").split()
    found = dict(zip(words[::2], words[1::2], strict=False))
    return ["subflows", found["subflows"], "add_addr_accepted", found["add_addr_accepted"]]


def _ip(run: Path, guest: str, *words: str) -> str:
    done = said(run, guest, ["ip", "mptcp", *words])
    if done.returncode:
        raise Failure(f"{guest}: ip mptcp {' '.join(words)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
