"""What instances may send and receive is what arrives: in all, by flow, by card, at gateways, between regions."""

import re
from collections.abc import Iterator

import pytest

from elastinet.fabric.contract.objects import FlowLimitPeers, GroupRule, Mapping
from elastinet.rules.allowances import Allowance
from loads import Load, arriving, carries, data, flowing, limits, measured, nearer, serving
from machine import Machine
from parts import eni, group, guest, things
from vpcs import between, side

MBIT = 10**6
PUBLIC = "203.0.113.101"
pytestmark = pytest.mark.parametrize("running", ["rootless"], indirect=True)
"""Who has no root has the same queues; the law of the forecast meets them as root."""


@pytest.fixture
def to_2(machine: Machine) -> Iterator[Load]:
    """Two guests, of which the second listens."""
    machine.boot(*things(1, 2))
    with serving(machine, "i-2"):
        yield Load(machine, "i-1", "i-2", "10.0.1.20")


def test_an_instance_sends_and_receives_what_it_may(machine: Machine, to_2: Load) -> None:
    assert machine.desire(limits(1, 200), limits(2, 100)) == {}
    carries(data(100), to_2.mbit)
    carries(data(100), lambda: to_2.mbit("-R"))
    assert machine.desire(limits(1, 60)) == {}
    carries(data(60), to_2.mbit)
    carries(data(60), lambda: to_2.mbit("-R"))


def test_both_directions_are_limited_apart(machine: Machine, to_2: Load) -> None:
    machine.desire(limits(1, 100), limits(2, 100))

    with flowing(machine, "i-1", "10.0.1.20 --bidir"):
        for guest in ("i-1", "i-2"):
            carries(data(100), lambda guest=guest: arriving(machine, guest))


def test_flows_have_a_limit_of_their_own_until_that_of_the_instance_binds(
    machine: Machine, to_2: Load
) -> None:
    machine.desire(limits(1, 200, flow_bps=50 * MBIT), limits(2, 400))
    for flows, mbit in ((1, 50), (3, 150), (8, 200)):
        carries(data(mbit), lambda flows=flows: to_2.mbit(f"-P {flows}"))
    carries(data(50, "udp"), lambda: to_2.mbit("-u -b 0 -l 8000"))


def test_nothing_is_dropped_to_slow_tcp_down(machine: Machine, to_2: Load) -> None:
    machine.desire(limits(1, 100, flow_bps=50 * MBIT), limits(2, 80))
    sent = to_2.run("-P 4", 2)["end"]["sum_sent"]
    assert sent["retransmits"] * 8000 <= sent["bytes"] / 1000


def test_a_second_interface_adds_no_bandwidth(machine: Machine, to_2: Load) -> None:
    second = eni(11, "10.0.1.11", guest="i-1", device="eth1")
    machine.boot(second)
    machine.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-11")
    machine.desire(limits(1, 100), limits(2, 400))
    route = "ip route add 10.0.1.20/32 dev eth1 src 10.0.1.11 table 101; ip rule add from 10.0.1.11 table 101"
    machine.exec("i-1", route)
    with serving(machine, "i-2", 5202):
        other = Load(machine, "i-1", "i-2", "10.0.1.20 -p 5202 -B 10.0.1.11")
        with flowing(machine, "i-1", "10.0.1.20 -P 2"):
            carries(data(100), lambda: other.mbit("-P 2"))


def test_flows_near_by_may_have_more(machine: Machine, to_2: Load) -> None:
    """By the protocol and by the interface, too, where it takes more than the address."""
    there = FlowLimitPeers("pg-1", ("vpc-1",), frozenset({"10.0.1.20"}))
    machine.desire(there, limits(2, 400))
    for near, tcp, udp in (
        (nearer("pg-1", 100, 6), 100, 50),
        (nearer("pg-1", 100, 17, interfaces=("eni-1",)), 50, 100),
        (nearer("pg-1", 100, interfaces=("eni-9",)), 50, 50),
    ):
        assert machine.desire(limits(1, 200, flow_bps=50 * MBIT, nearer=(near,))) == {}
        carries(data(tcp), to_2.mbit)
        carries(data(udp, "udp"), lambda: to_2.mbit("-u -b 0 -l 8000"))
    machine.desire(limits(1, 200, flow_bps=50 * MBIT, nearer=(nearer("pg-1", 100),)))
    carries(data(100), to_2.mbit)
    machine.desire(FlowLimitPeers("pg-1", ("vpc-1",), frozenset({"10.0.1.99"})))
    carries(data(50), to_2.mbit)


def test_a_card_has_its_share(machine: Machine, to_2: Load) -> None:
    cards = (Allowance(60 * MBIT, 60 * MBIT),) * 2
    machine.desire(limits(1, 100, cards=cards, flow_bps=40 * MBIT), limits(2, 400))
    carries(data(60), lambda: to_2.mbit("-P 4"))
    carries(data(40), to_2.mbit)
    machine.desire(eni(1, "10.0.1.10", card=1))
    carries(data(60), lambda: to_2.mbit("-P 4"))


def test_less_goes_through_an_internet_gateway(machine: Machine) -> None:
    """An MTU of 1500 leaves less of it for data; the other instance has no such limit."""
    more = Mapping("203.0.113.102", "vpc-1", "10.0.1.20", "i-2")
    machine.boot(*things(1, 2), Mapping(PUBLIC, "vpc-1", "10.0.1.10", "i-1"), more)
    machine.desire(limits(1, 200, gateway_bps=60 * MBIT, flow_bps=40 * MBIT), limits(2, 100))
    with serving(machine, "internet"):
        out, other = (
            Load(machine, "i-1", "internet", "203.0.113.1"),
            Load(machine, "i-2", "internet", "203.0.113.1"),
        )
        carries(data(60, mtu=1500), lambda: out.mbit("-P 3"))
        carries(data(60, mtu=1500), lambda: out.mbit("-P 3 -R"))
        carries(data(40, mtu=1500), lambda: out.mbit("-R"))
        carries(data(100, mtu=1500), lambda: other.mbit("-P 2 -R"))
        carries(data(100, mtu=1500), lambda: other.mbit("-P 2"))
    with serving(machine, "i-2"):
        carries(data(100), lambda: Load(machine, "i-1", "i-2", "10.0.1.20").mbit("-P 4"))


def test_two_instances_share_what_goes_between_regions(machine: Machine) -> None:
    over = between(2, 1, mtu=8500, bandwidth_bps=60 * MBIT)
    every = (GroupRule(6, 1, 65535, "0.0.0.0/0"),)
    routes = {1: ("10.2.0.0/16", "pcx-21"), 2: ("10.1.0.0/16", "pcx-21")}
    sides = [item for n in (1, 2) for item in side(n, routes[n])]
    groups = [group(*every, id=f"sg-{n}", network=f"vpc-{n}") for n in (1, 2)]
    third = eni(3, "10.1.1.30", network="vpc-1", subnet="10.1.1.0/24", gateway="10.1.1.1", groups=("sg-1",))
    machine.boot(*sides, *groups, over, guest(3), third)
    with serving(machine, "i-2"), serving(machine, "i-2", 5202):
        alone, other = (
            Load(machine, "i-1", "i-2", "10.2.1.10"),
            Load(machine, "i-3", "i-2", "10.2.1.10 -p 5202"),
        )
        carries(data(60, mtu=8500), alone.mbit)
        carries(data(60, mtu=8500), lambda: alone.mbit("-R"))
        with flowing(machine, "i-1", "10.2.1.10"):
            carries(data(60, mtu=8500), other.mbit)
    machine.desire(between(2, 1, mtu=8500))
    with serving(machine, "i-2"):
        assert Load(machine, "i-1", "i-2", "10.2.1.10").mbit() > 100


def test_ipv6_is_limited_alike(machine: Machine) -> None:
    sides = [item for n in (1, 2) for item in side(n, (f"2001:db8:0:{3 - n}00::/56", "pcx-21"))]
    every = GroupRule(-1, -1, -1, "::/0")
    groups = [group(every, id=f"sg-{n}", network=f"vpc-{n}", egress=(every,)) for n in (1, 2)]
    machine.boot(*sides, *groups, between(2, 1))
    own = ("vpc-1",)
    machine.desire(limits(1, 100, flow_bps=40 * MBIT, networks=own), limits(2, 80, networks=("vpc-2",)))
    with serving(machine, "i-2"):
        load = Load(machine, "i-1", "i-2", "2001:db8:0:201::10")
        carries(40 * (9001 - 72) / 9015, load.mbit)
        carries(80 * (9001 - 72) / 9015, lambda: load.mbit("-P 4"))


def test_few_packets_go_by_the_queue(machine: Machine, to_2: Load) -> None:
    """What cannot reach a limit waits nowhere; once there is more, all waits, and later none again."""
    machine.desire(limits(1, 400), limits(2, 400))
    to_2.run("-u -b 20M -l 1000")
    assert passed(machine, "i-1") == passed(machine, "i-2") == 0
    to_2.run()
    assert passed(machine, "i-1") > 10**6
    machine.ok("i-1", "sleep 1.2")
    before = passed(machine, "i-1")
    to_2.run("-u -b 20M -l 1000")
    assert passed(machine, "i-1") == before


def passed(machine: Machine, instance: str) -> int:
    """The octets that have gone through an instance's queue."""
    shown = machine.inside("vpc-1", "tc", "-s", "class", "show", "dev", instance.replace("i-", "q"))
    words = shown.split()
    return sum(int(words[at + 1]) for at, word in enumerate(words) if word == "Sent")


def test_what_this_machine_cannot_carry_is_not_limited(machine: Machine, to_2: Load) -> None:
    machine.desire(limits(1, 100), limits(2, 10**9))
    assert "q1" in machine.inside("vpc-1", "ip", "link", "show")
    assert "q2" not in machine.inside("vpc-1", "ip", "link", "show")
    machine.desire(drop=("bandwidth:i-1",))
    shown = machine.inside("vpc-1", "ip", "link", "show") + machine.inside("vpc-1", "nft", "list", "ruleset")
    assert "q1" not in shown
    assert "watch" not in shown
    assert "e1" in shown
    assert to_2.mbit() > 200


HARM = (
    "ip link del q1",
    "tc qdisc del dev q1 root",
    "tc class change dev q1 classid 1:1 htb rate 1gbit ceil 1gbit",
    "tc qdisc del dev e1 clsact",
    "nft flush chain netdev elastinet out_e1",
    "nft flush table netdev elastinet",
    "tc qdisc del dev igw0 root",
)


def seen(machine: Machine) -> list[str]:
    """What limits packets in a router, line by line; numbers that the kernel gives are left out."""
    inside = machine.inside
    shown = inside("vpc-1", "nft", "-s", "list", "table", "netdev", "elastinet")
    shown += "".join(inside("vpc-1", "tc", "class", "show", "dev", link) for link in ("q1", "igw0"))
    shown += inside("vpc-1", "tc", "filter", "show", "dev", "e1", "egress")
    return sorted(re.sub(r"index \d+|expires \S+", "", shown).splitlines())


def test_what_is_changed_by_hand_is_mended(machine: Machine) -> None:
    mapping = Mapping(PUBLIC, "vpc-1", "10.0.1.10", "i-1")
    machine.boot(*things(1, 2), mapping, limits(1, 100, gateway_bps=50 * MBIT, flow_bps=50 * MBIT))
    before = seen(machine)
    for harm in HARM:
        machine.inside("vpc-1", *harm.split())
        assert machine.desire(observe=True) == {}
        assert seen(machine) == before, harm
    with serving(machine, "i-2"):
        load = Load(machine, "i-1", "i-2", "10.0.1.20")
        carries(data(100), lambda: load.mbit("-P 4"))
        carries(data(100), lambda: load.mbit("-P 4 -R"))


def test_a_restarted_instance_is_limited_again(machine: Machine) -> None:
    machine.boot(*things(1, 2), limits(1, 60, gateway_bps=30 * MBIT), limits(2, 400))
    machine.boot(guest(1, boot=2))
    with serving(machine, "i-2"):
        carries(data(60), Load(machine, "i-1", "i-2", "10.0.1.20").mbit)
    machine.desire(drop=("guest:i-1", "interface:eni-1", "bandwidth:i-1"))
    left = machine.inside("vpc-1", "nft", "list", "table", "netdev", "elastinet")
    assert "i_1" not in left
    assert "_e1 " not in left


def test_what_has_passed_is_told(machine: Machine, to_2: Load) -> None:
    machine.desire(limits(1, 60), limits(2, 400))
    before = measured(machine)
    to_2.run()
    after = measured(machine)
    sent = after["interfaces"]["eni-1"]["sent_bytes"] - before["interfaces"]["eni-1"]["sent_bytes"]
    got = after["interfaces"]["eni-2"]["received_bytes"] - before["interfaces"]["eni-2"]["received_bytes"]
    assert sent > 5 * MBIT / 8
    assert abs(sent - got) < sent / 10
    assert after["out"]["i-1"]["bps"] == 60 * MBIT
    waits = [sum(told["out"]["i-1"]["waited"].values()) for told in (before, after)]
    assert waits[1] > waits[0]
    assert sum(after["into"]["i-2"]["waited"].values()) < waits[1] / 10
    to_2.run("-u -b 0 -l 1000 -P 20")
    assert measured(machine)["out"]["i-1"]["dropped"] > 0
