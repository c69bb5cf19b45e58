"""Instances in a subnet of IPv6 only: what they find, and whom they reach."""

from typing import Any

import msgspec
import pytest

from elastinet.fabric.contract.objects import Interface, Network, NetworkSubnet
from machine import Machine
from parts import ALL, eni, group, guest, network, table
from probes import fetch, pings, reaches, serve
from sixparts import ALL6, BLOCK, BLOCKS, INTERNET, ROUTER, network6, six

NAME = "i-3.ec2.internal"


def native(**changes: Any) -> Network:
    """A network whose first subnet has IPv6 only."""
    dual = network6(resolver="10.0.0.2", **changes)
    return msgspec.structs.replace(
        dual, subnets=(NetworkSubnet("subnet-1", "", "", BLOCKS[0]), dual.subnets[1])
    )


def only6(number: int, **changes: Any) -> Interface:
    own = {"subnet": "", "gateway": "", "subnet6": BLOCKS[0], "addresses6": (six(1, f"{number}0"),)}
    known = {"dns6": "fd00:ec2::253", "domain": "ec2.internal"}
    return msgspec.structs.replace(eni(number, "10.0.1.10"), addresses=(), **(own | known | changes))


def dual(number: int, **changes: Any) -> Interface:
    own = {"subnet6": BLOCKS[1], "addresses6": (six(2, f"{number}0"),)}
    return eni(number, f"10.0.2.{number}0", **(own | changes))


@pytest.fixture
def up(machine: Machine) -> Machine:
    """Instances 1 and 2 have IPv6 only, instance 3 has both."""
    routes = table(("::/0", "igw"), ("0.0.0.0/0", "igw"))
    named = dual(3, names=((NAME, six(2, "30")),))
    things = (native(igw="igw-1"), routes, group(ALL, ALL6, egress=(ALL, ALL6)))
    machine.boot(*things, guest(1), only6(1), guest(2), only6(2), guest(3), named)
    return machine


def test_what_the_instance_finds(up: Machine) -> None:
    assert {fact["interface"] for fact in up.facts if fact["type"] == "attached"} >= {"eni-1", "eni-2"}
    assert up.ok("i-1", "ip -4 addr show dev eth0; ip -4 route; ip -4 rule show table 10000") == ""
    assert f"{six(1, '10')}/128" in up.ok("i-1", "ip -6 addr show dev eth0")
    assert f"default via {ROUTER} dev eth0" in up.ok("i-1", "ip -6 route")
    assert up.ok("i-1", "cat /etc/resolv.conf") == "search ec2.internal\nnameserver fd00:ec2::253\n"
    assert "mtu 9001" in up.ok("i-1", "ip link show dev eth0")


def test_whom_it_reaches(up: Machine) -> None:
    for address in (six(1, "20"), six(2, "30"), INTERNET):
        assert reaches(up, "i-1", address), address
    assert reaches(up, "i-1", six(1, "20"), "-s 8900 -M do")
    assert reaches(up, "internet", six(1, "10"))
    with serve(up, "i-3"):
        assert up.ok("i-1", fetch(NAME)) == "page\n", "by its name"
    for address in ("10.0.2.30", "203.0.113.1"):
        assert not pings(up, "i-1", address), address


def test_it_cannot_lie_about_its_address(up: Machine) -> None:
    up.ok("i-1", f"ip -6 addr add {six(1, 'bad')}/128 dev eth0 nodad; ip addr add 10.0.2.99/24 dev eth0")
    assert not pings(up, "i-1", six(1, "20"), f"-I {six(1, 'bad')}")
    assert not pings(up, "i-1", "10.0.2.30")
    # What waits for the neighbour's MAC by now was asked for in the liar's name, and comes to nothing.
    up.until(lambda: pings(up, "i-1", six(1, "20"), f"-I {six(1, '10')}"), "the truth's answer")


def test_addresses_come_and_go_and_all_is_mended(up: Machine) -> None:
    up.desire(only6(1, addresses6=(six(1, "10"), six(1, "11"))))
    assert reaches(up, "i-2", six(1, "11"))
    assert "attached" not in {fact["type"] for fact in up.facts}, "the link has stayed"
    up.desire(only6(1))
    assert not pings(up, "i-2", six(1, "11"))
    up.ok("i-1", "ip link set eth0 down; ip link set eth0 up")
    up.until(lambda: pings(up, "i-1", six(2, "30")), "its routes again")
    up.inside("vpc-1", "ip", "link", "del", "e1")
    up.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-1")
    assert reaches(up, "i-1", six(1, "20"))


def test_a_second_interface_of_it(up: Machine) -> None:
    """It answers by the interface that was asked, and leaves no rule behind."""
    second = only6(4, guest="i-3", device="eth1", primary_subnet="10.0.2.0/24")
    up.desire(second)
    up.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-4")
    assert reaches(up, "i-1", six(1, "40"))
    assert "nameserver 10.0.0.2" in up.ok("i-3", "cat /etc/resolv.conf"), "the first interface's"
    up.desire(drop=("interface:eni-4",))
    assert up.ok("i-3", "ip -6 rule show table 10001") == ""


def test_a_network_of_such_subnets_only(machine: Machine) -> None:
    bare = network(resolver="10.0.0.2")
    alone = msgspec.structs.replace(
        bare, cidrs6=(BLOCK,), subnets=(NetworkSubnet("subnet-1", "", "", BLOCKS[0]),)
    )
    machine.boot(alone, table(), group(ALL6, egress=(ALL6,)), guest(1), only6(1), guest(2), only6(2))
    assert reaches(machine, "i-1", six(1, "20"))
