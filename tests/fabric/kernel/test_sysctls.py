"""A namespace begins as the kernel is built, whatever the machine is set to."""

import os
from collections.abc import Iterator

import pytest

from elastinet.fabric.kernel import sysctls
from elastinet.fabric.kernel.sysctls import DEFAULTS
from elastinet.fabric.kernel.worker import Worker
from machine import Machine
from parts import ALL, eni, group, guest, network, table

SCOPES = ("all", "default")
OTHER = {"ipv4/ip_forward": "1"} | {
    f"ipv4/conf/{scope}/{name}": str(1 - min(value, 1))
    for scope in SCOPES
    for name, value in DEFAULTS.items()
}
"""Every setting as it is not by itself, as some machine may have it."""
SHOW = "cd /proc/sys/net/ipv4; cat ip_forward; for scope in all default; do cd conf/$scope; cat {}; cd ../..; done"


@pytest.fixture
def elsewhere() -> Iterator[Worker]:
    worker = Worker("elsewhere", None)
    yield worker
    worker.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a namespace without a user namespace")
def test_what_the_machine_is_set_to_is_forgotten(elsewhere: Worker) -> None:
    def work() -> None:
        there = [name for name in OTHER if sysctls.read(name)]
        for name in there:
            sysctls.write(name, OTHER[name])
        assert {name: sysctls.read(name) for name in there} == {name: OTHER[name] for name in there}
        sysctls.forget_machine()
        for name in there:
            assert sysctls.read(name) == str(DEFAULTS.get(name.rpartition("/")[2], 0)), name

    elsewhere.call(work)


def test_instances_have_none_of_it(machine: Machine) -> None:
    """Which fails on machines that are set otherwise, as those with Docker are."""
    machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
    shown = machine.ok("i-1", SHOW.format(" ".join(DEFAULTS))).split()
    assert shown == ["0", *map(str, [*DEFAULTS.values()] * 2)]
