"""What an instance is called, as its programs see it."""

from typing import Any

import pytest

from elastinet.fabric.contract.names import METADATA_ADDRESS
from machine import Machine
from parts import ALL, eni, group, guest, network, table

SERVICE = ("instance-data.ec2.internal", METADATA_ADDRESS)
NAMED = eni(1, "10.0.1.10", names=(("host-1.ec2.internal", "10.0.1.10"),))


def boot(machine: Machine, **of_network: Any) -> None:
    machine.boot(network(**of_network), table(), group(ALL), guest(1), NAMED)


def test_its_names_come_from_the_resolver(machine: Machine) -> None:
    boot(machine, resolver="10.0.0.2", names=(SERVICE,))
    said = machine.ok("i-1", "cat /etc/hostname; hostname; hostname -f; hostname -i")
    assert said.split() == ["host-1", "host-1", "host-1.ec2.internal", "10.0.1.10"]
    assert machine.ok("i-1", "cat /etc/hosts") == "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"
    for name in ("instance-data", SERVICE[0]):
        assert machine.ok("i-1", f"getent ahostsv4 {name}").split()[0] == METADATA_ADDRESS
    assert SERVICE[0] in machine.ok("i-1", f"getent hosts {METADATA_ADDRESS}")


@pytest.mark.parametrize(
    "of_network", [{}, {"resolver": "10.0.0.3"}], ids=["no resolver", "another is asked"]
)
def test_its_names_where_its_resolver_is_not_asked(machine: Machine, of_network: dict[str, str]) -> None:
    boot(machine, **of_network)
    assert machine.ok("i-1", "hostname -f; hostname -i").split() == ["host-1.ec2.internal", "10.0.1.10"]


def test_a_machine_id_is_of_one_disk_for_good(machine: Machine) -> None:
    boot(machine)
    machine.boot(guest(2), eni(2, "10.0.1.20"))
    one, two = (machine.ok(id, "cat /etc/machine-id") for id in ("i-1", "i-2"))
    assert len({one, two, _of_this_machine()}) == 3
    assert all(len(id) == 33 and int(id, 16) for id in (one, two))
    assert machine.ok("i-1", "test ! -e /var/lib/dbus/machine-id || cat /var/lib/dbus/machine-id") in (
        "",
        one,
    )
    machine.boot(guest(1, boot=2))
    assert machine.ok("i-1", "cat /etc/machine-id") == one


def _of_this_machine() -> str:
    try:
        with open("/etc/machine-id") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def test_interfaces_have_the_names_that_ec2s_agents_give(machine: Machine) -> None:
    boot(machine)
    second = eni(2, "10.0.2.20", guest="i-1", device="eth1")
    machine.boot(second, eni(3, "10.0.2.30", guest="i-1", device="eth2n1"))
    for device, *others in (
        ("eth0", "eni-1", "device-number-0.0"),
        ("eth1", "eni-2", "device-number-0.1"),
        ("eth2n1", "eni-3", "device-number-2.1"),
    ):
        machine.until(
            lambda device=device, others=others: all(
                machine.exec("i-1", f"ip -o link show {name} | grep ' {device}@'")[0] == 0 for name in others
            ),
            f"{others}",
        )
    machine.ok("i-1", "ip link set eth0 down; ip link set eth0 up")
    machine.desire(eni(2, "10.0.2.20", guest="i-1", device="eth1", attachment="again"))
    machine.until(lambda: machine.exec("i-1", "ip link show eni-2")[0] == 0, "its name again")
    machine.ok(
        "i-1", "ip link property del dev eth0 altname eni-1; ip link property add dev lo altname eni-1"
    )
    machine.desire(eni(1, "10.0.1.10", attachment="again"))
    machine.wait(lambda fact: fact["type"] == "attached" and fact["attachment"] == "again")
