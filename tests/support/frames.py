"""Frames of IPv6 made by hand, sent and seen on a device inside a guest."""

import contextlib
import socket
import struct
import time
from collections.abc import Iterator

from elastinet.fabric.contract import client
from machine import Machine

ECHO, SOLICIT_ROUTER, ADVERTISE_ROUTER, SOLICIT, ADVERTISE, REDIRECT = 128, 133, 134, 135, 136, 137
ICMP6, UDP = 58, 17
PATIENCE = 0.5


@contextlib.contextmanager
def packets(machine: Machine, guest: str, device: str) -> Iterator[socket.socket]:
    """A socket that sends and sees all frames of a device."""
    with machine.as_user():
        opened = client.open_socket(machine.run, guest, device=device)
    with opened:
        yield opened


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def address(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, text)


def group_mac(destination: str) -> str:
    """The MAC of a multicast group."""
    return "33:33:" + address(destination)[12:].hex(":")


def frame(
    source: str, destination: str, sender: str, receiver: str, protocol: int, body: bytes, hops: int = 64
) -> bytes:
    """A frame with an IPv6 packet in it."""
    header = struct.pack("!IHBB", 6 << 28, len(body), protocol, hops) + address(source) + address(destination)
    return mac(receiver) + mac(sender) + b"\x86\xdd" + header + body


def checked(source: str, destination: str, protocol: int, body: bytes, at: int) -> bytes:
    """A body with its checksum in place."""
    pseudo = address(source) + address(destination) + struct.pack("!II", len(body), protocol) + body
    total = sum(struct.unpack(f"!{(len(pseudo) + 1) // 2}H", pseudo + bytes(len(pseudo) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return body[:at] + struct.pack("!H", ~total & 0xFFFF or 0xFFFF) + body[at + 2 :]


def icmp6(
    source: str,
    destination: str,
    sender: str,
    receiver: str,
    kind: int = ECHO,
    rest: bytes = bytes(4),
    hops: int = 64,
) -> bytes:
    """An ICMPv6 message."""
    body = checked(source, destination, ICMP6, bytes((kind, 0, 0, 0)) + rest, 2)
    return frame(source, destination, sender, receiver, ICMP6, body, hops)


def udp6(
    source: str, destination: str, sender: str, receiver: str, ports: tuple[int, int], data: bytes
) -> bytes:
    """A UDP datagram."""
    body = struct.pack("!HHHH", *ports, 8 + len(data), 0) + data
    return frame(source, destination, sender, receiver, UDP, checked(source, destination, UDP, body, 6))


def received(device: socket.socket, seconds: float = PATIENCE) -> Iterator[bytes]:
    """The IPv6 packets that come in within a while, without their frames."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        device.settimeout(left)
        with contextlib.suppress(TimeoutError):
            data, (_, _, direction, _, _) = device.recvfrom(65535)
            if direction != socket.PACKET_OUTGOING and data[12:14] == b"\x86\xdd":
                yield data[14:]


def seen(device: socket.socket, kind: int = ECHO) -> list[tuple[str, str]]:
    """Source and destination of each ICMPv6 message of a kind that comes in."""
    return [
        (ends(packet, 8), ends(packet, 24)) for packet in received(device) if packet[6] == ICMP6 and packet[40] == kind
    ]  # fmt: skip


def ends(packet: bytes, at: int) -> str:
    return socket.inet_ntop(socket.AF_INET6, packet[at : at + 16])
