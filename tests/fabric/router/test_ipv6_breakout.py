"""A guest's root says over IPv6 what is not so, and nobody hears it."""

import struct

import pytest

from elastinet.fabric.contract.names import ROUTER_MAC
from frames import (
    ADVERTISE,
    ADVERTISE_ROUTER,
    ECHO,
    REDIRECT,
    SOLICIT,
    SOLICIT_ROUTER,
    address,
    group_mac,
    icmp6,
    mac,
    packets,
    received,
    seen,
    udp6,
)
from machine import Machine
from parts import ALL, group, guest, table
from probes import pings, reaches
from sixparts import ALL6, ROUTER, eni6, network6, six

ONE, TWO, THREE = six(1, "10"), six(1, "20"), six(2, "30")
LOCAL, OTHER_LOCAL = "fe80::ff:fe00:1", "fe80::ff:fe00:2"
MAC, OTHER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
NODES, ROUTERS, DHCP_SERVERS = "ff02::1", "ff02::2", "ff02::1:2"
REPLY = 129


@pytest.fixture
def up(machine: Machine) -> Machine:
    """Two instances whose groups let everything through, and a third in another VPC of the same blocks."""
    elsewhere = {"network": "vpc-2", "table": "rtb-2", "groups": ("sg-2",)}
    first = (network6(), table(), group(ALL, ALL6, egress=(ALL, ALL6)), guest(1), eni6(1, ONE), guest(2))
    second = (network6("vpc-2"), table(id="rtb-2", network="vpc-2"))
    other = group(ALL, ALL6, id="sg-2", network="vpc-2", egress=(ALL, ALL6))
    machine.boot(*first, eni6(2, TWO), *second, other, guest(3), eni6(3, THREE, **elsewhere))
    return machine


def solicited(target: str) -> str:
    """The group in which a target is asked for."""
    return "ff02::1:ff" + address(target)[13:14].hex() + ":" + address(target)[14:].hex()


def advertisement() -> bytes:
    """A router's: for 1,800 seconds, and a prefix on the link to make addresses of."""
    prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 1800, 1800, 0) + address("2001:db8:bad::")
    return struct.pack("!BBHII", 64, 0, 1800, 0, 0) + bytes((1, 1)) + mac(MAC) + prefix


def claim(target: str) -> bytes:
    """A neighbour's advertisement that overrides: this address is at that MAC."""
    return struct.pack("!I", 0x20000000) + address(target) + bytes((2, 1)) + mac(MAC)


def to_others(kind: int, body: bytes, hops: int = 255) -> list[bytes]:
    """A message to everybody, to the other's address and to its link-local one, by way of the router."""
    ways = [(NODES, group_mac(NODES)), (TWO, ROUTER_MAC), (OTHER_LOCAL, ROUTER_MAC), (OTHER_LOCAL, OTHER_MAC)]
    return [
        icmp6(source, to, MAC, via, kind, body, hops) for source in (LOCAL, ONE, ROUTER) for to, via in ways
    ]


def test_nobody_plays_the_router(up: Machine) -> None:
    with packets(up, "i-1", "eth0") as mine, packets(up, "i-2", "eth0") as theirs:
        for message in to_others(ADVERTISE_ROUTER, advertisement()):
            mine.send(message)
        for message in to_others(REDIRECT, bytes(4) + address(LOCAL) + address(THREE)):
            mine.send(message)
        heard = [p for p in received(theirs) if p[40] in (ADVERTISE_ROUTER, REDIRECT) and p[7] == 255]
    assert not heard, "what went through the router is no message of the link any more"
    assert "bad" not in up.ok("i-2", "ip -6 addr; ip -6 route")
    assert up.ok("i-2", "ip -6 route show default").count("via") == up.ok(
        "i-2", "ip -6 route show default"
    ).count(ROUTER)
    assert "bad" not in up.inside("vpc-1", "ip", "-6", "route", "show", "table", "all")
    assert reaches(up, "i-2", ONE)


def test_nobody_claims_an_address(up: Machine) -> None:
    with packets(up, "i-1", "eth0") as mine:
        for target in (TWO, ROUTER, OTHER_LOCAL, six(1, "1")):
            for message in to_others(ADVERTISE, claim(target)):
                mine.send(message)
            mine.send(icmp6(LOCAL, ROUTER, MAC, ROUTER_MAC, ADVERTISE, claim(target), 255))
        assert reaches(up, "i-2", six(1, "1"))
        up.ok("i-2", f"ping -n -c1 -W1 {ONE}")
        assert "lladdr 02:00:00:00:00:01" not in up.inside("vpc-1", "ip", "neigh", "show", "dev", "e2")
        with packets(up, "i-2", "eth0") as theirs:
            up.ok("i-1", f"ping -n -c1 -W1 {TWO}")
            assert (ONE, TWO) in seen(theirs)


def test_the_router_and_neighbours_are_found_and_nobody_else(up: Machine) -> None:
    with packets(up, "i-1", "eth0") as mine:
        for target in (ROUTER, TWO, OTHER_LOCAL, THREE, six(1, "99")):
            body = bytes(4) + address(target) + bytes((1, 1)) + mac(MAC)
            mine.send(icmp6(LOCAL, solicited(target), MAC, group_mac(solicited(target)), SOLICIT, body, 255))
        answers = [p for p in received(mine) if p[40] == ADVERTISE]
    told = {p[48:64]: p[66:72] for p in answers}
    assert told == {address(ROUTER): mac(ROUTER_MAC), address(TWO): mac(OTHER_MAC)}


@pytest.mark.parametrize(
    ("source", "sender"),
    [(TWO, MAC), (six(1, "99"), MAC), (ONE, OTHER_MAC), (TWO, OTHER_MAC), (LOCAL, MAC), ("::", MAC), (ROUTER, MAC)],
)  # fmt: skip
def test_nobody_sends_in_another_name(up: Machine, source: str, sender: str) -> None:
    with packets(up, "i-1", "eth0") as mine, packets(up, "i-2", "eth0") as theirs:
        mine.send(icmp6(source, TWO, sender, ROUTER_MAC))
        mine.send(icmp6(source, OTHER_LOCAL, sender, ROUTER_MAC))
        mine.send(icmp6(source, NODES, sender, group_mac(NODES)))
        assert not seen(theirs)
        mine.send(icmp6(ONE, TWO, MAC, ROUTER_MAC))
        assert seen(theirs) == [(ONE, TWO)]


def test_services_are_not_for_others_names(up: Machine) -> None:
    """Neither echo nor DHCP nor advertisements: only a link's own address and MAC are answered."""
    hello = bytes((1, 1, 2, 3)) + struct.pack("!HH", 1, 10) + bytes.fromhex("00030001") + mac(OTHER_MAC)
    with packets(up, "i-1", "eth0") as mine, packets(up, "i-2", "eth0") as theirs:
        for source, sender in ((OTHER_LOCAL, MAC), (OTHER_LOCAL, OTHER_MAC), (LOCAL, OTHER_MAC), (TWO, MAC)):
            mine.send(icmp6(source, six(1, "1"), sender, ROUTER_MAC))
            mine.send(icmp6(source, ROUTER, sender, ROUTER_MAC))
            mine.send(icmp6(source, ROUTERS, sender, group_mac(ROUTERS), SOLICIT_ROUTER, bytes(4), 255))
            mine.send(udp6(source, DHCP_SERVERS, sender, group_mac(DHCP_SERVERS), (546, 547), hello))
        heard = [p for device in (mine, theirs) for p in received(device)]
    answers = [p for p in heard if p[24:40] != address(NODES)]  # to all nodes the router speaks unasked
    assert not [p for p in answers if p[6] == 17 or p[40] in (REPLY, ADVERTISE_ROUTER)]


def test_two_vpcs_never_meet(up: Machine) -> None:
    assert reaches(up, "i-3", ROUTER + "%eth0")
    assert not pings(up, "i-1", THREE)
    assert not pings(up, "i-1", "fe80::ff:fe00:3%eth0")
    with packets(up, "i-1", "eth0") as mine, packets(up, "i-3", "eth0") as theirs:
        for to, via in ((NODES, group_mac(NODES)), (THREE, ROUTER_MAC), ("fe80::ff:fe00:3", ROUTER_MAC)):
            mine.send(icmp6(ONE, to, MAC, via, ECHO))
            mine.send(icmp6(LOCAL, to, MAC, via, ECHO))
        assert not seen(theirs)


def test_many_names_do_not_fill_the_router_s_neighbours(up: Machine) -> None:
    before = up.inside("vpc-1", "ip", "-6", "neigh")
    with packets(up, "i-1", "eth0") as mine:
        for number in range(2000):
            source = f"fe80::bad:{number:x}"
            body = bytes(4) + address(ROUTER) + bytes((1, 1)) + mac(MAC)
            mine.send(icmp6(source, ROUTER, MAC, ROUTER_MAC, SOLICIT, body, 255))
    assert "bad" not in up.inside("vpc-1", "ip", "-6", "neigh")
    assert len(before) >= len(up.inside("vpc-1", "ip", "-6", "neigh"))
    assert reaches(up, "i-1", TWO)
