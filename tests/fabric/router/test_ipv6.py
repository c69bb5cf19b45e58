"""IPv6 between instances and the router: addresses, groups, lists, routes, and a router that takes no hop."""

import re
import time

import pytest

from elastinet.fabric.contract import names
from elastinet.fabric.contract.names import INTERNET_MAC, ROUTER_MAC
from elastinet.fabric.contract.objects import Acl, AclEntry, Group, GroupRule, Members
from frames import icmp6, packets, seen
from machine import Machine
from parts import ALL, group, guest, network, table
from probes import fetch, pings, reaches, serve
from sixparts import ALL6, INTERNET, ROUTER, eni6, network6, six

ONE, TWO, THREE = six(1, "10"), six(1, "20"), six(2, "30")
OPEN = group(ALL, ALL6, egress=(ALL, ALL6))
BASE = (network6(), table(), OPEN)
PAIR = (guest(1), eni6(1, ONE), guest(2), eni6(2, TWO))
PING = GroupRule(58, 128, 0, "::/0")


def only(*ingress: GroupRule) -> Group:
    return group(*ingress, egress=(ALL, ALL6))


def http(peer: str = "::/0") -> GroupRule:
    return GroupRule(6, 80, 80, peer)


def test_neighbours_meet_in_and_between_subnets(machine: Machine) -> None:
    machine.boot(*BASE, *PAIR, guest(3), eni6(3, THREE))
    assert reaches(machine, "i-1", TWO)
    assert reaches(machine, "i-1", THREE)
    assert reaches(machine, "i-1", TWO, "-M do -s 8953")
    assert reaches(machine, "i-1", six(1, "1"))
    assert reaches(machine, "i-1", f"{ROUTER}%eth0")
    assert not pings(machine, "i-1", six(1, "99"))
    assert reaches(machine, "i-1", "10.0.1.20")


def test_the_router_takes_no_hop(machine: Machine) -> None:
    machine.boot(*BASE, *PAIR, guest(3), eni6(3, THREE))
    for hops in (1, 2, 64, 128, 254):
        text = machine.ok("i-1", f"ping -n -c1 -W1 -t {hops} {THREE}; ping -n -c1 -W1 {TWO}")
        assert text.count("ttl=64") == 2


def test_a_network_without_blocks_has_nothing_of_it(machine: Machine) -> None:
    machine.boot(network(), table(), OPEN, *PAIR)
    assert not machine.inside("vpc-1", "ip", "-6", "addr")
    assert not machine.inside("vpc-1", "ip", "-6", "route", "show", "table", "all")
    assert "6" not in re.sub(
        '6[78]|"[0-9a-f]{8}"',
        "",
        machine.inside("vpc-1", "nft", "list", "chain", "inet", "elastinet", "local"),
    )
    assert "ip6" not in machine.inside("vpc-1", "nft", "list", "ruleset")
    assert "inet6" not in machine.ok("i-1", "ip addr show eth0")
    assert reaches(machine, "i-1", "10.0.1.20")


def test_blocks_come_and_go(machine: Machine) -> None:
    plain = network()
    machine.boot(plain, table(("::/0", "blackhole")), OPEN, *PAIR)
    for _ in range(2):
        assert machine.desire(network6()) == {}
        machine.until(lambda: pings(machine, "i-1", TWO), "an answer")
        assert machine.desire(plain) == {}
        assert not pings(machine, "i-1", TWO)
        assert not machine.inside("vpc-1", "ip", "-6", "route", "show", "table", "all")


def test_groups_judge_both_families_apart(machine: Machine) -> None:
    machine.boot(network6(), table(), only(ALL), *PAIR)
    with serve(machine, "i-2"):
        assert machine.ok("i-1", fetch("10.0.1.20")) == "page\n"
        assert machine.exec("i-1", fetch(TWO))[0] != 0
        machine.desire(only(http()))
        assert machine.ok("i-1", fetch(TWO)) == "page\n"
        assert machine.exec("i-1", fetch("10.0.1.20"))[0] != 0
        for peer, status in ((f"{ONE}/128", 0), (f"{TWO}/128", 1), (six(1, "/64"), 0), (six(2, "/64"), 1)):
            machine.desire(only(http(peer)))
            assert machine.exec("i-1", fetch(TWO))[0] == status, peer
        machine.desire(only(http(), GroupRule(6, 70, 90, six(1, "/64")), GroupRule(-1, -1, -1, f"{ONE}/128")))
        assert machine.ok("i-1", fetch(TWO)) == "page\n"
        machine.desire(group(ALL6, egress=(ALL,)))
        assert machine.exec("i-1", fetch(TWO))[0] != 0
        machine.desire(group(ALL6, egress=(http(f"{TWO}/128"),)))
        assert machine.ok("i-1", fetch(TWO)) == "page\n"


def test_icmpv6_by_type_and_code(machine: Machine) -> None:
    machine.boot(network6(), table(), only(GroupRule(58, 129, -1, "::/0")), *PAIR)
    assert not pings(machine, "i-1", TWO)
    for rule in (PING, GroupRule(58, 128, -1, six(1, "/64")), GroupRule(58, -1, -1, "::/0")):
        machine.desire(only(rule))
        assert reaches(machine, "i-1", TWO), rule
    for rule in (GroupRule(58, 128, -1, six(2, "/64")), GroupRule(1, -1, -1, "::/0"), http()):
        machine.desire(only(rule))
        assert not pings(machine, "i-1", TWO), rule


def test_a_group_as_peer(machine: Machine) -> None:
    members = Members("sg-2", "vpc-1", frozenset({"10.0.1.10", ONE}))
    other = group(id="sg-2", egress=(ALL, ALL6))
    mine = eni6(1, ONE, groups=("sg-2",))
    machine.boot(network6(), table(), only(GroupRule(6, 80, 80, "sg-2")), other, members, guest(1), mine,
                 guest(2), eni6(2, TWO), guest(3), eni6(3, THREE))  # fmt: skip
    with serve(machine, "i-2"):
        assert machine.ok("i-1", fetch(TWO)) == "page\n"
        assert machine.ok("i-1", fetch("10.0.1.20")) == "page\n"
        assert machine.exec("i-3", fetch(TWO))[0] != 0
        machine.desire(Members("sg-2", "vpc-1", frozenset({THREE, f"{six(1, '')}/80"})))
        assert machine.ok("i-3", fetch(TWO)) == "page\n"
        assert machine.ok("i-1", fetch(TWO)) == "page\n", "its address lies in the prefix"
        machine.desire(Members("sg-2", "vpc-1", frozenset({THREE})))
        assert machine.exec("i-1", fetch(TWO))[0] != 0


def entry(
    number: int, cidr: str, protocol: int = -1, low: int = -1, high: int = -1, allow: bool = True
) -> AclEntry:
    return AclEntry(number, protocol, low, high, cidr, allow)


def test_lists_judge_both_families_apart(machine: Machine) -> None:
    v4, v6 = entry(100, "0.0.0.0/0"), entry(101, "::/0")
    there = {"acl": "acl-2"}

    def acl(*ingress: AclEntry, egress: tuple[AclEntry, ...] = (v4, v6)) -> Acl:
        return Acl("acl-2", "vpc-1", ingress, egress)

    machine.boot(*BASE, acl(v4), guest(1), eni6(1, ONE), guest(3), eni6(3, THREE, **there),
                 guest(4), eni6(4, six(2, "40"), **there))  # fmt: skip
    assert reaches(machine, "i-1", "10.0.2.30")
    assert not pings(machine, "i-1", THREE)
    assert reaches(machine, "i-4", THREE), "not inside a subnet"
    machine.desire(acl(v6))
    assert reaches(machine, "i-1", THREE)
    assert not pings(machine, "i-1", "10.0.2.30")
    machine.desire(acl(entry(90, f"{ONE}/128", allow=False), v4, v6))
    assert not pings(machine, "i-1", THREE)
    machine.desire(acl(entry(90, f"{TWO}/128", allow=False), v4, v6))
    assert reaches(machine, "i-1", THREE)
    machine.desire(acl(entry(1, "::/0", 58, 128, 0), egress=(entry(1, "::/0", 58, 129, -1),)))
    assert reaches(machine, "i-1", THREE)
    machine.desire(acl(entry(1, "::/0", 58, 128, 0), egress=(entry(1, "::/0", 58, 128, -1),)))
    assert not pings(machine, "i-1", THREE), "no state: the answer is judged by itself"


def test_the_internet_without_translation(machine: Machine) -> None:
    routes = table(("::/0", "igw"), ("0.0.0.0/0", "igw"))
    machine.boot(network6(igw="igw-1"), routes, OPEN, *PAIR)
    assert reaches(machine, "i-1", INTERNET)
    assert reaches(machine, "internet", ONE)
    with serve(machine, "i-1"), serve(machine, "internet"):
        assert machine.ok("internet", fetch(ONE)) == "page\n"
        assert machine.ok("i-1", fetch(INTERNET)) == "page\n"
    machine.desire(only(PING))
    with serve(machine, "i-1"):
        assert machine.exec("internet", fetch(ONE))[0] != 0
    machine.desire(table())
    assert not pings(machine, "i-1", INTERNET)
    assert reaches(machine, "i-1", TWO)


def test_only_assigned_addresses_reach_the_internet(machine: Machine) -> None:
    """What an interface without the check may send, its gateway still refuses; nor does it let such in."""
    machine.boot(network6(igw="igw-1"), table(("::/0", "igw")), OPEN, guest(1), eni6(1, ONE, check=False))
    with packets(machine, "i-1", "eth0") as inner, packets(machine, "internet", "v1") as outer:
        for source in (six(1, "77"), "fd00::1", "3fff::77", "fe80::77"):
            inner.send(icmp6(source, INTERNET, "02:00:00:00:00:01", ROUTER_MAC))
        inner.send(icmp6(ONE, "fd00::1", "02:00:00:00:00:01", ROUTER_MAC))
        inner.send(icmp6(ONE, INTERNET, "02:00:00:00:00:01", ROUTER_MAC))
        assert seen(outer) == [(ONE, INTERNET)]
        for source in (TWO, "fd00::1", "fe80::77"):
            outer.send(icmp6(source, ONE, INTERNET_MAC, ROUTER_MAC))
        outer.send(icmp6(INTERNET, ONE, INTERNET_MAC, ROUTER_MAC))
        assert seen(inner) == [(INTERNET, ONE)]


def test_out_by_an_egress_only_gateway(machine: Machine) -> None:
    both = network6(igw="igw-1", eigw="eigw-1")
    out, through = table(("::/0", "eigw")), table(("::/0", "igw"), id="rtb-2")
    machine.boot(both, out, through, OPEN, guest(1), eni6(1, ONE), guest(3), eni6(3, THREE, table="rtb-2"))
    with serve(machine, "internet"), serve(machine, "i-1"), serve(machine, "i-3"):
        for wanted in (both, network6(eigw="eigw-1")):
            machine.desire(wanted)
            machine.until(lambda: pings(machine, "i-1", INTERNET), "an answer")
            assert machine.ok("i-1", fetch(INTERNET)) == "page\n"
            assert machine.exec("internet", fetch(ONE))[0] != 0
            assert not pings(machine, "internet", ONE)
            assert (machine.exec("internet", fetch(THREE))[0] == 0) == (wanted is both)
    machine.desire(network6())
    assert not pings(machine, "i-1", INTERNET)


@pytest.mark.parametrize(("target", "outlives"), [("eigw", True), ("igw", False)])
def test_what_leaves_by_an_egress_only_gateway_is_tracked(
    machine: Machine, target: str, outlives: bool
) -> None:
    """Where rules for everybody let a flow through both ways it ends with them, unless it left that way."""
    both = network6(igw="igw-1", eigw="eigw-1")
    machine.boot(both, table(("::/0", target)), OPEN, guest(1), eni6(1, ONE))
    said = machine.disks / names.INTERNET / "root" / "root" / "said"
    listening = "rm -f /root/said; sleep 60 | busybox nc -l -p 8080 > /root/said"
    talk = (
        "(echo before; while ! test -e /root/go; do sleep 0.1; done; echo after; touch /root/after; sleep 60)"
    )
    talking = f"{talk} | busybox nc {INTERNET} 8080"
    with machine.server("internet", listening, 8080), machine.background("i-1", talking):
        machine.until(lambda: said.exists() and "before" in said.read_text(), "the first line")
        machine.desire(group())
        machine.ok("i-1", "touch /root/go")
        if outlives:
            machine.until(lambda: "after" in said.read_text(), "the second line")
        else:
            machine.until(lambda: machine.exec("i-1", "test -e /root/after")[0] == 0, "its being said")
            time.sleep(0.5)
            assert "after" not in said.read_text()


def test_the_check_decides_who_may_carry_for_others(machine: Machine) -> None:
    machine.boot(network6(), table(("2001:db8:ffff::/48", "eni-3"), ("::/0", "blackhole")), OPEN, *PAIR,
                 guest(3), eni6(3, THREE))  # fmt: skip
    machine.ok("i-3", "ip addr add 2001:db8:ffff::1/128 dev lo")
    assert not pings(machine, "i-1", "2001:db8:ffff::1")
    machine.desire(eni6(3, THREE, check=False))
    assert reaches(machine, "i-1", "2001:db8:ffff::1")
    machine.desire(eni6(3, THREE))
    assert not pings(machine, "i-1", "2001:db8:ffff::1")


def test_delegated_prefixes_are_the_interface_s_own(machine: Machine) -> None:
    prefixes = ("2001:db8:0:101:a::/80", "10.0.1.64/28")
    mine, theirs = "2001:db8:0:101:a::7", "2001:db8:0:101:b::7"
    machine.boot(*BASE, *PAIR)
    machine.ok(
        "i-1",
        f"ip addr add {mine}/128 dev lo; ip addr add 10.0.1.70/32 dev lo; ip addr add {theirs}/128 dev lo",
    )
    assert not pings(machine, "i-2", mine)
    assert not pings(machine, "i-2", "10.0.1.70")
    machine.desire(eni6(1, ONE, prefixes=prefixes))
    for address in (mine, "10.0.1.70"):
        machine.until(lambda address=address: pings(machine, "i-2", address), "it is asked for anew")
        assert reaches(machine, "i-1", {"1": "10.0.1.20", "2": TWO}[address[0]], f"-I {address}")
    assert not pings(machine, "i-1", TWO, f"-I {theirs}")
    machine.desire(eni6(1, ONE))
    assert not pings(machine, "i-2", mine)
    assert not pings(machine, "i-2", "10.0.1.70")


def test_large_packets_learn_of_the_gateway_s_mtu(machine: Machine) -> None:
    machine.boot(network6(igw="igw-1"), table(("::/0", "igw")), only(ALL, http()), *PAIR)
    assert "mtu=1500" in machine.exec("i-1", f"ping -n -c1 -W1 -M do -s 8000 {INTERNET}")[1]
    machine.ok("i-1", "ip -6 route flush cache; head -c 3000000 /dev/zero > /tmp/page.bin")
    with serve(machine, "i-1"):
        machine.ok(
            "internet",
            f"curl -g -s -m 5 -o /root/got http://[{ONE}]/page.bin && test $(stat -c %s /root/got) = 3000000",
        )


def test_fragments_are_judged_as_a_whole(machine: Machine) -> None:
    machine.boot(network6(), table(), only(PING), *PAIR)
    assert reaches(machine, "i-1", TWO, "-M dont -s 30000")
    machine.desire(only(GroupRule(58, 129, 0, "::/0"), http()))
    assert not pings(machine, "i-1", TWO, "-M dont -s 30000")
