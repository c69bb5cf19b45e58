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


OWN, PUBLIC, WILD = (
    "vpce-1.ec2.us-east-1.vpce.amazonaws.com",
    "ec2.us-east-1.amazonaws.com",
    "s3.amazonaws.com",
)


def addresses(machine: Machine, question: str) -> list[str]:
    return sorted(line.split()[1] for line in ask(machine, question).splitlines() if line[:8] == "Address:")[
        1:
    ]


def test_names_that_are_not_of_interfaces(up: Machine) -> None:
    names = tuple((name, f"10.0.{n}.9") for name in (OWN, PUBLIC, f"*.{WILD}") for n in (1, 2))
    known = msgspec.structs.replace(network(), resolver=RESOLVERS[0], names=names)
    up.desire(known)
    for name in (OWN, PUBLIC, f"bucket.{WILD}"):
        up.until(lambda name=name: addresses(up, name) == ["10.0.1.9", "10.0.2.9"], f"{name}: both")
    assert "NXDOMAIN" not in ask(up, f"bucket.{WILD}"), "there is no IPv6 address, but there is the name"
    assert "NXDOMAIN" in ask(up, f"bucket.{OWN}")
    assert "Address: 10.0.1.10" in ask(up, NAME)
    up.desire(msgspec.structs.replace(known, names=names[:1]))
    for name in (PUBLIC, f"bucket.{WILD}"):
        up.until(lambda name=name: "NXDOMAIN" in ask(up, name), f"the end of {name}")
    assert addresses(up, OWN) == ["10.0.1.9"]


def test_a_resolver_that_was_killed_comes_back(up: Machine) -> None:
    up.inside("vpc-1", "busybox", "killall", "-9", "dnsmasq")
    up.until(lambda: "Address: 10.0.1.10" in ask(up, NAME), "an answer")


def test_it_may_be_switched_off(up: Machine) -> None:
    up.desire(network())
    up.until(lambda: "10.0.1.10" not in ask(up, NAME), "silence")
