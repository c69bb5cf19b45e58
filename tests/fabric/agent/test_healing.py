"""What someone changes by hand is mended; what the agent had to do, it does once."""

import re

import pytest

from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(("198.18.0.0/15", "eni-2")), group(ALL))
TWO = (guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.2.20", check=False))


def meets(machine: Machine) -> bool:
    return machine.exec("i-1", "ping -n -c1 -W1 10.0.2.20")[0] == 0


BY_HAND = [
    ("ip", "link", "set", "e1", "down"),
    ("ip", "link", "set", "e1", "down", "mtu", "1400"),
    ("ip", "route", "del", "10.0.2.20", "table", "50"),
    ("ip", "route", "replace", "blackhole", "10.0.2.20", "table", "50"),
    ("ip", "rule", "del", "pref", "100"),
    ("ip", "addr", "flush", "dev", "e1"),
    ("ip", "neigh", "replace", "10.0.2.20", "lladdr", "02:00:00:00:00:66", "dev", "e2", "nud", "permanent"),
]


@pytest.mark.parametrize("command", BY_HAND, ids=" ".join)
def test_links_and_routes_are_mended_unasked(machine: Machine, command: tuple[str, ...]) -> None:
    machine.boot(*BASE, *TWO)
    before = state(machine)
    machine.inside("vpc-1", *command)
    machine.regains(state, before)
    machine.until(lambda: meets(machine), "an answer")


@pytest.mark.parametrize(
    "command",
    [
        "delete table inet elastinet",
        "flush chain inet elastinet e2_in",
        "flush map inet elastinet own",
        "flush set inet elastinet sg_1_in_protocols",
        "add element inet elastinet sg_1_in_ports { 6 . 22 . 0.0.0.0-255.255.255.255 }",
        "insert rule inet elastinet forward drop",
        "add chain inet elastinet forward { policy accept ; }",
    ],
)
def test_filters_are_mended_when_looked_at(machine: Machine, command: str) -> None:
    machine.boot(*BASE, *TWO)
    before = filters(machine)
    machine.inside("vpc-1", "nft", command)
    assert filters(machine) != before
    assert machine.desire(observe=True) == {}
    assert filters(machine) == before
    assert meets(machine)


def test_a_lost_link_comes_back(machine: Machine) -> None:
    machine.boot(*BASE, *TWO)
    machine.facts.clear()
    machine.inside("vpc-1", "ip", "link", "del", "e1")
    machine.wait(lambda fact: fact["type"] == "detached")
    machine.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-1")
    assert meets(machine)


def test_a_dhcp_server_is_started_again(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    machine.inside("vpc-1", "busybox", "killall", "-9", "dnsmasq")
    machine.boot(guest(2), eni(2, "10.0.2.20"))
    assert meets(machine)


def test_looking_finds_what_was_applied(machine: Machine) -> None:
    """Observed equals desired: a look at everything changes nothing."""
    machine.boot(*BASE, *TWO)
    before, rules = state(machine), filters(machine)
    for _ in range(2):
        assert machine.desire(observe=True) == {}
        machine.regains(state, before)
        assert filters(machine) == rules
    assert not [fact for fact in machine.facts if fact["type"] != "converged"]


def test_an_engine_that_comes_back_learns_the_facts(machine: Machine) -> None:
    objects = (*BASE, *TWO)
    machine.boot(*objects)
    machine.engine.close()
    machine.facts.clear()
    machine.connect()
    machine.wait(lambda fact: fact["type"] == "hello")
    machine.boot(*objects, whole=True)
    assert "listener" in {fact["type"] for fact in machine.facts}
    assert {fact["interface"] for fact in machine.facts if fact["type"] == "attached"} == {"eni-1", "eni-2"}
    assert "elastinet: boot 1" in (machine.disks / "i-1" / "console.log").read_text()
    assert (machine.disks / "i-1" / "console.log").read_text().count("boot 1 of") == 1


def test_an_engine_that_counts_anew_is_answered(machine: Machine) -> None:
    machine.boot(*BASE)
    machine.engine.close()
    machine.connect()
    machine.generation -= 1
    assert machine.desire(*BASE, whole=True) == {}


def state(machine: Machine) -> str:
    """What the agent has made, not the routes that the kernel adds to it in its own time."""
    text = "".join(
        machine.inside("vpc-1", "ip", *command)
        for command in (
            ("-br", "link"),
            ("-br", "addr"),
            ("route", "show", "table", "all"),
            ("rule",),
            ("neigh", "show", "nud", "permanent"),
        )
    )
    lines = re.sub("@if[0-9]+", "", text).splitlines()
    return "\n".join(sorted(line for line in lines if " proto kernel " not in line))


def filters(machine: Machine) -> list[str]:
    """The ruleset without its order of names and without its counters."""
    text = machine.inside("vpc-1", "nft", "--stateless", "list", "ruleset")
    return sorted(line.replace("counter packets 0 bytes 0 ", "") for line in text.splitlines())
