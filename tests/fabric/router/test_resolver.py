"""The VPC's resolver: its own names, forwards and backwards, and nothing else."""

from typing import Any

import msgspec
import pytest

from elastinet.fabric.contract.objects import Acl, Interface
from machine import Machine
from parts import eni, group, guest, network, table

NAME = "ip-10-0-1-10.ec2.internal"
RESOLVERS = ("10.0.0.2", "169.254.169.253")


def named(*names: str, **changes: Any) -> Interface:
    return eni(1, "10.0.1.10", names=tuple((name, "10.0.1.10") for name in names), **changes)


@pytest.fixture
def up(machine: Machine) -> Machine:
    """A network with a resolver, where no group and no ACL lets anything through."""
    resolving = msgspec.structs.replace(network(), resolver="10.0.0.2", ntp="10.0.9.9")
    there = {"acl": "acl-1"}
    things = (resolving, table(), group(egress=()), Acl("acl-1", "vpc-1", (), ()))
    machine.boot(*things, guest(1), named(NAME, **there), guest(2), eni(2, "10.0.2.20", **there))
    return machine


def ask(machine: Machine, question: str, server: str = RESOLVERS[0]) -> str:
    return machine.exec("i-2", f"timeout 1 busybox nslookup {question} {server}")[1]


def test_it_knows_the_network_s_names(up: Machine) -> None:
    for server in RESOLVERS:
        assert "Address: 10.0.1.10" in ask(up, NAME, server)
        assert NAME in ask(up, "10.0.1.10", server)
    assert "10.0.1.10" in up.ok("i-2", f"getent hosts {NAME}"), "by the address that DHCP gave"


def test_it_knows_of_no_other(up: Machine) -> None:
    for question in ("ip-10-0-1-11.ec2.internal", "example.com", "10.9.9.9"):
        assert "NXDOMAIN" in ask(up, question)
    assert "10.0.1.10" not in ask(up, NAME, "10.0.2.1"), "only at its own two addresses"


def test_names_come_and_go(up: Machine) -> None:
    up.desire(named(NAME, "other.internal", acl="acl-1"))
    up.until(lambda: "Address: 10.0.1.10" in ask(up, "other.internal"), "the new name")
    up.desire(named("other.internal", acl="acl-1"))
    up.until(lambda: "NXDOMAIN" in ask(up, NAME), "the end of the old name")
    up.desire(drop=("interface:eni-1", "guest:i-1"))
    up.until(lambda: "NXDOMAIN" in ask(up, "other.internal"), "the end of the other name")


def test_a_resolver_that_was_killed_comes_back(up: Machine) -> None:
    up.inside("vpc-1", "busybox", "killall", "-9", "dnsmasq")
    up.until(lambda: "Address: 10.0.1.10" in ask(up, NAME), "an answer")


def test_it_may_be_switched_off(up: Machine) -> None:
    up.desire(network())
    up.until(lambda: "10.0.1.10" not in ask(up, NAME), "silence")
