"""A further interface's routes are in a table of its own, and all of it comes and goes as one."""

import pytest
from msgspec.structs import replace

from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))
KERNELS = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default"
FURTHER = eni(
    9,
    "10.0.2.90",
    guest="i-1",
    device="eth1",
    addresses=("10.0.2.90", "10.0.2.91"),
    primary_subnet="10.0.1.0/24",
)


SPEAKS = "from 10.0.1.0/24 to 10.0.2.0/24 iif lo lookup 10000"


def routes(machine: Machine, table: str) -> list[str]:
    """The routes of one of the guest's tables."""
    return sorted(
        " ".join(line.split()) for line in machine.ok("i-1", f"ip route show table {table}").splitlines()
    )


def rules(machine: Machine, guest: str = "i-1") -> list[str]:
    """The rules that are not the kernel's own, as "from lookup"."""
    lines = machine.ok(guest, "ip rule").splitlines()
    return sorted(line.split("\t")[1].strip() for line in lines if line not in KERNELS.splitlines())


def test_its_routes_are_in_its_own_table_and_behind_the_primary_one_s(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), FURTHER)
    assert routes(machine, "10001") == [
        "10.0.2.0/24 dev eth1 scope link src 10.0.2.90",
        "default via 10.0.2.1 dev eth1",
    ]
    assert routes(machine, "main") == [
        "10.0.1.0/24 dev eth0 proto kernel scope link src 10.0.1.10",
        "10.0.2.0/24 dev eth1 proto kernel scope link src 10.0.2.90 metric 513",
        "default via 10.0.1.1 dev eth0",
        "default via 10.0.2.1 dev eth1 metric 513",
    ]
    assert rules(machine) == [SPEAKS, "from 10.0.2.90 lookup 10001", "from 10.0.2.91 lookup 10001"]


def test_the_primary_address_answers_to_the_subnet_of_a_further_interface(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), FURTHER, guest(3), eni(3, "10.0.2.30"))
    for address in ("10.0.1.10", "10.0.2.90", "10.0.2.91"):
        machine.ok("i-3", f"ping -c1 -W2 {address}")
    for source in ("10.0.1.10", "10.0.2.90", "10.0.2.91"):
        machine.ok("i-1", f"ping -c1 -W2 -I {source} 10.0.2.30")
    machine.ok("i-1", "ping -c1 -W2 10.0.2.30")


def test_an_interface_of_another_card_has_a_table_too(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), eni(9, "10.0.2.90", guest="i-1", device="eth1n2"))
    assert rules(machine) == ["from 10.0.2.90 lookup 10102"]


@pytest.mark.parametrize("mediated", [False, True])
def test_nothing_stays_of_an_interface_that_leaves(machine: Machine, mediated: bool) -> None:
    further = eni(
        9, "10.0.2.90", guest="i-1", device="eth1", addresses=("10.0.2.90", "10.0.2.91"), mediated=mediated
    )
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), further, guest(3), eni(3, "10.0.2.30"))
    assert machine.desire(drop=("interface:eni-9",)) == {}
    assert rules(machine) == []
    machine.until(lambda: routes(machine, "10001") == [], "the end of its routes")
    assert "eth1" not in machine.ok("i-1", "ip route")
    again = eni(9, "10.0.2.90", guest="i-1", device="eth2", attachment="attach-2", mediated=mediated)
    assert machine.desire(again) == {}
    assert rules(machine) == ["from 10.0.2.90 lookup 10002"]
    machine.ok("i-3", "ping -c1 -W2 10.0.2.90")


def test_an_address_that_moves_to_the_primary_interface_is_used_there(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), guest(3), eni(3, "10.0.2.30"))
    assert machine.desire(eni(9, "10.0.1.90", guest="i-1", device="eth1")) == {}
    assert machine.desire(drop=("interface:eni-9",)) == {}
    assert machine.desire(eni(1, "10.0.1.10", addresses=("10.0.1.10", "10.0.1.90"))) == {}
    assert rules(machine) == []
    machine.ok("i-3", "ping -c1 -W2 10.0.1.90")


def test_further_addresses_bring_their_rules_and_take_them_away(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), FURTHER)
    assert machine.desire(replace(FURTHER, addresses=("10.0.2.90", "10.0.2.92"))) == {}
    assert rules(machine) == [SPEAKS, "from 10.0.2.90 lookup 10001", "from 10.0.2.92 lookup 10001"]
    assert "10.0.2.91" not in machine.ok("i-1", "ip addr show eth1")


def test_a_delegated_block_answers_by_its_own_table(machine: Machine) -> None:
    machine.boot(
        *BASE, guest(1), eni(1, "10.0.1.10"), eni(9, "10.0.2.90", guest="i-1", device="eth1", prefixes=("10.0.2.96/28",)),
        guest(3), eni(3, "10.0.1.30"),
    )  # fmt: skip
    assert rules(machine) == ["from 10.0.2.90 lookup 10001", "from 10.0.2.96/28 lookup 10001"]
    machine.ok("i-1", "ip addr add 10.0.2.97/32 dev lo")
    machine.ok("i-3", "ping -c1 -W2 10.0.2.97")


def test_routes_by_its_gateway_can_be_added(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), FURTHER)
    machine.ok(
        "i-1", "ip route add 192.0.2.0/24 via 10.0.2.1; ip route add default via 10.0.2.1 dev eth1 table 2"
    )


def test_a_container_s_packets_come_back_to_it(machine: Machine) -> None:
    """The primary address speaks by its own table to the other subnet only."""
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), FURTHER)
    machine.ok(
        "i-1", "ip link add c0 type veth peer name c1; ip addr add 172.17.0.1/16 dev c0; ip link set c0 up"
    )
    assert "dev c0" in machine.ok("i-1", "ip route get 172.17.0.2 from 10.0.1.10")
    assert "dev eth0" in machine.ok("i-1", "ip route get 10.0.2.30 from 10.0.1.10")
    assert "dev eth1" in machine.ok("i-1", "ip route get 10.0.2.30")
