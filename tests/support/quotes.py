"""IPv4 packets made by hand, with true checksums, and ICMP errors that quote them."""

import contextlib
import socket
import struct
import time
from collections.abc import Callable

from elastinet.fabric.contract.names import ROUTER_MAC
from frames import mac

ICMP, TCP, UDP = 1, 6, 17
KINDS = [(3, 0), (3, 1), (3, 3), (3, 4), (11, 0), (12, 0)]
"""Net, host and port unreachable, fragmentation needed, time exceeded, parameter problem."""
PATIENCE = 2.0
IPV4 = b"\x08\x00"


def total(data: bytes) -> int:
    """The Internet checksum of data: 0 where one that it has in it is true."""
    words = struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2))
    added = sum(words)
    while added >> 16:
        added = (added & 0xFFFF) + (added >> 16)
    return ~added & 0xFFFF


def summed(data: bytes, at: int, before: bytes = b"") -> bytes:
    """Data with its checksum in place; `before` is counted with it."""
    return data[:at] + struct.pack("!H", total(before + data)) + data[at + 2 :]


def ip(source: str, target: str, protocol: int, body: bytes, *, options: bytes = b"") -> bytes:
    """A packet."""
    size = 20 + len(options)
    start = struct.pack("!BBHHHBBH", 0x40 | size // 4, 0, size + len(body), 77, 0x4000, 64, protocol, 0)
    header = start + socket.inet_aton(source) + socket.inet_aton(target) + options
    return summed(header, 10) + body


def datagram(source: str, target: str, protocol: int, data: bytes = b"data") -> bytes:
    """A packet of UDP, of TCP (the first of a connection), or an echo request."""
    if protocol == ICMP:
        return ip(source, target, protocol, summed(struct.pack("!BBHHH", 8, 0, 0, 4711, 1) + data, 2))
    if protocol == UDP:
        body, at = struct.pack("!HHHH", 40000, 9, 8 + len(data), 0) + data, 6
    else:
        body, at = struct.pack("!HHIIBBHHH", 40000, 9, 1, 0, 0x50, 2, 1000, 0, 0) + data, 16
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!HH", protocol, len(body))
    return ip(source, target, protocol, summed(body, at, pseudo))


def error(source: str, target: str, kind: tuple[int, int], about: bytes, rest: bytes = bytes(4)) -> bytes:
    """An ICMP error of a type and code about a packet, of which it quotes what it is given."""
    return ip(source, target, ICMP, summed(bytes((*kind, 0, 0)) + rest + about, 2))


def send(device: socket.socket, packet: bytes) -> None:
    """Send a packet to the router, from a device's own MAC."""
    own: bytes = device.getsockname()[4]
    device.send(mac(ROUTER_MAC) + own + IPV4 + packet)


def true(packet: bytes) -> bool:
    """Whether every checksum of a packet is true, also in the packet that it quotes."""
    size = (packet[0] & 15) * 4
    header, body = packet[:size], packet[size:]
    if total(header):
        return False
    if packet[9] == ICMP:
        return not total(body) and (body[0] in (0, 8) or true_quoted(body[8:]))
    pseudo = packet[12:20] + struct.pack("!HH", packet[9], len(body))
    return (packet[9] == UDP and body[6:8] == bytes(2)) or not total(pseudo + body)


def true_quoted(packet: bytes) -> bool:
    """The same of a quoted packet, of which there may be the beginning only: of its header then."""
    (length,) = struct.unpack_from("!H", packet, 2)
    return true(packet[:length]) if len(packet) >= length else not total(packet[: (packet[0] & 15) * 4])


def timeless(packet: bytes) -> bytes:
    """A packet as it is but for what each hop changes, and the options' checksum with it."""
    return packet[:8] + packet[9:10] + packet[12:]


def hears(device: socket.socket, wanted: Callable[[bytes], bool], seconds: float = PATIENCE) -> bytes | None:
    """The first packet that comes in and is wanted, without its frame; None if none comes in time."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        device.settimeout(left)
        with contextlib.suppress(TimeoutError):
            data, (_, _, direction, _, _) = device.recvfrom(65535)
            if direction != socket.PACKET_OUTGOING and data[12:14] == IPV4 and wanted(data[14:]):
                (length,) = struct.unpack_from("!H", data, 16)
                return data[14 : 14 + length]
    return None


def quotes(packet: bytes) -> bytes:
    """What an ICMP error quotes."""
    return packet[(packet[0] & 15) * 4 + 8 :]


def is_error(kind: tuple[int, int]) -> Callable[[bytes], bool]:
    """Whether a packet is an ICMP error of a type and code."""
    return lambda packet: packet[9] == ICMP and tuple(packet[(packet[0] & 15) * 4 :][:2]) == kind


def source_of(packet: bytes) -> str:
    return socket.inet_ntoa(packet[12:16])


def target_of(packet: bytes) -> str:
    return socket.inet_ntoa(packet[16:20])
