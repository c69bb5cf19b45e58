"""ICMP errors through the internet gateway and NAT gateways: they arrive, and programs hear of them."""

import pytest

import quotes
from elastinet.fabric.contract.objects import Acl, AclEntry, AnyObject
from frames import packets
from gateways import BY_ITSELF, HERE, INTERNET, PUBLIC, SILENT, THERE, by_gateway, by_nat
from machine import Machine
from parts import eni, group
from quotes import (
    ICMP,
    KINDS,
    TCP,
    UDP,
    datagram,
    error,
    hears,
    is_error,
    send,
    source_of,
    target_of,
    timeless,
    true,
)

FAR = "198.51.100.7"
SAY = "echo x >&3"


@pytest.mark.parametrize("protocol", [UDP, TCP, ICMP])
def test_one_that_leaves(machine: Machine, protocol: int) -> None:
    machine.boot(*by_gateway())
    machine.ok("i-1", BY_ITSELF)
    with packets(machine, "i-1", "eth0") as here, packets(machine, "internet", INTERNET) as there:
        for kind in KINDS:
            sent = datagram(THERE, PUBLIC, protocol)
            send(there, sent)
            came = hears(here, lambda packet: packet[9] == protocol and packet.endswith(b"data"))
            assert came is not None
            assert target_of(came) == HERE
            send(here, error(HERE, THERE, kind, came))
            heard = hears(there, is_error(kind))
            assert heard is not None, kind
            assert true(heard), kind
            assert source_of(heard) == PUBLIC
            assert timeless(quotes.quotes(heard)) == timeless(sent), kind


@pytest.mark.parametrize("things", [by_gateway(), by_nat()], ids=["internet gateway", "NAT gateway"])
def test_what_programs_hear_of_it(machine: Machine, things: tuple[AnyObject, ...]) -> None:
    machine.boot(*things)
    narrow = f"ip route add {FAR} via 100.64.0.1 dev {INTERNET} onlink mtu lock 1400"
    machine.ok("internet", f"{narrow} 2>/dev/null || ip route get {FAR}")
    assert (
        "refused"
        in machine.exec("i-1", f"exec bash -c 'exec 3<>/dev/udp/203.0.113.1/9; {SAY}; sleep 0.3; {SAY}'")[1]
    )
    assert " 203.0.113.1 " in machine.ok("i-1", "busybox traceroute -n -m 3 -q 1 -w 2 203.0.113.1 | tail -1")
    assert "mtu = 1400" in machine.exec("i-1", f"ping -n -c1 -W2 -M do -s 1430 {FAR}")[1]
    assert "mtu 1400" in machine.ok("i-1", f"ip route get {FAR}")
    assert "exceeded" in machine.exec("i-1", f"ping -n -c1 -W2 -t {2 if things == by_nat() else 1} {FAR}")[1]


def test_a_list_that_denies_icmp_keeps_errors_out(machine: Machine) -> None:
    """So it breaks the discovery of a path's MTU, as the user guide warns."""
    every = AclEntry(100, -1, -1, -1, "0.0.0.0/0", True)
    deny = AclEntry(90, ICMP, -1, -1, "0.0.0.0/0", False)
    only = AclEntry(80, ICMP, 3, 4, "0.0.0.0/0", True)
    machine.boot(*by_gateway(), Acl("acl-1", "vpc-1", (every,), (every,)), eni(1, HERE, acl="acl-1"))
    machine.ok("internet", f"ip route replace blackhole {SILENT}")
    with packets(machine, "i-1", "eth0") as here, packets(machine, "internet", INTERNET) as there:
        for entries, kind, comes in (
            ((every,), (3, 4), True),
            ((deny, every), (3, 4), False),
            ((only, deny, every), (3, 4), True),
            ((only, deny, every), (3, 3), False),
        ):
            machine.desire(Acl("acl-1", "vpc-1", entries, (every,)))
            send(here, datagram(HERE, SILENT, UDP))
            came = hears(there, lambda packet: packet[9] == UDP and packet.endswith(b"data"))
            assert came is not None
            send(there, error(SILENT, PUBLIC, kind, came))
            assert (hears(here, is_error(kind), 5 if comes else 0.5) is not None) is comes, (entries, kind)


def test_one_about_nobody_s_packet_is_dropped(machine: Machine) -> None:
    """It belongs to no flow, so that it would be a new one; and it is not echo that a group could let in."""
    machine.boot(*by_gateway(), group())
    with packets(machine, "i-1", "eth0") as here, packets(machine, "internet", INTERNET) as there:
        strange = datagram(PUBLIC, THERE, UDP, b"never sent")
        send(there, error(THERE, PUBLIC, (3, 3), strange))
        assert hears(here, is_error((3, 3)), 0.5) is None
