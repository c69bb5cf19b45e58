"""What a hostile guest sends by IPv6 on its link: DHCPv6, and router and neighbour discovery in all names."""

import contextlib
import ipaddress
import random
import socket
import struct
import time

from frames import (
    ADVERTISE,
    ADVERTISE_ROUTER,
    ECHO,
    ICMP6,
    REDIRECT,
    SOLICIT,
    SOLICIT_ROUTER,
    UDP,
    address,
    frame,
    group_mac,
    icmp6,
    mac,
    udp6,
)
from fuzz.mutation import mutated
from fuzz.place import METADATA6, ROUTER6, Place
from leases import (
    CLIENT_ID,
    DUID,
    IA_ADDRESS,
    IA_NA,
    PORTS6,
    SERVER_DUID,
    SERVER_ID,
    SERVERS6,
    grants,
    option6,
)

ROUTERS, NODES = "ff02::2", "ff02::1"
IA_TA, ASKED, RELAYED, RAPID, VENDOR, IA_PD = 4, 6, 9, 14, 17, 25
WORDS = (
    struct.pack("!HH", CLIENT_ID, 65535), struct.pack("!HH", IA_NA, 4) + bytes(4), struct.pack("!HH", 39, 3) + b"\1\xff\xff",
    struct.pack("!HHHH", RELAYED, 40, RELAYED, 36), struct.pack("!HHI", VENDOR, 4, 9), b"\xff" * 16, bytes(16),
    struct.pack("!HH", ASKED, 1) + b"\0", struct.pack("!HH", 0, 0) * 30, b"\0\1\0\x0e", b"\1\0", b"\3\4\x40\xc0",
    b"\x18\3\0\x08", b"\x19\1", b"\x1f\0", b"\5\1\0\0\0\0\5\0",
)  # fmt: skip
BATCH, GAP_SECONDS = 200, 0.004
MOST_BYTES = 8800
SOLICITED_OVERRIDE = b"\x60\0\0\0"


class SixDoor:
    """The IPv6 side of the guest's link."""

    name = "six"

    def __init__(self, place: Place) -> None:
        self.place = place
        own, other = place.hostile, place.neighbour
        self.sources = (own.local, own.ip6, other.local, other.ip6, ROUTER6, "::", "::1", METADATA6)
        self.targets = (
            SERVERS6,
            ROUTERS,
            NODES,
            ROUTER6,
            other.ip6,
            other.local,
            METADATA6,
            "ff02::1:ff00:1",
        )
        self.before = self._seen()

    def send(self, dice: random.Random) -> int:
        """Send a batch of frames; the neighbour hears none of them but by its address, and learns nothing."""
        hostile, neighbour = self.place.hostile, self.place.neighbour
        with self.place.link(hostile) as mine, self.place.link(neighbour) as theirs:
            for _ in range(BATCH):
                mine.send(self._variant(dice))
                time.sleep(GAP_SECONDS)
            time.sleep(0.1)
            for sent in incoming(theirs):
                self._judge(sent)
            for sent in incoming(mine):
                assert not grants(dhcp_part(sent), neighbour.ip6), sent
        now = self._seen()
        assert now == self.before, f"{self.before}\n---\n{now}"
        return BATCH

    def _seen(self) -> str:
        """What the neighbour knows of its network."""
        script = "ip -6 -o addr; ip -6 route; cat /etc/resolv.conf"
        text = self.place.world.out(self.place.neighbour.id, script)
        lines = (line.partition("valid_lft")[0].partition(" expires")[0] for line in text.splitlines())
        block = ipaddress.ip_network(f"{self.place.neighbour.ip6}/64", strict=False)
        passing = (f"{ROUTER6} dev eth0 proto ra", f"{block} dev eth0 proto kernel")  # by advertisements
        return "\n".join(line for line in lines if not any(part in line for part in passing))

    def _judge(self, sent: bytes) -> None:
        """Whatever arrives at the neighbour came by the router, and link-local only from the router."""
        source = socket.inet_ntop(socket.AF_INET6, sent[22:38])
        assert sent[6:12] != mac(self.place.hostile.mac) or self._answers(sent), sent
        assert not source.startswith("fe80:") or source == ROUTER6, sent
        if sent[20] == ICMP6 and sent[54] in (ADVERTISE_ROUTER, REDIRECT):
            assert source == ROUTER6, sent
            assert sent[54] == ADVERTISE_ROUTER, sent

    def _answers(self, sent: bytes) -> bool:
        """Whether a frame tells the neighbour, who asked for it, the hostile one's own MAC, and no more.

        A neighbour that answers a packet asks first who has the sender's address.
        """
        own, other = self.place.hostile, self.place.neighbour
        true = SOLICITED_OVERRIDE + address(own.ip6) + b"\2\1" + mac(own.mac)
        asked = (
            icmp6(own.ip6, one, own.mac, other.mac, ADVERTISE, true, 255) for one in (other.local, other.ip6)
        )
        return sent in asked

    def _variant(self, dice: random.Random) -> bytes:
        source = dice.choices(self.sources, (12, 3, 1, 1, 1, 1, 1, 1))[0]
        target = dice.choice(self.targets)
        sender = dice.choices((self.place.hostile.mac, self.place.neighbour.mac), (9, 1))[0]
        receiver = group_mac(target) if target.startswith("ff") else "ff:ff:ff:ff:ff:ff"
        ends = (source, target, sender, receiver)
        made = dice.choice((self._dhcp, self._dhcp, self._discovery, self._relayed, self._anything))(
            dice, ends
        )
        return damaged(dice, made) if dice.random() < 0.1 else made

    def _dhcp(self, dice: random.Random, ends: tuple[str, str, str, str]) -> bytes:
        if dice.random() < 0.7:
            ends = (ends[0], SERVERS6, ends[2], group_mac(SERVERS6))
        return udp6(*ends, PORTS6, self._message(dice)[:MOST_BYTES])

    def _message(self, dice: random.Random) -> bytes:
        kind = dice.choice((1, 1, 3, 4, 5, 6, 8, 9, 11, dice.randrange(256)))
        own = dice.choices((self.place.hostile, self.place.neighbour), (4, 1))[0]
        where = option6(IA_ADDRESS, address(dice.choice(self.sources)) + bytes(8))
        parts = [
            option6(CLIENT_ID, DUID + mac(own.mac)), option6(IA_NA, dice.randbytes(12) + where), option6(RAPID, b""),
            option6(SERVER_ID, dice.choice((SERVER_DUID, DUID + dice.randbytes(6)))), option6(IA_TA, dice.randbytes(4)), option6(IA_PD, bytes(12)),
            option6(ASKED, dice.randbytes(dice.randrange(100))), option6(dice.randrange(150), dice.randbytes(dice.randrange(300))),
        ]  # fmt: skip
        data = bytes((kind,)) + dice.randbytes(3) + b"".join(dice.sample(parts, dice.randint(1, len(parts))))
        return mutated(dice, data, WORDS) if dice.random() < 0.6 else data

    def _relayed(self, dice: random.Random, ends: tuple[str, str, str, str]) -> bytes:
        """A message that pretends to have come over relays, one in the other."""
        data = self._message(dice)
        for hops in range(dice.choice((1, 2, 8, 40))):
            link, peer = address(dice.choice(self.sources)), address(dice.choice(self.sources))
            data = bytes((12, hops)) + link + peer + option6(RELAYED, data[:MOST_BYTES])
        return udp6(ends[0], SERVERS6, ends[2], group_mac(SERVERS6), PORTS6, data[:MOST_BYTES])

    def _discovery(self, dice: random.Random, ends: tuple[str, str, str, str]) -> bytes:
        kind = dice.choice((SOLICIT_ROUTER, ADVERTISE_ROUTER, SOLICIT, ADVERTISE, REDIRECT, 143, 130, ECHO))
        rest = dice.randbytes(4) + address(dice.choice(self.sources))
        if kind == ADVERTISE_ROUTER:
            rest = (
                struct.pack("!BBHII", 64, 0xC0, 9000, 0, 0)
                + b"\3\4\x40\xc0"
                + b"\xff" * 8
                + bytes(4)
                + rest[4:]
            )
        rest += dice.choice((b"", b"\1\1" + mac(ends[2]), b"\2\1" + mac(ends[2]), *WORDS))
        if dice.random() < 0.5:
            rest = mutated(dice, rest, WORDS)
        return icmp6(*ends, kind, rest[:MOST_BYTES], hops=dice.choice((255, 255, 255, 64, 0)))

    def _anything(self, dice: random.Random, ends: tuple[str, str, str, str]) -> bytes:
        """Headers before headers, and protocols that nobody speaks."""
        inner = self._message(dice)[:1000]
        kind = dice.choice((0, 43, 44, 60, 135, dice.randrange(256)))
        data = bytes((dice.choice((UDP, ICMP6, kind)), dice.choice((0, 0, 255)))) + dice.randbytes(6) + inner
        return frame(*ends, kind, data, dice.choice((255, 64, 1, 0)))


def dhcp_part(sent: bytes) -> bytes:
    """What a DHCPv6 server says in a frame, or nothing."""
    return sent[62:] if sent[20] == UDP and sent[54:56] == struct.pack("!H", PORTS6[1]) else b""


def incoming(link: socket.socket) -> list[bytes]:
    """The frames with IPv6 that have come in."""
    link.setblocking(False)
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            seen, (_, _, direction, _, _) = link.recvfrom(65535)
            if direction != socket.PACKET_OUTGOING and seen[12:14] == b"\x86\xdd" and len(seen) > 54:
                found.append(seen)
    return found


def damaged(dice: random.Random, made: bytes) -> bytes:
    """A frame with one wrong byte in its own headers."""
    wrong = bytearray(made)
    wrong[dice.randrange(12, min(62, len(wrong)))] = dice.randrange(256)
    return bytes(wrong)
