"""No packet gets round the limits of an instance, and what is no bandwidth of the network's is not held up."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from elastinet.fabric.contract.objects import AnyObject, Mapping
from loads import MBIT, Load, arriving, carries, limits, serving
from machine import Machine
from parts import ALL, group, guest, table, things
from sixparts import ALL6, INTERNET, eni6, network6, six

pytestmark = pytest.mark.parametrize("running", ["rootless"], indirect=True)
PUBLIC = "203.0.113.101"
MUCH = MBIT
"""Octets that take almost half a second by the least limit here."""
TAGGED = """
import socket, struct, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("eth0", 0))
own = open("/sys/class/net/eth0/address").read().strip()
header = bytes.fromhex("450005940000000040110000") + socket.inet_aton("10.0.1.10") + socket.inet_aton("10.0.1.20")
total = sum(struct.unpack("!10H", header))
total = (total & 0xFFFF) + (total >> 16)
packet = header[:10] + struct.pack("!H", ~total & 0xFFFF) + header[12:] + struct.pack("!4H", 9, 9, 1408, 0)
frame = bytes.fromhex("0e0000000001" + own.replace(":", "") + sys.argv[1] + "0800") + packet + bytes(1400)
while True:
    out.send(frame)
"""
FLOOD = """
import socket, sys, time
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
outs = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(int(sys.argv[3]))]
while True:
    for out in outs:
        out.sendto(bytes(int(sys.argv[2])), (sys.argv[1], 9))
    time.sleep(0.001)
"""


def things6(*guests: int) -> list[AnyObject]:
    """Some guests with both families in one subnet, and a way to the internet."""
    base: list[AnyObject] = [
        network6(igw="igw-1", resolver="10.0.0.2"),
        table(("0.0.0.0/0", "igw"), ("::/0", "igw")),
        group(ALL, ALL6, egress=(ALL, ALL6)),
    ]
    return [*base, *(item for n in guests for item in (guest(n), eni6(n, six(1, f"{n}0"))))]


@contextmanager
def program(machine: Machine, number: int, text: str, *words: object) -> Iterator[None]:
    """A Python program in a guest, once it has sent much."""
    machine.ok(f"i-{number}", f"cat > /root/program <<'END'{text}END")

    def sent() -> int:
        return int(machine.ok(f"i-{number}", "cat /sys/class/net/eth0/statistics/tx_bytes"))

    before = sent()
    with machine.background(f"i-{number}", f"exec python3 /root/program {' '.join(map(str, words))}"):
        machine.until(lambda: sent() > before + MUCH, "the packets")
        yield


@pytest.mark.parametrize("mbit", [20, 400])
@pytest.mark.parametrize("tags", ["", "81000000", "8100000081000000", "88a8000081000000"])
def test_tags_of_vlans_lead_nowhere_round(machine: Machine, mbit: int, tags: str) -> None:
    """The router takes off as many tags of VLAN 0 as there are."""
    machine.boot(*things(1, 2), limits(1, mbit), limits(2, 4000))
    with program(machine, 1, TAGGED, tags or "''"):
        assert arriving(machine, "i-2") <= mbit * 1.02


def test_fragments_are_one_flow(machine: Machine) -> None:
    """Only the first of a datagram has ports."""
    machine.boot(*things6(1, 2), limits(1, 200, flow_bps=20 * MBIT), limits(2, 400))
    for address in ("10.0.1.20", six(1, "20")):
        with program(machine, 1, FLOOD, address, 17000, 1):
            carries(20, lambda: arriving(machine, "i-2"))


def test_packets_forget_their_flow_when_they_leave_the_queue(machine: Machine) -> None:
    """A mark that is left over would choose their route table, and a subnet for its network ACL."""
    machine.boot(*things(1), Mapping(PUBLIC, "vpc-1", "10.0.1.10", "i-1"))
    machine.desire(limits(1, 200, gateway_bps=60 * MBIT, flow_bps=40 * MBIT))
    hook = "{ type filter hook prerouting priority raw + 1; }"
    machine.inside("vpc-1", "nft", f"add table inet seen; add chain inet seen seen {hook}")
    machine.inside("vpc-1", "nft", "add rule inet seen seen iif igw0 meta mark != 0 counter")
    machine.inside("vpc-1", "nft", "add rule inet seen seen iif igw0 counter")
    machine.ok("internet", f"ping -c 3 -i 0.1 {PUBLIC}")
    shown = machine.inside("vpc-1", "nft", "list table inet seen")
    assert [line.split()[-3] for line in shown.splitlines() if "counter" in line] == ["0", "3"]


@pytest.mark.parametrize("mbit", [20, 400])
def test_the_services_answer_at_full_load(machine: Machine, mbit: int) -> None:
    """Metadata, DNS, ARP and neighbour discovery are between an instance and its router."""
    machine.boot(*things6(1, 2), limits(1, mbit), limits(2, 4000))
    for number, address in ((1, "10.0.1.20"), (1, six(1, "20")), (2, "10.0.1.10")):
        with program(machine, number, FLOOD, address, 1400, 20 + mbit // 8):
            machine.ok("i-1", "ip neigh flush all")
            for service in ("169.254.169.254", "10.0.0.2", "fe80::c00:ff:fe00:1%eth0"):
                said = machine.ok("i-1", f"ping -n -c 10 -i 0.1 -W 1 {service}")
                assert "10 received" in said or "9 received" in said, said


@pytest.fixture
def outside(machine: Machine) -> Iterator[Load]:
    """A guest with a delegated prefix, and a server in the internet."""
    mine = "2001:db8:0:101:a::7"
    machine.boot(*things6(1), limits(1, 200, gateway_bps=40 * MBIT))
    machine.desire(eni6(1, six(1, "10"), prefixes=("2001:db8:0:101:a::/80",)))
    machine.ok("i-1", f"ip addr add {mine}/128 dev lo")
    with serving(machine, "internet"):
        yield Load(machine, "i-1", "internet", f"{INTERNET} -B {mine}")


def test_a_delegated_prefix_has_the_gateway_s_limit(machine: Machine, outside: Load) -> None:
    wanted = 40 * (1500 - 72) / 1514
    carries(wanted, outside.mbit)
    carries(wanted, lambda: outside.mbit("-R"))
    assert machine.desire(observe=True) == {}
    carries(wanted, outside.mbit)


def test_what_ipv6_brings_is_in_no_class_of_what_is_sent(machine: Machine) -> None:
    """The receiver's queue must not take it for what it sends itself, which has a limit by flow."""
    machine.boot(*things6(1, 2), limits(1, 200, flow_bps=100 * MBIT), limits(2, 40, flow_bps=20 * MBIT))
    with serving(machine, "i-2"):
        carries(40 * (9001 - 72) / 9015, Load(machine, "i-1", "i-2", six(1, "20")).mbit)
