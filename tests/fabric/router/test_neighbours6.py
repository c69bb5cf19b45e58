"""Neighbour discovery inside one subnet: whose MAC an instance is told that asks in IPv6."""

import socket
import struct
from typing import Any

import pytest

from elastinet.fabric.contract.names import ROUTER_MAC
from elastinet.fabric.contract.objects import AnyObject
from frames import (
    ADVERTISE,
    ADVERTISE_ROUTER,
    ICMP6,
    SOLICIT,
    SOLICIT_ROUTER,
    address,
    checked,
    group_mac,
    icmp6,
    mac,
    packets,
    received,
)
from loads import limits
from machine import Machine
from parts import ALL, group, guest, table
from probes import pings, reaches
from sixparts import ALL6, BLOCKS, ROUTER, eni6, network6, six

ONE, TWO, FAR = six(1, "10"), six(1, "20"), six(2, "30")
BLOCK = BLOCKS[0].replace("::/64", ":b::/80")
IN_BLOCK = BLOCK.replace("::/80", "::7")
ROUTERS = "ff02::2"
BEHIND = "2001:db8:ffff::5"
MACS = {number: f"02:00:00:00:00:{number:02x}" for number in range(1, 9)}
HEARD = "awk '$1 == \"Icmp6InNeighborSolicits\" {print $2}' /proc/net/snmp6"


def pair(**second: Any) -> tuple[AnyObject, ...]:
    """Two instances in one subnet, and one in another."""
    ends = (eni6(1, ONE, check=False), eni6(2, TWO, **({"check": False} | second)), eni6(3, FAR))
    return (network6(), table(), group(ALL, ALL6, egress=(ALL, ALL6)), *map(guest, (1, 2, 3)), *ends)


def on_link(machine: Machine, *guests: str) -> None:
    """Wait until instances know, by an advertisement, that their subnet is on the link."""
    for name in guests:
        machine.until(lambda name=name: f"{BLOCKS[0]} dev eth0" in machine.ok(name, "ip -6 route"), "a route")


def known(machine: Machine, guest: str, target: str) -> str:
    """The MAC that an instance has learnt of an address."""
    text = machine.ok(guest, f"ip -6 neigh show {target} dev eth0")
    return text.split("lladdr ")[1].split()[0] if "lladdr" in text else ""


def solicitation(
    target: str, *, source: str = ONE, to: str = "", receiver: str = "", hops: int = 255
) -> bytes:
    to = to or "ff02::1:ff" + address(target)[13:].hex()[:2] + ":" + address(target)[14:].hex()
    rest = bytes(4) + address(target) + b"\1\1" + mac(MACS[1])
    return icmp6(source, to, MACS[1], receiver or group_mac(to), SOLICIT, rest, hops)


def answers(device: socket.socket, question: bytes) -> list[bytes]:
    """The advertisements that come after a question, before the answer to another one that is surely answered."""
    device.send(question)
    device.send(solicitation(TWO, source="fe80::ff:fe00:1"))
    found = []
    for packet in received(device, 5):
        if packet[6] == ICMP6 and packet[40] == ADVERTISE:
            if packet[24:40] == address("fe80::ff:fe00:1"):
                return found
            found.append(packet)
    raise AssertionError("no answer at all")


def test_neighbours_are_told_by_their_own_macs(machine: Machine) -> None:
    more = {"addresses6": (TWO, six(1, "21")), "prefixes": (BLOCK,)}
    machine.boot(*pair(**more))
    on_link(machine, "i-1", "i-2")
    machine.ok("i-2", f"ip -6 addr add {IN_BLOCK} dev lo")
    for target in (TWO, six(1, "21"), IN_BLOCK):
        assert reaches(machine, "i-1", target)
        assert known(machine, "i-1", target) == MACS[2]
    assert reaches(machine, "i-1", FAR)
    assert known(machine, "i-1", ROUTER) in (ROUTER_MAC, "")
    assert reaches(machine, "i-1", six(1, "1"))
    assert known(machine, "i-1", six(1, "1")) == ROUTER_MAC
    assert not pings(machine, "i-1", six(1, "99"))
    assert known(machine, "i-1", six(1, "99")) == ""


def test_an_answer_is_what_the_target_would_say(machine: Machine) -> None:
    """By multicast, and by a probe of what is known: with true checksums, to the asker only."""
    machine.boot(*pair())
    before = machine.ok("i-2", HEARD)
    with packets(machine, "i-1", "eth0") as device:
        for question in (solicitation(TWO), solicitation(TWO, to=TWO, receiver=MACS[2])):
            (found,) = answers(device, question)
            assert found[:8] == struct.pack("!IHBB", 6 << 28, 32, ICMP6, 255)
            assert (found[8:24], found[24:40]) == (address(TWO), address(ONE))
            body = bytes((ADVERTISE, 0, 0, 0, 0x60, 0, 0, 0)) + address(TWO) + b"\2\1" + mac(MACS[2])
            assert found[40:] == checked(TWO, ONE, ICMP6, body, 2)
    assert machine.ok("i-2", HEARD) == before, "it was not asked"


def test_who_is_not_answered(machine: Machine) -> None:
    machine.boot(*pair())
    with packets(machine, "i-1", "eth0") as device:
        silent = {
            "nobody's": solicitation(six(1, "99")),
            "one's own": solicitation(ONE),
            "of another subnet": solicitation(FAR),
            "is it free?": solicitation(TWO, source="::"),
            "is mine free?": solicitation(ONE, source="::"),
            "from afar": solicitation(TWO, hops=64),
            "of the link": solicitation("fe80::ff:fe00:2"),
        }
        for why, question in silent.items():
            assert answers(device, question) == [], why


def test_what_probes_say(machine: Machine) -> None:
    """A neighbour that is known stays reachable; one that has left is not found any more."""
    machine.boot(*pair())
    on_link(machine, "i-1")
    machine.ok("i-1", f"ip -6 neigh replace {TWO} lladdr {MACS[2]} nud probe dev eth0")
    machine.until(lambda: "REACHABLE" in machine.ok("i-1", f"ip -6 neigh show {TWO}"), "an answer")
    machine.desire(drop=("interface:eni-2",))
    machine.ok("i-1", f"ip -6 neigh flush {TWO} dev eth0")
    assert not pings(machine, "i-1", TWO)
    assert known(machine, "i-1", TWO) == ""


def test_a_next_hop_in_ipv6(machine: Machine) -> None:
    machine.boot(*pair())
    on_link(machine, "i-1", "i-2")
    machine.ok("i-1", f"ip -6 route add {BEHIND} via {TWO} dev eth0")
    machine.ok("i-2", f"ip -6 addr add {BEHIND} dev lo")
    assert reaches(machine, "i-1", BEHIND)
    machine.desire(eni6(2, TWO))
    assert not pings(machine, "i-1", BEHIND)


def test_an_address_that_moves_is_announced(machine: Machine) -> None:
    both = (TWO, six(1, "77"))
    machine.boot(*pair(addresses6=both), guest(4), eni6(4, six(1, "40")))
    on_link(machine, "i-1", "i-4")
    assert reaches(machine, "i-1", both[1])
    assert known(machine, "i-1", both[1]) == MACS[2]
    machine.desire(eni6(2, TWO, check=False), eni6(4, six(1, "40"), both[1]))
    machine.until(lambda: known(machine, "i-1", both[1]) == MACS[4], "the new MAC")
    assert reaches(machine, "i-1", both[1])


def test_a_second_interface_goes_by_its_router(machine: Machine) -> None:
    """The subnet that is on the link of eth1 is not reached by it from eth0's address."""
    second = eni6(4, six(2, "40"), guest="i-1", device="eth1")
    machine.boot(*pair(), second)
    on_link(machine, "i-1")
    with packets(machine, "i-1", "eth1") as device:
        ask = (MACS[4], group_mac(ROUTERS), SOLICIT_ROUTER)
        device.send(icmp6("fe80::ff:fe00:4", ROUTERS, *ask, hops=255))
        assert any(p[6] == ICMP6 and p[40] == ADVERTISE_ROUTER for p in received(device, 5))
    assert reaches(machine, "i-3", ONE)
    assert reaches(machine, "i-3", six(2, "40"))
    assert reaches(machine, "i-1", FAR)
    assert BLOCKS[1] not in machine.ok("i-1", "ip -6 route")


@pytest.mark.parametrize("number", [1, 2])
def test_a_mediated_one(machine: Machine, number: int) -> None:
    machine.boot(*pair(), eni6(number, (ONE, TWO)[number - 1], mediated=True))
    on_link(machine, "i-1", "i-2")
    assert reaches(machine, "i-1", TWO)
    assert known(machine, "i-1", TWO) == MACS[2]


def test_behind_queues(machine: Machine) -> None:
    machine.boot(*pair())
    machine.desire(limits(1, 50), limits(2, 50))
    on_link(machine, "i-1")
    assert reaches(machine, "i-1", TWO)
    assert known(machine, "i-1", TWO) == MACS[2]


def test_what_is_changed_by_hand_is_mended(machine: Machine) -> None:
    machine.boot(*pair())
    on_link(machine, "i-1", "i-2")
    for command in (
        "nft flush ruleset",
        "nft flush chain netdev elastinet advertise",
        "nft flush map netdev elastinet macs6",
        "nft flush map netdev elastinet askers",
        "nft flush set netdev elastinet asker_addresses",
        "nft flush chain netdev elastinet at_e1",
    ):
        machine.inside("vpc-1", *command.split())
        assert machine.desire(observe=True) == {}, command
        machine.ok("i-1", "ip -6 neigh flush dev eth0")
        assert reaches(machine, "i-1", TWO), command
        assert known(machine, "i-1", TWO) == MACS[2], command
