"""Whatever a guest says to the DHCP server, others hear nothing of it and keep what is theirs."""

import itertools
import socket

import pytest

from frames import address, group_mac, packets, received, udp6
from leases import (
    CONFIRM,
    DISCOVER,
    OFFER,
    PORTS6,
    REBIND,
    REQUEST,
    SERVER_DUID,
    SERVER_ID,
    SERVERS6,
    SOLICIT,
    answer,
    body,
    frame,
    grants,
    message6,
    option6,
)
from machine import Machine
from parts import ALL, eni, group, guest, network, table
from sixparts import ALL6, eni6, network6, six

MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
OWN, OTHER = "10.0.1.10", "10.0.1.20"
CIADDR, GIADDR = 12, 24
BASE = (table(), group(ALL), guest(1), eni(1, OWN), guest(2), eni(2, OTHER))
LOCAL = ("fe80::ff:fe00:1", "fe80::ff:fe00:2")
OWN6, OTHER6 = six(1, "10"), six(1, "20")
RELAYED, RELAY = 9, 12
PATIENCE_SECONDS = 30.0


def saying(kind: int, field: int, told: str, source: str = "0.0.0.0") -> bytes:
    """A message with an address in one of its fields."""
    data = bytearray(body(kind, MACS[0]))
    data[field : field + 4] = socket.inet_aton(told)
    return frame(bytes(data), MACS[0], source)


def from_a_server(link: socket.socket) -> list[bytes]:
    """What comes of DHCP within a while, to any port."""
    link.settimeout(0.5)
    found = []
    try:
        while True:
            seen, (_, _, direction, _, _) = link.recvfrom(65535)
            if (
                direction != socket.PACKET_OUTGOING
                and seen[12:14] == b"\x08\x00"
                and seen[34:36] == b"\0\x43"
            ):
                found.append(seen)
    except TimeoutError:
        return found


@pytest.mark.parametrize("field", [CIADDR, GIADDR])
def test_answers_come_to_nobody_else(machine: Machine, field: int) -> None:
    machine.boot(network(), *BASE)
    with packets(machine, "i-1", "eth0") as mine, packets(machine, "i-2", "eth0") as theirs:
        for kind, source in itertools.product((0, DISCOVER, REQUEST, 4, 7, 8), ("0.0.0.0", OWN)):
            mine.send(saying(kind, field, OTHER, source))
        assert from_a_server(theirs) == []
        assert from_a_server(mine) == []
        mine.send(saying(DISCOVER, CIADDR, "0.0.0.0"))
        found = answer(mine, PATIENCE_SECONDS)
    assert found is not None
    assert found[1][53] == bytes((OFFER,))


@pytest.mark.parametrize("source", ["0.0.0.0", OWN])
def test_a_client_with_its_own_address_is_answered(machine: Machine, source: str) -> None:
    machine.boot(network(), *BASE)
    with packets(machine, "i-1", "eth0") as mine:
        mine.send(saying(REQUEST, CIADDR, OWN, source))
        found = answer(mine, PATIENCE_SECONDS)
    assert found is not None
    assert (found[0], found[1][53]) == (OWN, b"\5")


@pytest.mark.parametrize("relayed", [False, True])
def test_nobody_gets_another_s_ipv6_address(machine: Machine, relayed: bool) -> None:
    interfaces = (eni6(1, OWN6, mac=MACS[0]), eni6(2, OTHER6, mac=MACS[1]))
    machine.boot(network6(), table(), group(ALL, ALL6), guest(1), guest(2), *interfaces)
    with packets(machine, "i-1", "eth0") as mine, packets(machine, "i-2", "eth0") as theirs:
        for kind in range(14):
            mine.send(asking(kind, relayed))
        assert not any(grants(seen, OTHER6) for seen in received(mine))
        for link, who in ((mine, 0), (theirs, 1)):
            link.send(message6(SOLICIT, LOCAL[who], MACS[who]))
            assert any(grants(seen, (OWN6, OTHER6)[who]) for seen in received(link, PATIENCE_SECONDS))


def asking(kind: int, relayed: bool) -> bytes:
    """A message that names somebody else's address, perhaps by way of a relay."""
    server = b"" if kind in (SOLICIT, CONFIRM, REBIND) else option6(SERVER_ID, SERVER_DUID)
    sent = message6(kind, LOCAL[0], MACS[0], OTHER6, server)
    if not relayed:
        return sent
    data = bytes((RELAY, 0)) + address(OTHER6) + address(LOCAL[0]) + option6(RELAYED, sent[62:])
    return udp6(LOCAL[0], SERVERS6, MACS[0], group_mac(SERVERS6), PORTS6, data)
