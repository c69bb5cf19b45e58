"""Routes inside the VPC's own blocks: what goes to another subnet, or comes in from outside, by a middlebox."""

from typing import Any

import pytest

from elastinet.fabric.contract.objects import AnyObject, Interface
from machine import Machine
from parts import ALL, eni, group, guest, network, table
from probes import pings, public, reaches

INSIDE = (("10.0.1.0/24", "eni-9"), ("10.0.2.0/24", "eni-9"))


def middlebox(**changes: Any) -> Interface:
    fields: dict[str, Any] = {"check": False, "table": "rtb-9"}
    return eni(9, "10.0.2.90", **(fields | changes))


def region(*routes: tuple[str, str]) -> tuple[AnyObject, ...]:
    """Two instances in the first subnet and one in the second, beside the middlebox, which goes by local routes."""
    base = (network(), table(*routes), table(id="rtb-9"), group(ALL), guest(9), middlebox())
    ones = [(guest(n), eni(n, f"10.0.{1 if n < 3 else 2}.{n}0")) for n in (1, 2, 3)]
    return (*base, *(item for pair in ones for item in pair))


def seen(machine: Machine) -> int:
    """How many packets the middlebox has passed on."""
    return int(machine.ok("i-9", "awk '/^Ip: [0-9]/ {print $7}' /proc/net/snmp"))


def passes(machine: Machine, source: str, target: str) -> bool:
    """Whether a ping, which must be answered, goes by the middlebox in one direction at least."""
    before = seen(machine)
    assert reaches(machine, source, target)
    return seen(machine) > before


@pytest.mark.parametrize("routes", [INSIDE, (("10.0.0.0/16", "eni-9"),)])
def test_between_subnets_but_not_inside_one(machine: Machine, routes: tuple[tuple[str, str], ...]) -> None:
    machine.boot(*region(*routes))
    machine.ok("i-9", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    assert passes(machine, "i-1", "10.0.2.30")
    assert not passes(machine, "i-1", "10.0.1.20")
    assert machine.desire(observe=True) == {}
    assert passes(machine, "i-1", "10.0.2.30")
    machine.desire(table())
    assert not passes(machine, "i-1", "10.0.2.30")


def test_a_middlebox_that_checks_or_is_gone_leads_nowhere(machine: Machine) -> None:
    machine.boot(*region(*INSIDE))
    machine.ok("i-9", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    machine.desire(middlebox(check=True))
    assert not pings(machine, "i-1", "10.0.2.30")
    assert reaches(machine, "i-1", "10.0.1.20")
    machine.desire(drop=("interface:eni-9",))
    assert not pings(machine, "i-1", "10.0.2.30")


def test_what_comes_in_by_the_internet_gateway(machine: Machine) -> None:
    edge = network(igw="igw-1", edge="rtb-7")
    by_edge = table(("10.0.1.0/24", "eni-9"), id="rtb-7")
    out = (table(("0.0.0.0/0", "igw")), table(("0.0.0.0/0", "igw"), id="rtb-9"))
    machine.boot(*region(), edge, by_edge, *out, public(1))
    assert not pings(machine, "internet", "203.0.113.101")
    machine.ok("i-9", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    assert passes(machine, "internet", "203.0.113.101")
    machine.desire(network(igw="igw-1"))
    assert not passes(machine, "internet", "203.0.113.101")
