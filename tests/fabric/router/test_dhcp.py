"""The DHCP server of a network, asked by messages made by hand on an instance's link."""

import socket
import struct
from typing import Any

import msgspec
import pytest

from frames import packets, received
from leases import (
    ACK,
    ASKED,
    DISCOVER,
    DNS,
    DOMAIN,
    KIND,
    MTU,
    NTP,
    OFFER,
    REQUEST,
    ROUTER,
    SERVER,
    SOLICIT,
    answer,
    grants,
    message,
    message6,
)
from machine import Machine
from parts import ALL, eni, group, guest, network, table
from sixparts import eni6, network6, six

MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
PATIENCE_SECONDS = 30.0
BASE = (table(), group(ALL), guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20"))


def leased(machine: Machine, **changes: Any) -> dict[int, bytes]:
    """What a client is told by a network's server."""
    machine.boot(msgspec.structs.replace(network(), **changes), *BASE)
    return told(machine)


def told(machine: Machine) -> dict[int, bytes]:
    """What a client is told now."""
    with packets(machine, "i-1", "eth0") as device:
        device.send(message(DISCOVER, MACS[0], MACS[0]))
        offered = answer(device, PATIENCE_SECONDS)
        assert offered is not None
        assert (offered[0], offered[1][KIND]) == ("10.0.1.10", bytes((OFFER,)))
        asked = bytes((ASKED, 4)) + socket.inet_aton("10.0.1.10") + bytes((SERVER, 4)) + offered[1][SERVER]
        device.send(message(REQUEST, MACS[0], MACS[0], asked))
        given = answer(device, PATIENCE_SECONDS)
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


def test_what_the_network_has_may_change(machine: Machine) -> None:
    assert leased(machine, domain="example.com", dns="10.0.0.2")[DOMAIN] == b"example.com"
    machine.desire(msgspec.structs.replace(network(), domain="later.example", dns="10.0.0.2"))
    machine.until(lambda: told(machine)[DOMAIN] == b"later.example", "the new domain")


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
        assert answer(mine, PATIENCE_SECONDS) is not None


def test_an_address_goes_from_one_interface_to_another(machine: Machine) -> None:
    """As soon as it is free: the server's own lease of it is not waited for."""
    machine.boot(network6(), table(), group(ALL), guest(1), eni6(1, six(1, "7")))
    for number in (2, 3):
        before = number - 1
        assert machine.desire(drop=(f"guest:i-{before}", f"interface:eni-{before}")) == {}
        again = {"addresses": ("10.0.1.10",), "mac": f"02:00:00:00:00:0{number}"}
        machine.boot(guest(number), eni6(number, six(1, "7"), **again))
        assert "10.0.1.10" in machine.ok(f"i-{number}", "ip -4 addr show eth0")
        with packets(machine, f"i-{number}", "eth0") as link:
            link.send(message6(SOLICIT, f"fe80::ff:fe00:{number}", again["mac"]))
            assert any(grants(seen, six(1, "7")) for seen in received(link, PATIENCE_SECONDS))
