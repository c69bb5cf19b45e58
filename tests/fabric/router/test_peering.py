"""Peered VPCs: a link between two routers, which carries what the routes of both sides send over it."""

import pytest

from elastinet.fabric.contract.objects import AnyObject
from machine import Machine
from parts import group, table
from probes import pings, reaches
from vpcs import at, between, side


def region() -> tuple[AnyObject, ...]:
    """VPC 2 is peered with both others, and each has routes to both others over its own peering."""
    return (
        *side(1, ("10.2.0.0/16", "pcx-21"), ("10.3.0.0/16", "pcx-21"), ("2001:db8:0:200::/56", "pcx-21")),
        *side(2, ("10.1.0.0/16", "pcx-21"), ("10.3.0.0/16", "pcx-23"), ("2001:db8:0:100::/56", "pcx-21")),
        *side(3, ("10.2.0.0/16", "pcx-23"), ("10.1.0.0/16", "pcx-23")),
        between(2, 1),
        between(2, 3),
    )


def test_what_the_routes_send_goes_over(machine: Machine) -> None:
    machine.boot(*region())
    assert reaches(machine, "i-1", "10.2.1.10")
    assert reaches(machine, "i-2", "10.1.1.10")
    assert reaches(machine, "i-2", "10.3.1.10")
    assert reaches(machine, "i-1", "2001:db8:0:201::10")
    assert reaches(machine, "i-2", "2001:db8:0:101::10")
    assert not pings(machine, "i-1", "10.3.1.10"), "peering is not transitive"
    assert not pings(machine, "i-1", "10.2.1.1"), "the other VPC's router answers its own only"
    machine.desire(group(id="sg-2", network="vpc-2"))
    assert not pings(machine, "i-1", "10.2.1.10"), "the receiver's groups are asked"
    assert not pings(machine, "i-1", "2001:db8:0:201::10")


def test_a_route_on_one_side_only_is_not_enough(machine: Machine) -> None:
    machine.boot(*region())
    machine.desire(table(id="rtb-2", network="vpc-2"))
    assert not pings(machine, "i-1", "10.2.1.10")


def test_only_the_two_vpcs_own_addresses_go_over(machine: Machine) -> None:
    machine.boot(*region())
    machine.desire(at(1, check=False))
    machine.ok("i-1", "ip addr add 192.0.2.7/32 dev lo")
    for source, goes in (("192.0.2.7", False), ("10.1.1.10", True)):
        before = echos(machine)
        machine.exec("i-1", f"ping -c 3 -i 0.2 -W 1 -I {source} 10.2.1.10")
        assert echos(machine) - before == (3 if goes else 0)


def echos(machine: Machine) -> int:
    """How many pings have reached the second instance."""
    return int(machine.ok("i-2", "awk '/^Icmp: [0-9]/ {print $10}' /proc/net/snmp"))


def test_it_goes_and_comes_back(machine: Machine) -> None:
    machine.boot(*region())
    assert machine.desire(drop=("peering:pcx-21",)) == {}
    assert not pings(machine, "i-1", "10.2.1.10")
    assert reaches(machine, "i-2", "10.3.1.10")
    assert machine.desire(between(2, 1)) == {}
    assert reaches(machine, "i-1", "10.2.1.10")
    assert machine.desire(drop=("network:vpc-2", "guest:i-2", "interface:eni-2")) == {}
    machine.boot(*side(2, ("10.1.0.0/16", "pcx-21")))
    assert reaches(machine, "i-1", "10.2.1.10")


@pytest.mark.parametrize("end", ["vpc-1", "vpc-2"])
def test_a_link_that_somebody_takes_away_is_made_again(machine: Machine, end: str) -> None:
    machine.boot(*region())
    machine.inside(end, "ip", "link", "del", "p21")
    assert machine.desire(observe=True) == {}
    assert reaches(machine, "i-1", "10.2.1.10")


def test_a_packet_too_big_for_it_is_told_so(machine: Machine) -> None:
    machine.boot(*region(), between(2, 1, mtu=8500))
    machine.ok("i-1", "ping -c 1 -W 2 -M do -s 8472 10.2.1.10")
    status, said = machine.exec("i-1", "ping -c 1 -W 2 -M do -s 8473 10.2.1.10")
    assert status != 0
    assert "mtu = 8500" in said or "mtu=8500" in said
