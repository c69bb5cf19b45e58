"""What a hostile guest sends the DHCP server of its VPC: frames of its own making, in others' names too."""

import contextlib
import random
import socket
import struct
import time
from types import SimpleNamespace

from frames import mac
from fuzz.mutation import mutated
from fuzz.place import Place
from leases import ACK, BROADCAST, COOKIE, DISCOVER, answer, body, frame, message, options

OVERLOAD, RELAY, CLIENT_ID, VENDOR, USER_CLASS, FULL_NAME, HOST_NAME, PXE = 52, 82, 61, 60, 77, 81, 12, 97
WORDS = (
    COOKIE, bytes((OVERLOAD, 1, 3)), bytes((OVERLOAD, 200, 3)), bytes((RELAY, 6, 1, 4, 10, 0, 0, 1)),
    bytes((RELAY, 4, 5, 200, 1, 1)), bytes((CLIENT_ID, 0)), bytes((CLIENT_ID, 255)), bytes((53, 0)),
    bytes((53, 1, 255)), bytes((55, 255)), bytes((57, 2, 0, 0)), bytes((57, 1, 1)), bytes((50, 2, 1, 1)),
    bytes((54, 4)), b"\xff", b"\0" * 60, b"\xff" * 20, bytes((FULL_NAME, 5, 0xFF, 0, 0, 0xC0, 0)),
    bytes((HOST_NAME, 4)) + b"../.", bytes((VENDOR, 20)) + b"PXEClient:Arch:00000", bytes((PXE, 17)) + bytes(17),
    bytes((124, 5, 0, 0, 0, 0, 255)), bytes((125, 9, 0, 0, 0, 9, 4, 1, 200, 1, 1)), bytes((118, 4, 10, 0, 0, 0)),
)  # fmt: skip
FIELDS = (
    (0, 1),
    (1, 1),
    (2, 1),
    (3, 1),
    (4, 4),
    (8, 2),
    (10, 2),
    (12, 4),
    (16, 4),
    (20, 4),
    (28, 16),
    (44, 64),
    (108, 128),
)
"""Where a message has something else than options: an offset and a size each."""
BATCH, GAP_SECONDS = 200, 0.004
MOST_BYTES = 8900


class DhcpDoor:
    """Port 67 of the router's end of the guest's link."""

    name = "dhcp"

    def __init__(self, place: Place) -> None:
        self.place = place
        self.macs = (place.hostile.mac, place.neighbour.mac, "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00")
        self.addresses = (
            place.hostile.ip,
            place.neighbour.ip,
            place.router,
            BROADCAST,
            "0.0.0.0",
            "127.0.0.1",
        )
        with place.link(place.hostile) as link:
            link.send(message(DISCOVER, place.hostile.mac, place.hostile.mac))
            assert answer(link, 20) is not None

    def send(self, dice: random.Random) -> int:
        """Send a batch of frames, and look at what comes at both guests."""
        hostile, neighbour = self.place.hostile, self.place.neighbour
        with self.place.link(hostile) as mine, self.place.link(neighbour) as theirs:
            for _ in range(BATCH):
                mine.send(self._variant(dice))
                time.sleep(GAP_SECONDS)
            time.sleep(0.1)
            for seen in from_servers(mine):
                check_answer(seen, hostile)
            for seen in from_servers(theirs):
                assert seen[70:76] == mac(neighbour.mac), seen
                check_answer(seen, neighbour)
        return BATCH

    def _variant(self, dice: random.Random) -> bytes:
        data = self._message(dice)
        if dice.random() < 0.6:
            data = mutated(dice, data, WORDS)
        sender = dice.choices(self.macs, (20, 1, 1, 1))[0]
        ends = dice.choices(self.addresses, k=2) if dice.random() < 0.2 else ("0.0.0.0", BROADCAST)
        made = frame(data[:MOST_BYTES], sender, *ends)
        return _damaged(dice, made) if dice.random() < 0.1 else made

    def _message(self, dice: random.Random) -> bytes:
        data = bytearray(
            body(dice.choice((1, 1, 3, 3, 4, 7, 8, dice.randrange(256))), self.macs[0], self._options(dice))
        )
        for at, size in dice.sample(FIELDS, dice.randrange(4)):
            data[at : at + size] = self._field(dice, size)
        return bytes(data)

    def _field(self, dice: random.Random, size: int) -> bytes:
        if size == 4:
            return socket.inet_aton(dice.choice(self.addresses))
        if size == 16:
            return mac(dice.choice(self.macs)) + bytes(10)
        return dice.choice((dice.randbytes(size), b"\xff" * size, bytes(size), (WORDS[1] * size)[:size]))

    def _options(self, dice: random.Random) -> bytes:
        """Options whose lengths may lie, up to some thousand bytes."""
        found = b""
        for _ in range(dice.choice((0, 1, 3, 30))):
            value = dice.choice(
                (socket.inet_aton(dice.choice(self.addresses)), dice.randbytes(dice.randrange(256)))
            )
            said = dice.choice((len(value), len(value), 0, 255))
            found += dice.choice((bytes((dice.randrange(256), said)) + value, dice.choice(WORDS)))
        return found


def from_servers(link: socket.socket) -> list[bytes]:
    """The frames that have come in from a port of DHCP servers, to whatever port."""
    link.setblocking(False)
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            seen, (_, _, direction, _, _) = link.recvfrom(65535)
            if (
                direction != socket.PACKET_OUTGOING
                and seen[12:14] == b"\x08\x00"
                and seen[34:36] == b"\0\x43"
            ):
                found.append(seen)
    return found


def tells_only(seen: bytes) -> bool:
    """Whether an answer is to an Inform: it gives nothing, and repeats what was in the question."""
    return seen[282:285] == bytes((53, 1, ACK)) and 51 not in dict(options(seen[282:]))


def check_answer(seen: bytes, own: SimpleNamespace) -> None:
    """An answer gives an interface its own address, or none."""
    if tells_only(seen):
        return
    given = socket.inet_ntoa(seen[58:62])
    assert given in (own.ip, "0.0.0.0"), seen
    assert given == "0.0.0.0" or seen[70:76] == mac(own.mac), seen


def _damaged(dice: random.Random, made: bytes) -> bytes:
    """A frame whose own headers are wrong, too: lengths, fragments, checksums."""
    at = dice.choice((14, 16, 17, 18, 20, 21, 22, 23, 24, 38, 39, 40))
    wrong = bytearray(made)
    struct.pack_into("B", wrong, at, dice.randrange(256))
    return bytes(wrong)
