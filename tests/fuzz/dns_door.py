"""What a hostile guest sends its resolver, by UDP and by TCP."""

import contextlib
import random
import socket
import struct
import time

from fuzz.mutation import mutated
from fuzz.place import Place

KINDS = (1, 2, 5, 6, 12, 15, 16, 28, 33, 41, 43, 46, 48, 64, 65, 249, 250, 251, 252, 255, 256, 0, 65535)
CLASSES = (1, 1, 1, 3, 4, 254, 255, 0, 65535)
NAMES = (
    *("known.ec2.internal", "example.com", "254.169.254.169.in-addr.arpa", "version.bind", "", "localhost"),
    *("auth.bind", "1.0.0.127.in-addr.arpa", "*." * 20, "a." * 127, ("x" * 63 + ".") * 4, "x" * 63, "wpad"),
)
POINTERS = (
    b"\xc0\x0c",
    b"\xc0\x00",
    b"\xc0\x0e",
    b"\xff\xff",
    b"\xc0",
    b"\x01a\xc0\x0c",
    b"\x40\x01",
    b"\x80",
)
OPT = b"\0" + struct.pack("!HHIH", 41, 4096, 0, 0)
COOKIE = b"\0" + struct.pack("!HHIHHH8s", 41, 65535, 0x8000, 12, 10, 8, b"cookie!!")
LIE = b"\0" + struct.pack("!HHIHHH", 41, 0, 0xFFFFFFFF, 65535, 8, 65535)
WORDS = (
    *POINTERS, OPT, COOKIE, LIE, b"\x3f" + b"x" * 63, b"\x3f" + b"x" * 10, b"\0\0\xff\0\x01", b"\0" * 12,
    b"\xff" * 12, bytes(range(40)), b"\x07example\x03com\0", b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\1",
)  # fmt: skip
BATCH, MOST_STREAMS, GAP_SECONDS = 200, 20, 0.004
MOST_ANSWER_BYTES = 4096


class DnsDoor:
    """Port 53 of the VPC's resolver."""

    name = "dns"

    def __init__(self, place: Place) -> None:
        self.place = place
        host = place.neighbour.ip.replace(".", "-")
        self.known = f"ip-{host}.ec2.internal"

    def send(self, dice: random.Random) -> int:
        """Send a batch of datagrams and some streams."""
        for _ in range(MOST_STREAMS):
            self._stream(dice)
        ids: set[bytes] = set()
        with self.place.connected(self.place.hostile, self.place.resolver, 53, udp=True) as asked:
            for _ in range(BATCH):
                data = self._variant(dice)
                ids.add(data[:2])
                with contextlib.suppress(ConnectionRefusedError):  # judged by the neighbour's own questions
                    asked.send(data)
                time.sleep(GAP_SECONDS)
            self._judge(asked, ids)
        return BATCH + MOST_STREAMS

    def _variant(self, dice: random.Random) -> bytes:
        data = self._query(dice)
        return mutated(dice, data, WORDS)[:8000] if dice.random() < 0.7 else data

    def _query(self, dice: random.Random) -> bytes:
        flags = dice.choice((0x0100, 0x0100, 0, 0x8180, 0x2800, 0x2000, 0x0900, 0x0130, dice.getrandbits(16)))
        questions = dice.choices((1, 0, 2, 50), (20, 1, 2, 1))[0]
        counts = (questions, *(dice.choices((0, 1, 65535), (10, 2, 1))[0] for _ in range(3)))
        body = b"".join(self._question(dice) for _ in range(questions))
        more = dice.choice((b"", b"", OPT, COOKIE, LIE, dice.randbytes(30)))
        return struct.pack("!HHHHHH", dice.getrandbits(16), flags, *counts) + body + more

    def _question(self, dice: random.Random) -> bytes:
        name = labels(dice.choice((*NAMES, self.known, self.known)))
        if dice.random() < 0.2:
            name = name[:-1] + dice.choice(POINTERS)
        return name + struct.pack("!HH", dice.choice(KINDS), dice.choice(CLASSES))

    def _stream(self, dice: random.Random) -> None:
        """Questions with their lengths before them, which may lie; the stream may end anywhere."""
        data = b""
        for _ in range(dice.choice((1, 1, 3))):
            one = self._variant(dice)
            size = dice.choice((len(one), len(one), 0, 1, 65535, len(one) + 1)) & 0xFFFF
            data += struct.pack("!H", size) + one
        with self.place.connected(self.place.hostile, self.place.resolver, 53) as asked:
            asked.settimeout(dice.choice((0.02, 0.05)))
            with contextlib.suppress(ConnectionError, TimeoutError):
                asked.sendall(data)
                asked.recv(65536)

    def _judge(self, asked: socket.socket, ids: set[bytes]) -> None:
        """Answers are answers, to what was asked, and not large."""
        asked.settimeout(0.05)
        with contextlib.suppress(TimeoutError, ConnectionRefusedError):
            while answer := asked.recv(65536):
                assert answer[:2] in ids, answer
                assert answer[2] & 0x80, answer
                assert len(answer) <= MOST_ANSWER_BYTES, answer


def labels(name: str) -> bytes:
    """A name on the wire; nothing is checked."""
    parts = [part.encode() for part in name.split(".") if part]
    return b"".join(bytes((len(part),)) + part for part in parts) + b"\0"
