"""What instances of one subnet send to each other's MACs: neighbours, next hops, and who takes nothing for others."""

from typing import Any

import pytest

from elastinet.fabric.contract.names import ROUTER_MAC
from elastinet.fabric.contract.objects import Acl, AnyObject, GroupRule
from loads import limits
from machine import Machine
from parts import ALL, eni, group, guest, network, table
from probes import pings, reaches
from sixparts import ALL6, eni6, network6, six

BEHIND = "10.244.2.5"
"""An address that only the second instance knows."""
ONE, TWO = six(1, "10"), six(1, "20")
BEHIND6 = "2001:db8:ffff::5"


def mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def pair(**second: Any) -> tuple[AnyObject, ...]:
    """Two instances in one subnet, and one in another; checks are off but where something else is said."""
    third = eni(3, "10.0.2.30", check=False)
    ends = (eni(1, "10.0.1.10", check=False), eni(2, "10.0.1.20", **({"check": False} | second)), third)
    return (network(), table(), group(ALL), *map(guest, (1, 2, 3)), *ends)


def route(machine: Machine, behind: str = BEHIND) -> None:
    """Have the second one know an address, and the first one send there by it."""
    machine.ok("i-2", f"ip addr add {behind} dev lo")
    machine.ok("i-1", f"ip route add {behind} via 10.0.1.20")


def sends(machine: Machine, to: str, number: int = 9) -> None:
    """Have the first one send to an address nobody has, 10.0.1.`number`, with a MAC."""
    machine.ok("i-1", f"ip neigh replace 10.0.1.{number} lladdr {to} dev eth0")


def known(machine: Machine, guest: str, address: str) -> str:
    """The MAC that an instance has learnt of an address."""
    text = machine.ok(guest, f"ip neigh show {address} dev eth0")
    return text.split("lladdr ")[1].split()[0] if "lladdr" in text else ""


def arps(machine: Machine, address: str) -> str:
    return machine.exec("i-1", f"busybox arping -c1 -w1 -I eth0 {address}")[1]


def test_neighbours_have_their_own_macs(machine: Machine) -> None:
    more = {"addresses": ("10.0.1.20", "10.0.1.21"), "prefixes": ("10.0.1.32/28",)}
    machine.boot(*pair(**more))
    assert reaches(machine, "i-1", "10.0.1.20")
    assert reaches(machine, "i-1", "10.0.1.1")
    assert known(machine, "i-1", "10.0.1.20") == mac(2)
    assert known(machine, "i-2", "10.0.1.10") in (mac(1), ""), "who was asked may know it already"
    assert known(machine, "i-1", "10.0.1.1") == ROUTER_MAC
    for address in ("10.0.1.20", "10.0.1.21", "10.0.1.35"):
        assert f"[{mac(2)}]" in arps(machine, address)
    assert "Received 0 response" in arps(machine, "10.0.1.99")
    assert mac(3) not in arps(machine, "10.0.2.30"), "it is of another subnet"
    machine.ok("i-1", "ip neigh replace 10.0.1.20 lladdr 02:00:00:00:00:02 nud probe dev eth0")
    machine.until(
        lambda: "REACHABLE" in machine.ok("i-1", "ip neigh show 10.0.1.20"), "an answer to it alone"
    )


def test_a_next_hop_takes_what_is_not_for_it(machine: Machine) -> None:
    machine.boot(*pair())
    route(machine)
    assert reaches(machine, "i-1", BEHIND)
    assert "ttl=64" in machine.ok("i-1", f"ping -n -c1 -W1 {BEHIND}")
    machine.ok("i-1", f"ping -n -c1 -W1 -M do -s 8973 {BEHIND}")
    machine.ok("i-2", "iperf3 -s -1 -D")
    machine.until(lambda: not machine.exec("i-1", f"iperf3 -c {BEHIND} -n 50M")[0], "a stream")


def test_before_any_route_table(machine: Machine) -> None:
    """Where the VPC's own block, a blackhole and the internet would have it."""
    machine.boot(*pair(), table(("10.244.0.0/16", "blackhole"), ("0.0.0.0/0", "blackhole")))
    for number, address in enumerate((BEHIND, "10.0.2.77", "10.0.77.7", "203.0.113.1")):
        route(machine, address)
        assert reaches(machine, "i-1", address), number


def test_one_s_own_check_and_the_other_s(machine: Machine) -> None:
    machine.boot(*pair(check=True))
    route(machine)
    assert reaches(machine, "i-1", "10.0.1.20")
    assert not pings(machine, "i-1", BEHIND), "the receiver checks"
    machine.desire(eni(2, "10.0.1.20", check=False))
    assert reaches(machine, "i-1", BEHIND)
    machine.ok("i-1", "ip addr add 10.99.0.1 dev lo; ip route add 10.99.0.2 via 10.0.1.20 src 10.99.0.1")
    machine.ok("i-2", "ip addr add 10.99.0.2 dev lo; ip route add 10.99.0.1 via 10.0.1.10")
    assert reaches(machine, "i-1", "10.99.0.2")
    machine.desire(eni(1, "10.0.1.10"))
    assert reaches(machine, "i-1", BEHIND)
    assert not pings(machine, "i-1", "10.99.0.2"), "the sender checks"
    machine.desire(eni(2, "10.0.1.20"))
    assert not pings(machine, "i-1", BEHIND)


def test_groups_are_asked_and_lists_are_not(machine: Machine) -> None:
    """As for every packet that stays in its subnet."""
    nothing = Acl("acl-1", "vpc-1", (), ())
    strict = group(GroupRule(6, 80, 80, "0.0.0.0/0"), id="sg-2")
    machine.boot(*pair(acl="acl-1"), nothing, strict, eni(1, "10.0.1.10", check=False, acl="acl-1"))
    route(machine)
    assert reaches(machine, "i-1", BEHIND)
    assert not pings(machine, "i-3", "10.0.1.20"), "the list is asked of what comes from elsewhere"
    machine.desire(eni(2, "10.0.1.20", check=False, acl="acl-1", groups=("sg-2",)))
    assert not pings(machine, "i-1", BEHIND)
    assert not pings(machine, "i-1", "10.0.1.20")


def test_a_mac_that_is_not_of_the_subnet(machine: Machine) -> None:
    """Of another subnet, of nobody, or of everybody: nothing arrives."""
    machine.boot(*pair())
    machine.ok("i-3", "ip addr add 10.0.1.9 dev lo")
    machine.ok("i-2", "ip addr add 10.0.1.9 dev lo")
    for to, arrives in ((mac(3), 1), ("02:00:00:00:00:77", 1), ("ff:ff:ff:ff:ff:ff", 1), (mac(2), 0)):
        sends(machine, to)
        assert machine.exec("i-1", "ping -n -c1 -W1 10.0.1.9")[0] == arrives, to
    sends(machine, ROUTER_MAC)
    assert not pings(machine, "i-1", "10.0.1.9"), "by the route tables nobody has it"


def test_no_group_address_is_delivered(machine: Machine) -> None:
    machine.boot(*pair())
    heard = "awk '$1 == \"IpExt:\" && $2 ~ /[0-9]/ {print $4 + $6 + $16}' /proc/net/netstat"
    before = machine.ok("i-2", heard)
    machine.exec(
        "i-1", "ping -n -c1 -W1 -b 10.0.1.255; ping -n -c1 -W1 224.0.0.1; ping -n -c1 -W1 -b 255.255.255.255"
    )
    assert machine.ok("i-2", heard) == before


def test_a_server_that_answers_for_its_director(machine: Machine) -> None:
    """The director's address is also the server's, which answers the client itself (LVS, direct routing)."""
    director = eni(1, "10.0.1.10", addresses=("10.0.1.10", "10.0.1.11"), check=False)
    machine.boot(*pair(), director, guest(4), eni(4, "10.0.1.40"))
    machine.ok("i-2", "ip addr add 10.0.1.11 dev lo")
    machine.ok("i-1", "ip addr del 10.0.1.11/24 dev eth0; ip route add 10.0.1.11 via 10.0.1.20")
    machine.ok(
        "i-1",
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0",
    )
    assert reaches(machine, "i-4", "10.0.1.11")


def test_an_interface_that_moves_and_one_that_leaves(machine: Machine) -> None:
    machine.boot(*pair(), guest(4))
    route(machine)
    assert reaches(machine, "i-1", BEHIND)
    moved = eni(2, "10.0.1.20", guest="i-4", attachment="attach-2", check=False)
    machine.desire(moved)
    machine.ok("i-4", f"ip addr add {BEHIND} dev lo")
    assert reaches(machine, "i-1", BEHIND), "the MAC is the same"
    assert known(machine, "i-1", "10.0.1.20") == mac(2)
    machine.desire(drop=("interface:eni-2",))
    assert not pings(machine, "i-1", BEHIND)


def test_an_address_that_moves_is_announced(machine: Machine) -> None:
    """To those who knew its old MAC, also where nobody had it in between."""
    both = ("10.0.1.20", "10.0.1.100")
    machine.boot(*pair(check=True, addresses=both), guest(4), eni(4, "10.0.1.40"))
    assert reaches(machine, "i-1", "10.0.1.100")
    assert known(machine, "i-1", "10.0.1.100") == mac(2)
    taker = eni(4, "10.0.1.40", addresses=("10.0.1.40", "10.0.1.100"))
    machine.desire(eni(2, "10.0.1.20"), taker)
    machine.until(lambda: known(machine, "i-1", "10.0.1.100") == mac(4), "the new MAC")
    machine.ok("i-4", "ip addr replace 10.0.1.100/24 dev eth0")
    assert reaches(machine, "i-1", "10.0.1.100")
    machine.desire(drop=("interface:eni-4",))
    machine.desire(eni(2, "10.0.1.20", addresses=both))
    machine.until(lambda: known(machine, "i-1", "10.0.1.100") == mac(2), "the old MAC again")


@pytest.mark.parametrize("number", [1, 2])
def test_a_mediated_one(machine: Machine, number: int) -> None:
    machine.boot(*pair(), eni(number, f"10.0.1.{number}0", check=False, mediated=True))
    route(machine)
    assert reaches(machine, "i-1", BEHIND)


def test_what_waits_in_queues_on_its_way(machine: Machine) -> None:
    """Every packet is queued twice at limits this low, and loses nothing that it is known by."""
    machine.boot(*pair())
    route(machine)
    machine.desire(limits(1, 50), limits(2, 50))
    assert reaches(machine, "i-1", BEHIND)
    machine.ok("i-1", f"ping -n -q -c20 -i0.01 -s 8000 {BEHIND}")


def test_what_is_changed_by_hand_is_mended(machine: Machine) -> None:
    machine.boot(*pair())
    route(machine)
    for command in (
        "nft flush ruleset",
        "ip link del hop0",
        "ip link set hop1 down",
        "ip route flush table 51",
        "nft flush chain netdev elastinet at_e1",
        "nft delete chain netdev elastinet to_forwarder",
        "nft flush map netdev elastinet forwarder_link",
        "nft flush map arp elastinet macs",
    ):
        machine.inside("vpc-1", *command.split())
        assert machine.desire(observe=True) == {}, command
        assert reaches(machine, "i-1", BEHIND), command
        machine.ok("i-1", "ip neigh flush dev eth0")
        assert reaches(machine, "i-1", "10.0.1.20"), command
        assert known(machine, "i-1", "10.0.1.20") == mac(2), command


def test_in_ipv6(machine: Machine) -> None:
    base = (network6(), table(), group(ALL, ALL6, egress=(ALL, ALL6)), guest(1), guest(2))
    machine.boot(*base, eni6(1, ONE, check=False), eni6(2, TWO, check=False))
    machine.ok("i-1", f"ip -6 neigh replace {TWO} lladdr {mac(2)} dev eth0")
    machine.ok("i-1", f"ip -6 route add {TWO} dev eth0; ip -6 route add {BEHIND6} via {TWO} dev eth0")
    machine.ok("i-2", f"ip -6 addr add {BEHIND6} dev lo")
    assert reaches(machine, "i-1", TWO)
    machine.until(lambda: pings(machine, "i-1", BEHIND6), "the second one asks for the first one's MAC")
    machine.desire(eni6(2, TWO))
    assert reaches(machine, "i-1", TWO)
    assert not pings(machine, "i-1", BEHIND6)
    machine.ok("i-1", f"ip -6 neigh replace {TWO} lladdr 02:00:00:00:00:77 dev eth0")
    assert not pings(machine, "i-1", TWO)
