"""IPv6 through a NAT gateway: what is sent to 64:ff9b::/96 goes on as IPv4, in the gateway's name."""

import os
import socket

import msgspec
import pytest

from elastinet.fabric.agent.abilities import translation_fault
from elastinet.fabric.contract.objects import Acl, AclEntry
from elastinet.fabric.kernel import features
from machine import Machine
from nat64_region import EVERYWHERE, INTERNET64, NAT, gateway, region
from parts import ALL, group, table
from probes import fetch, pings, reaches, serve
from sixparts import ALL6

pytestmark = pytest.mark.skipif(translation_fault(None) is not None, reason=str(translation_fault(None)))


def failing(machine: Machine) -> str:
    """What a UDP packet to a closed port of an instance gets."""
    script = (
        "import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.settimeout(5);"
        "s.connect(('64:ff9b::10.0.2.40', 999)); s.send(b'x'); s.recv(9)"
    )
    return machine.exec("i-1", f'python3 -c "{script}" 2>&1')[1]


def asking(machine: Machine, port: str) -> set[str]:
    """Who is connected to a port of the internet."""
    rows = [line.split() for line in machine.ok("internet", "cat /proc/net/tcp /proc/net/tcp6").splitlines()]
    remote = [row[2].split(":")[0] for row in rows if row[1].endswith(port) and row[3] == "01"]
    return {socket.inet_ntoa(bytes.fromhex(address[-8:])[::-1]) for address in remote}


def test_instances_reach_ipv4_in_the_gateway_s_name(machine: Machine) -> None:
    machine.boot(*region())
    assert reaches(machine, "i-1", INTERNET64)
    with serve(machine, "internet"), serve(machine, "i-4"):
        for id in ("i-1", "i-3"):
            assert machine.ok(id, fetch(INTERNET64)) == "page\n"
            assert machine.ok(id, fetch("64:ff9b::10.0.2.40")) == "page\n", "a private address"
    with (
        machine.server("internet", "sleep 60 | busybox nc -l -p 82", 82),
        machine.background("i-1", f"sleep 60 | busybox nc {INTERNET64} 82"),
    ):
        machine.until(lambda: asking(machine, ":0052") == {"203.0.113.102"}, "the connection")


def test_errors_and_what_is_too_big(machine: Machine) -> None:
    machine.boot(*region())
    assert "Connection refused" in failing(machine)
    big = machine.exec("i-1", f"ping -n -c1 -W5 -s 1500 -M do {INTERNET64} 2>&1")[1]
    assert "Packet too big: mtu=1520" in big, "an IPv6 header is 20 bytes longer than an IPv4 one"
    assert reaches(machine, "i-1", INTERNET64, "-s 1472 -M do")
    with serve(machine, "internet"):
        machine.ok("internet", "head -c 400000 /dev/zero > /tmp/big")
        assert machine.ok("i-1", f"curl -sg -m 20 'http://[{INTERNET64}]/big' | wc -c").strip() == "400000"
    trace = machine.ok("i-1", "busybox traceroute6 -n -m 9 -w 2 64:ff9b::10.0.2.40")
    assert " 64:ff9b::a00:228 " in trace.splitlines()[-1]


def test_only_what_a_route_and_a_list_let_through(machine: Machine) -> None:
    machine.boot(*region())
    machine.desire(table(("0.0.0.0/0", "eni-2")))
    assert not pings(machine, "i-1", INTERNET64)
    machine.desire(table(("64:ff9b::cb00:0/112", "eni-2")))
    assert reaches(machine, "i-1", INTERNET64)
    assert not pings(machine, "i-1", "64:ff9b::10.0.2.40")
    machine.desire(group(ALL, ALL6, egress=(ALL,)))
    assert not pings(machine, "i-1", INTERNET64), "the sender's groups know it as IPv6"
    machine.desire(group(ALL, ALL6, egress=(ALL, ALL6)))
    allow = AclEntry(100, -1, -1, -1, "0.0.0.0/0", True)
    machine.desire(Acl("acl-1", "vpc-1", (allow,), (allow,)), gateway(acl="acl-1"))
    assert not pings(machine, "i-1", INTERNET64), "and so does the list of the gateway's subnet"


def test_nothing_else_of_ipv6_comes_in(machine: Machine) -> None:
    """An instance that forges what stands for IPv4 inside the gateway gets nowhere by it."""
    machine.boot(*region())
    machine.desire(table(EVERYWHERE, ("fd00:2ff::/96", "eni-2"), ("fd00:2ff:0:1::/64", "eni-2")))
    assert reaches(machine, "i-1", INTERNET64)
    assert not pings(machine, "i-1", "fd00:2ff::cb00:7101")
    assert not pings(machine, "i-1", "fd00:2ff:0:1::1")


def test_it_comes_and_goes_and_is_mended(machine: Machine) -> None:
    machine.boot(*region())
    goes = lambda: pings(machine, "i-1", INTERNET64)  # noqa: E731
    assert goes()
    machine.inside(
        "nat-2", "sh", "-c", "kill -9 $(busybox pidof tayga)"
    )  # the agent's own, none else is seen
    machine.until(goes, "tayga again")
    machine.inside("nat-2", "ip", "link", "del", "nat64")
    machine.until(goes, "its device again")
    machine.desire(msgspec.structs.replace(NAT, nat64=False))
    assert not goes()
    assert reaches(machine, "i-1", "203.0.113.1")
    machine.desire(NAT)
    assert goes()
    machine.desire(drop=("appliance:nat-2", "interface:eni-2"))
    assert not goes()


def test_it_has_no_power(machine: Machine) -> None:
    machine.boot(*region())
    status = machine.inside("nat-2", "sh", "-c", "cat /proc/$(busybox pidof tayga)/status")
    found = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(found["CapEff"], 16) == int(found["CapBnd"], 16) == 0
    assert found["NoNewPrivs"].strip() == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hide a program from an agent")
@pytest.mark.parametrize(
    ("hide", "why"),
    [
        (
            f"mount --bind /dev/null {features.find('tayga')}",
            "tayga is not installed",
        ),
        ("mount -t tmpfs none /dev/net", "/dev/net/tun"),
    ],
)
def test_a_machine_that_cannot_says_so_and_forwards_ipv4(hide: str, why: str) -> None:
    machine = Machine("root", before=hide)
    try:
        hello = machine.wait(lambda fact: fact["type"] == "hello")
        assert "nat64" in hello["features"]
        failed = machine.desire(*region())
        assert list(failed) == ["appliance:nat-2"]
        assert why in failed["appliance:nat-2"]
        machine.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-2")
        assert reaches(machine, "i-1", "203.0.113.1")
        assert not pings(machine, "i-1", INTERNET64)
    finally:
        machine.close()
