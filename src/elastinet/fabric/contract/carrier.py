"""What agent and starter say of the carrier: slirp4netns, which carries packets to the machine's network.

The starter lives where the machine's network is, the agent where the instances' is. Over the socket that the
supervisor has given both, the starter sends an `Offer` with one end of a pair of sockets. The agent answers
over that with a `Door` and descriptors of a network namespace, and of the user namespace that this is of.
Then the carrier runs, and both notice by the pair when the other has gone.
"""

import socket
from typing import TypeVar

import msgspec

MOST_BYTES = 1 << 17
READY = b"1"
"""What the carrier says over the pair when packets can pass."""
DEVICE = "out0"
T = TypeVar("T")


class Offer(msgspec.Struct, frozen=True):
    """Starter to agent: `closed` are the networks that packets may not go to.

    `proxies` are ports of `rules.proxies.ADDRESS`, each with the address and port that is found there.
    """

    closed: tuple[str, ...]
    proxies: tuple[tuple[int, str, int], ...] = ()


class Door(msgspec.Struct, frozen=True):
    """Agent to starter: the user that the carrier is to be; None for the starter's own."""

    user: int | None = None


def send(over: socket.socket, message: Offer | Door, *fds: int) -> None:
    """Send a message with descriptors; raises OSError."""
    socket.send_fds(over, [msgspec.json.encode(message)], fds)


def receive(over: socket.socket, kind: type[T]) -> tuple[T, list[int]] | None:
    """A message with its descriptors; None where the other has gone. Raises OSError."""
    data, fds, _, _ = socket.recv_fds(over, MOST_BYTES, 2, socket.MSG_CMSG_CLOEXEC)
    return (msgspec.json.decode(data, type=kind), list(fds)) if data else None
