"""A NAT gateway: many go out in its name, nobody comes in by it."""

import socket
from typing import Any

from elastinet.fabric.contract.objects import AnyObject, Appliance, Interface
from machine import Machine
from parts import ALL, eni, group, guest, network, table
from probes import fetch, pings, public, reaches, serve

OUT = table(("0.0.0.0/0", "igw"), id="rtb-2")
NAT = Appliance("nat-2", "vpc-1")


def gateway(**changes: Any) -> Interface:
    fields: dict[str, Any] = {"guest": "nat-2", "groups": (), "check": False, "table": "rtb-2"}
    return eni(2, "10.0.2.20", **(fields | changes))


def region() -> tuple[AnyObject, ...]:
    """Two private instances whose packets go out through the gateway in the public subnet."""
    base = (network(igw="igw-1"), table(("0.0.0.0/0", "eni-2")), OUT, group(), NAT, gateway(), public(2))
    return (*base, guest(1), eni(1, "10.0.1.10"), guest(3), eni(3, "10.0.1.30"))


def asking(machine: Machine) -> list[list[str]]:
    """The addresses and ports, as the kernel writes them, that are connected to port 82 in the internet."""
    lines = machine.ok("internet", "cat /proc/net/tcp /proc/net/tcp6").splitlines()
    rows = [line.split() for line in lines]
    return [row[2].split(":") for row in rows if row[1].endswith(":0052") and row[3] == "01"]


def test_private_instances_reach_the_internet_in_its_name(machine: Machine) -> None:
    machine.boot(*region())
    attached = {fact["interface"] for fact in machine.facts if fact["type"] == "attached"}
    assert "eni-2" in attached
    assert reaches(machine, "i-1", "203.0.113.1")
    with serve(machine, "internet"):
        assert machine.ok("i-1", fetch("203.0.113.1")) == "page\n"
        assert machine.ok("i-3", fetch("203.0.113.1")) == "page\n"
    with (
        machine.server("internet", "sleep 60 | busybox nc -l -p 82", 82),
        machine.background("i-1", "sleep 60 | busybox nc 203.0.113.1 82"),
    ):
        machine.until(lambda: asking(machine) != [], "the connection")
        ((address, port),) = asking(machine)
        assert socket.inet_ntoa(bytes.fromhex(address[-8:])[::-1]) == "203.0.113.102"
        assert int(port, 16) >= 1024


def test_idle_flows_are_remembered_as_long_as_on_ec2(machine: Machine) -> None:
    machine.boot(*region())
    sysctls = (
        "cd /proc/sys/net/netfilter; cat nf_conntrack_tcp_timeout_established nf_conntrack_udp_timeout_stream"
    )
    assert machine.inside("vpc-1", "sh", "-c", sysctls).split() == ["432000", "180"]
    assert machine.inside("nat-2", "sh", "-c", sysctls).split() == ["350", "350"]


def test_nobody_comes_in_by_it(machine: Machine) -> None:
    machine.boot(*region())
    assert reaches(machine, "i-1", "203.0.113.1")
    assert not pings(machine, "internet", "203.0.113.102")
    assert not pings(machine, "i-1", "10.0.2.20")
    machine.ok("internet", "ip route add 10.0.1.10 via 203.0.113.102 2>/dev/null || true")
    assert not pings(machine, "internet", "10.0.1.10")


def test_it_comes_and_goes(machine: Machine) -> None:
    machine.boot(*region())
    machine.desire(drop=("appliance:nat-2", "interface:eni-2"))
    assert machine.wait(lambda fact: fact["type"] == "detached")["interface"] == "eni-2"
    assert not pings(machine, "i-1", "203.0.113.1")
    machine.desire(NAT, gateway(attachment="attach-2"))
    machine.wait(lambda fact: fact["type"] == "attached" and fact["attachment"] == "attach-2")
    assert reaches(machine, "i-1", "203.0.113.1")
    machine.desire(drop=("mapping:203.0.113.102",))
    assert not pings(machine, "i-1", "203.0.113.1")


def test_what_is_changed_by_hand_is_mended(machine: Machine) -> None:
    machine.boot(*region())
    machine.inside("nat-2", "nft", "flush ruleset")
    assert machine.desire(observe=True) == {}
    assert reaches(machine, "i-1", "203.0.113.1")
    assert not pings(machine, "internet", "203.0.113.102")
    machine.inside("vpc-1", "ip", "link", "del", "e2")
    machine.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-2")
    assert reaches(machine, "i-1", "203.0.113.1")


def test_an_engine_that_comes_back_learns_of_it(machine: Machine) -> None:
    machine.boot(*region())
    machine.engine.close()
    machine.connect()
    machine.boot(*region(), whole=True)
    assert "eni-2" in {fact["interface"] for fact in machine.facts if fact["type"] == "attached"}


def test_the_same_flow_may_cross_the_router_twice(machine: Machine) -> None:
    """An appliance that forwards and does not translate: each hop asks the groups, and no packet is lost."""
    through = table(("10.0.2.0/24", "eni-2"), ("198.18.0.0/15", "eni-2"))
    back = table(id="rtb-2")
    middle, far = (
        eni(2, "10.0.2.20", check=False, table="rtb-3"),
        eni(3, "10.0.1.30", check=False, table="rtb-2"),
    )
    onwards = table(("198.18.0.0/15", "eni-3"), id="rtb-3")
    machine.boot(
        network(),
        through,
        back,
        onwards,
        group(ALL),
        guest(1),
        eni(1, "10.0.1.10"),
        guest(2),
        middle,
        guest(3),
        far,
    )
    machine.ok("i-2", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    machine.ok("i-3", "ip addr add 198.18.0.1/32 dev lo")
    with machine.server("i-3", "dd if=/dev/zero bs=1M count=20 2>/dev/null | busybox nc -l -p 80", 80):
        assert machine.ok("i-1", "sleep 3 | busybox nc -w 3 198.18.0.1 80 | wc -c") == f"{20 << 20}\n"
    assert reaches(machine, "i-1", "198.18.0.1")
