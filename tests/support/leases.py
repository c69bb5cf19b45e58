"""DHCP as a client speaks it, of both families: messages made by hand on a link, and the answers that come."""

import socket
import struct
import time
from collections.abc import Iterator

from frames import address, group_mac, mac, udp6

DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
KIND, ROUTER, DNS, DOMAIN, MTU, NTP, ASKED, SERVER = 53, 3, 6, 15, 26, 42, 50, 54
WANTED = bytes((55, 5, ROUTER, DNS, DOMAIN, MTU, NTP))
COOKIE = bytes((0x63, 0x82, 0x53, 0x63))
BROADCAST = "255.255.255.255"


def body(kind: int, client: str, more: bytes = b"") -> bytes:
    """A client's message about one MAC."""
    flags = 0x8000
    head = struct.pack("!BBBBIHH16x", 1, 1, 6, 0, 4711, 0, flags) + mac(client) + bytes(10 + 192)
    return head + COOKIE + bytes((KIND, 1, kind)) + WANTED + more + b"\xff"


def frame(data: bytes, sender: str, source: str = "0.0.0.0", destination: str = BROADCAST) -> bytes:
    """A frame from a MAC, to all, with a message to a DHCP server in it."""
    udp = struct.pack("!HHHH", 68, 67, 8 + len(data), 0) + data
    ends = socket.inet_aton(source) + socket.inet_aton(destination)
    fields = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + ends
    total = sum(struct.unpack("!10H", fields))
    total = (total & 0xFFFF) + (total >> 16)
    header = fields[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + fields[12:]
    return mac("ff:ff:ff:ff:ff:ff") + mac(sender) + b"\x08\x00" + header + udp


def message(kind: int, client: str, sender: str, more: bytes = b"") -> bytes:
    """A frame with a client's message in it, which speaks of one MAC and comes from another, or the same."""
    return frame(body(kind, client, more), sender)


def is_answer(seen: bytes) -> bool:
    """Whether a frame carries what a DHCP server says to a client."""
    return seen[12:14] == b"\x08\x00" and seen[34:38] == b"\0\x43\0\x44"


def answer(device: socket.socket, seconds: float) -> tuple[str, dict[int, bytes]] | None:
    """The address that a server gives, and its options."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        device.settimeout(left)
        try:
            seen, (_, _, direction, _, _) = device.recvfrom(65535)
        except TimeoutError:
            return None
        if direction != socket.PACKET_OUTGOING and is_answer(seen):
            return socket.inet_ntoa(seen[58:62]), dict(options(seen[282:]))
    return None


def options(data: bytes) -> Iterator[tuple[int, bytes]]:
    """A message's options, in their order."""
    while data[0] != 255:
        yield data[0], data[2 : 2 + data[1]]
        data = data[2 + data[1] :]


# --- DHCPv6 ---------------------------------------------------------------------------------------

SERVERS6, PORTS6 = "ff02::1:2", (546, 547)
SOLICIT, ADVERTISE, REQUEST6, CONFIRM, RENEW, REBIND, REPLY = 1, 2, 3, 4, 5, 6, 7
CLIENT_ID, SERVER_ID, IA_NA, IA_ADDRESS = 1, 2, 3, 5
DUID = bytes((0, 3, 0, 1))
SERVER_DUID = bytes((0, 2, 0, 0, 0, 1, 0, 1))


def option6(code: int, value: bytes) -> bytes:
    """An option of DHCPv6."""
    return struct.pack("!HH", code, len(value)) + value


def message6(kind: int, source: str, sender: str, wanted: str = "", more: bytes = b"") -> bytes:
    """A frame with a client's message in it, which names the address that it wants, if any."""
    asked = option6(IA_ADDRESS, address(wanted) + bytes(8)) if wanted else b""
    data = bytes((kind, 1, 2, 3)) + option6(CLIENT_ID, DUID + mac(sender)) + option6(IA_NA, bytes(12) + asked)
    return udp6(source, SERVERS6, sender, group_mac(SERVERS6), PORTS6, data + more)


def grants(seen: bytes, wanted: str) -> bool:
    """Whether a packet gives somebody an address, and does not only repeat that it was named."""
    _, named, rest = seen.partition(struct.pack("!HH", IA_ADDRESS, 24) + address(wanted))
    return bool(named) and any(rest[:8])
