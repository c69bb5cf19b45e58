"""What someone changes by hand of IPv6 is mended as the rest is."""

import re

import pytest

from elastinet.fabric.contract.objects import Acl, AclEntry, Members
from machine import Machine
from parts import ALL, group, guest, table
from probes import pings, reaches
from sixparts import ALL6, BLOCK, INTERNET, eni6, network6, six

ONE, THREE = six(1, "10"), six(2, "30")
ROUTES = table(("2001:db8:ffff::/48", "eni-3"), ("::/0", "igw"))
THERE = {"check": False, "acl": "acl-1", "prefixes": ("2001:db8:0:102:a::/80", "10.0.2.64/28")}
REGION = (
    network6(igw="igw-1", eigw="eigw-1", resolver="10.0.0.2"),
    ROUTES,
    group(ALL, ALL6, egress=(ALL, ALL6)),
    Members("sg-1", "vpc-1", frozenset({ONE, "10.0.1.10", "2001:db8:0:102:a::/80"})),
    Acl("acl-1", "vpc-1", (AclEntry(1, 58, 128, -1, "::/0", True), AclEntry(2, 58, 129, 0, "::/0", True)), (AclEntry(1, -1, -1, -1, "::/0", True),)),
    guest(1),
    eni6(1, ONE),
    guest(3),
    eni6(3, THREE, six(2, "31"), **THERE),
)  # fmt: skip

BY_HAND = [
    "ip link set e3 down",
    f"ip -6 route del {THREE} table 50",
    f"ip -6 route replace blackhole {THREE} table 50",
    f"ip -6 route del blackhole {BLOCK} table 50",
    "ip -6 route del default table 1000",
    f"ip -6 route add {six(1, 'bad')} dev e3 table 50",
    "ip -6 rule del pref 100",
    "ip -6 rule del pref 1000",
    "ip -6 addr flush dev e3",
    "ip -6 addr del fd00:ec2::254/128 dev lo",
    f"ip -6 neigh replace {THREE} lladdr 02:00:00:00:00:66 dev e3 nud permanent",
    f"ip -6 neigh del {THREE} dev e3",
]


def state(machine: Machine) -> str:
    """What the agent has made, not the kernel's own routes; the addresses of a link are listed in any order."""
    commands = ("-br addr", "-6 route show table all", "-6 rule", "-6 neigh show nud permanent")
    text = "".join(machine.inside("vpc-1", "ip", *command.split()) for command in commands)
    lines = re.sub("@if[0-9]+", "", text).splitlines()
    return "\n".join(sorted(" ".join(sorted(line.split())) for line in lines if " proto kernel " not in line))


def settled(machine: Machine) -> str:
    """The same, once both ends of every link are up: the kernel says so a moment later."""
    machine.until(lambda: " DOWN " not in machine.inside("vpc-1", "ip", "-br", "addr"), "every link")
    return state(machine)


def filters(machine: Machine) -> list[str]:
    """The ruleset's words: sets of intervals are listed in any order."""
    text = machine.inside("vpc-1", "nft", "--stateless", "list", "ruleset")
    parts = re.split(r"[\n,]|elements = {|}", text.replace("counter packets 0 bytes 0 ", ""))
    return sorted(part.strip() for part in parts)


@pytest.mark.parametrize("command", BY_HAND)
def test_links_and_routes_are_mended_unasked(machine: Machine, command: str) -> None:
    machine.boot(*REGION)
    before = settled(machine)
    machine.inside("vpc-1", *command.split())
    machine.regains(state, before)
    machine.until(lambda: pings(machine, "i-1", THREE), "an answer")


@pytest.mark.parametrize(
    "command",
    [
        "nft delete table inet elastinet",
        "nft flush chain inet elastinet receive6",
        "nft flush map inet elastinet own6",
        "nft flush map inet elastinet delegated6",
        "nft flush set inet elastinet assigned6",
        "nft flush set inet elastinet sg_1_in_protocols6",
        "nft flush set inet elastinet sg_1_members6",
        "nft add element inet elastinet sg_1_in_ports6 { 6 . 22 . 2001:db8::/32 }",
        "nft add element inet elastinet own6 { 101 . 02:00:00:00:00:03 . 2001:db8::1 : 1 }",
        "nft insert rule inet elastinet discovery6 accept",
        "sysctl -w net.ipv6.conf.all.disable_ipv6=1",
    ],
)
def test_filters_and_knobs_are_mended_when_looked_at(machine: Machine, command: str) -> None:
    machine.boot(*REGION)
    rules, before = filters(machine), settled(machine)
    machine.inside("vpc-1", *command.split())
    assert machine.desire(observe=True) == {}
    machine.regains(state, before)
    assert filters(machine) == rules
    assert reaches(machine, "i-1", THREE)


def test_looking_finds_what_was_applied(machine: Machine) -> None:
    """Observed equals desired: a look at everything changes nothing."""
    machine.boot(*REGION)
    before, rules = settled(machine), filters(machine)
    for _ in range(2):
        assert machine.desire(observe=True) == {}
        machine.regains(state, before)
        assert filters(machine) == rules
    assert not [fact for fact in machine.facts if fact["type"] != "converged"]


def test_the_way_back_from_the_internet_is_mended(machine: Machine) -> None:
    machine.boot(*REGION)
    machine.ok("internet", f"ip -6 route del {BLOCK}; ip -6 addr flush dev v1")
    machine.until(lambda: pings(machine, "i-1", INTERNET), "an answer")


def test_a_lost_link_comes_back_with_its_addresses(machine: Machine) -> None:
    machine.boot(*REGION)
    machine.facts.clear()
    machine.inside("vpc-1", "ip", "link", "del", "e3")
    machine.wait(lambda fact: fact["type"] == "detached")
    machine.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-3")
    for address in (THREE, six(2, "31")):
        assert reaches(machine, "i-1", address)


def test_what_the_guest_took_away_stays_away(machine: Machine) -> None:
    machine.boot(*REGION)
    machine.ok("i-3", f"ip addr del {six(2, '31')}/128 dev eth0")
    assert machine.desire(observe=True) == {}
    assert six(2, "31") not in machine.ok("i-3", "ip -6 addr")
