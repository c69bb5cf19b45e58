"""The DHCP server of a network, asked by messages made by hand on an instance's link."""

import socket
import struct
from typing import Any

import msgspec
import pytest
from frames import mac, packets
from machine import Machine
from parts import ALL, eni, group, guest, network, table

DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
KIND, ROUTER, DNS, DOMAIN, MTU, NTP, ASKED, SERVER = 53, 3, 6, 15, 26, 42, 50, 54
MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
WANTED = bytes((55, 5, ROUTER, DNS, DOMAIN, MTU, NTP))
BASE = (table(), group(ALL), guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20"))


def message(kind: int, client: str, sender: str, more: bytes = b"") -> bytes:
    """A frame with a client's message in it, which speaks of one MAC and comes from another, or the same."""
    flags = 0x8000
    head = struct.pack("!BBBBIHH16x", 1, 1, 6, 0, 4711, 0, flags) + mac(client) + bytes(10 + 192)
    data = head + bytes((0x63, 0x82, 0x53, 0x63, KIND, 1, kind)) + WANTED + more + b"\xff"
    udp = struct.pack("!HHHH", 68, 67, 8 + len(data), 0) + data
    fields = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    total = sum(struct.unpack("!10H", fields))
    total = (total & 0xFFFF) + (total >> 16)
    header = fields[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + fields[12:]
    return mac("ff:ff:ff:ff:ff:ff") + mac(sender) + b"\x08\x00" + header + udp


def answer(device: socket.socket, seconds: float) -> tuple[str, dict[int, bytes]] | None:
    """The address that a server gives, and its options."""
    device.settimeout(seconds)
    while True:
        try:
            frame, (_, _, direction, _, _) = device.recvfrom(65535)
        except TimeoutError:
            return None
        if (
            direction != socket.PACKET_OUTGOING
            and frame[12:14] == b"\x08\x00"
            and frame[34:38] == b"\0\x43\0\x44"
        ):
            return socket.inet_ntoa(frame[58:62]), dict(options(frame[282:]))


def options(data: bytes):  # type: ignore[no-untyped-def]
    while data[0] != 255:
        yield data[0], data[2 : 2 + data[1]]
        data = data[2 + data[1] :]


def leased(machine: Machine, **changes: Any) -> dict[int, bytes]:
    """What a client is told by a network's server."""
    machine.boot(msgspec.structs.replace(network(), **changes), *BASE)
    with packets(machine, "i-1", "eth0") as device:
        device.send(message(DISCOVER, MACS[0], MACS[0]))
        offered = answer(device, 5)
        assert offered is not None
        assert (offered[0], offered[1][KIND]) == ("10.0.1.10", bytes((OFFER,)))
        asked = bytes((ASKED, 4)) + socket.inet_aton("10.0.1.10") + bytes((SERVER, 4)) + offered[1][SERVER]
        device.send(message(REQUEST, MACS[0], MACS[0], asked))
        given = answer(device, 5)
    assert given is not None
    assert (given[0], given[1][KIND]) == ("10.0.1.10", bytes((ACK,)))
    return given[1]


def test_a_client_is_told_what_the_network_has(machine: Machine) -> None:
    found = leased(machine, dns="10.0.0.2,192.0.2.53", domain="example.com", ntp="192.0.2.1,192.0.2.2")
    assert found[ROUTER] == socket.inet_aton("10.0.1.1")
    assert found[DNS] == socket.inet_aton("10.0.0.2") + socket.inet_aton("192.0.2.53")
    assert found[NTP] == socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.2")
    assert found[DOMAIN] == b"example.com"
    assert found[MTU] == struct.pack("!H", 9001)


def test_a_network_may_name_no_servers(machine: Machine) -> None:
    found = leased(machine, dns="", domain="", resolver="10.0.0.2")
    assert DNS not in found
    assert DOMAIN not in found
    assert found[NTP] == socket.inet_aton("169.254.169.123")
    assert machine.ok("i-1", "cat /etc/resolv.conf") == ""


@pytest.mark.parametrize(("client", "sender"), [(1, 0), (1, 1), (0, 1)])
def test_a_link_s_own_mac_only_is_answered(machine: Machine, client: int, sender: int) -> None:
    machine.boot(network(), *BASE)
    with packets(machine, "i-1", "eth0") as mine, packets(machine, "i-2", "eth0") as theirs:
        mine.send(message(DISCOVER, MACS[client], MACS[sender]))
        assert answer(mine, 1) is None
        assert answer(theirs, 0.2) is None
        mine.send(message(DISCOVER, MACS[0], MACS[0]))
        assert answer(mine, 5) is not None
