"""What a hostile guest asks about the time."""

import contextlib
import random
import socket
import struct
import time

from elastinet.fabric.contract.names import NTP_ADDRESS
from fuzz.mutation import mutated
from fuzz.place import Place

PORT, NTP_BYTES = 123, 48
SERVER_OF_STRATUM_3 = (4, 3)
CLIENT = struct.pack("!BBbb44x", 0x23, 0, 6, -20)
WORDS = (CLIENT, b"\x16\x02", b"\x17\0\x03\x2a", b"\x24", b"\x2b", b"\xff" * 48, b"\0" * 48, bytes(999))
"""Also control messages (mode 6) and the list of clients (mode 7), which have been used to amplify floods."""
BATCH, GAP_SECONDS = 200, 0.004


class TimeDoor:
    """Port 123 of the time service, from one port for each batch."""

    name = "time"

    def __init__(self, place: Place) -> None:
        self.place = place

    def send(self, dice: random.Random) -> int:
        """Send a batch of datagrams; after it one question as it should be has its answer."""
        with self.place.connected(self.place.hostile, NTP_ADDRESS, PORT, udp=True) as asked:
            for _ in range(BATCH):
                data = CLIENT if dice.random() < 0.1 else mutated(dice, CLIENT, WORDS)[:8000]
                with contextlib.suppress(ConnectionRefusedError):
                    asked.send(data)
                time.sleep(GAP_SECONDS)
            self._judge(asked, dice.randbytes(8))
        return BATCH

    def _judge(self, asked: socket.socket, moment: bytes) -> None:
        """Answers are one server's, no longer than a question; the last is to the last question."""
        asked.send(CLIENT[:40] + moment)
        answer = b""
        while answer[24:32] != moment:
            answer = asked.recv(65536)
            assert len(answer) == NTP_BYTES, answer
            assert (answer[0] & 7, answer[1]) == SERVER_OF_STRATUM_3, answer
