"""A device that a guest's root sets down and up has its addresses and routes again, as networkd has it."""

import pytest

from machine import Machine
from parts import ALL, eni, group, guest, network, table
from probes import reaches
from sixparts import ALL6, eni6, network6, six

BASE = (network(), table(), group(ALL))


def routes(machine: Machine, *tables: str) -> str:
    """The routes of some tables."""
    return "".join(machine.ok("i-1", f"ip route show table {name}") for name in tables)


@pytest.mark.parametrize("mediated", [False, True])
def test_the_primary_interface(machine: Machine, mediated: bool) -> None:
    own = eni(1, "10.0.1.10", addresses=("10.0.1.10", "10.0.1.11"), mediated=mediated)
    machine.boot(*BASE, guest(1), own, guest(2), eni(2, "10.0.2.20"))
    before = routes(machine, "main")
    machine.ok("i-1", "ip link set eth0 down")
    assert machine.ok("i-1", "ip route") == ""
    machine.ok("i-1", "ip link set eth0 up")
    machine.until(lambda: routes(machine, "main") == before, "its routes")
    machine.ok("i-2", "ping -c1 -W2 10.0.1.11")
    machine.ok("i-1", "ip link set eth0 down; ip addr flush dev eth0; ip link set eth0 up")
    machine.until(lambda: routes(machine, "main") == before, "its routes once more")
    machine.ok("i-2", "ping -c1 -W2 10.0.1.11")


def test_a_further_interface(machine: Machine) -> None:
    machine.boot(
        *BASE, guest(1), eni(1, "10.0.1.10"), eni(9, "10.0.2.90", guest="i-1", device="eth1"),
        guest(2), eni(2, "10.0.2.20"),
    )  # fmt: skip
    before, rules = routes(machine, "main", "10001"), machine.ok("i-1", "ip rule")
    for _ in range(3):
        machine.ok("i-1", "ip link set eth1 down; ip link set eth1 up")
        machine.until(lambda: routes(machine, "main", "10001") == before, "its routes")
    assert machine.ok("i-1", "ip rule") == rules
    machine.ok("i-2", "ping -c1 -W2 10.0.2.90")


def test_what_the_root_has_set_down_stays_down(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), eni(9, "10.0.2.90", guest="i-1", device="eth1"))
    machine.ok("i-1", "ip link set eth0 down; ip link set eth1 down; ip link set eth1 up")
    machine.until(lambda: "10.0.2.0/24" in routes(machine, "10001"), "the other one's routes")
    assert "state DOWN" in machine.ok("i-1", "ip link show eth0")
    assert "eth0" not in routes(machine, "main")


def test_a_device_of_another_name_is_left_alone(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), eni(9, "10.0.2.90", guest="i-1", device="eth1"))
    machine.ok(
        "i-1",
        "ip link set eth1 down; ip link set eth1 name lan0; ip addr flush dev lan0; ip link set lan0 up",
    )
    machine.ok("i-1", "ip link set eth0 down; ip link set eth0 up")
    machine.until(lambda: "default" in routes(machine, "main"), "the primary one's routes")
    assert "10.0.2.90" not in machine.ok("i-1", "ip addr show lan0")


def test_ipv6_comes_back_too(machine: Machine) -> None:
    one, other = six(1, "10"), six(2, "90")
    machine.boot(
        network6(), table(), group(ALL, ALL6, egress=(ALL, ALL6)), guest(1), eni6(1, one),
        eni6(9, other, guest="i-1", device="eth1"), guest(2), eni6(2, six(1, "20")),
    )  # fmt: skip
    for device, address, name in (("eth0", one, "main"), ("eth1", other, "10001")):
        machine.ok("i-1", f"ip link set {device} down; ip link set {device} up")
        machine.until(lambda a=address, d=device: a in machine.ok("i-1", f"ip addr show {d}"), "the address")
        assert "default via" in machine.ok("i-1", f"ip -6 route show table {name} dev {device}")
        assert reaches(machine, "i-2", address)
    assert machine.ok("i-1", "ip -6 rule").count(other) == 1
