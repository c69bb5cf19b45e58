"""What a NAT gateway forgets, resets, drops and counts."""

from typing import Any

import msgspec

from elastinet.catalog.network import NAT_CONNECTIONS
from elastinet.fabric.contract.messages import Measure
from elastinet.fabric.contract.objects import AnyObject, Appliance, Interface
from machine import Machine
from parts import eni, group, guest, network, table
from probes import pings, public, reaches

OUT = table(("0.0.0.0/0", "igw"), id="rtb-2")
THERE = "203.0.113.1"


def gateway() -> Interface:
    return eni(2, "10.0.2.20", guest="nat-2", groups=(), check=False, table="rtb-2")


def region(idle: int = 350) -> tuple[AnyObject, ...]:
    base = (network(igw="igw-1"), table(("0.0.0.0/0", "eni-2")), OUT, group(), gateway(), public(2))
    return (*base, Appliance("nat-2", "vpc-1", idle=idle), guest(1), eni(1, "10.0.1.10"))


def counted(machine: Machine) -> dict[str, Any]:
    """What the gateway has counted, as the engine is told it."""
    machine.facts.clear()
    machine.engine.sendall(msgspec.json.encode(Measure(1)) + b"\n")
    return machine.wait(lambda fact: fact["type"] == "measured", "the counters")["gateways"]["nat-2"]


SERVER = """
import socket, time
connection, _ = socket.create_server(("0.0.0.0", 82)).accept()
connection.recv(1)
time.sleep(10)
connection.send(b"late")
time.sleep(60)
"""
CLIENT = """
import socket, sys, time
connection = socket.create_connection(("203.0.113.1", 82))
connection.send(b"x")
connection.settimeout(14)
try:
    print("heard", connection.recv(9))
except TimeoutError:
    print("silence")
connection.settimeout(30)
connection.send(b"y")
try:
    print("heard", connection.recv(9))
except ConnectionResetError:
    print("reset")
"""
BUSY = """
import socket, time
connection = socket.create_connection(("203.0.113.1", 82))
for _ in range(24):
    connection.send(b"x")
    time.sleep(0.5)
print(connection.recv(9))
"""


def test_what_was_idle_is_reset(machine: Machine) -> None:
    """Nothing comes in any more, and the next packet from inside gets a RST; a busy one lives."""
    machine.boot(*region(idle=4))
    with machine.server("internet", f"python3 -c '{SERVER}'", 82):
        assert machine.ok("i-1", f"python3 -c '{CLIENT}'").split() == ["silence", "reset"]
    told = counted(machine)
    assert told["idle"] >= 1
    with machine.server("internet", f"python3 -c '{SERVER}'", 82):
        assert machine.ok("i-1", f"python3 -c '{BUSY}'") == "b'late'\n"
    assert counted(machine) == told


UDP_FRAGMENTS = """
import socket
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.settimeout(5)
own.sendto(b"u" * 4000, ("203.0.113.1", 83))
print(len(own.recv(9000)))
"""
UDP_ECHO = """
import socket
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind(("0.0.0.0", 83))
print("up", flush=True)
data, who = own.recvfrom(9000)
own.sendto(data, who)
"""
TCP_FRAGMENTS = """
import socket, struct
def checked(head, body, source, target):
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    whole = ends + struct.pack("!BBH", 0, 6, len(head + body)) + head + body
    words = struct.unpack(f"!{len(whole) // 2}H", whole)
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
def send(port, in_parts):
    syn = struct.pack("!HHIIBBHHH", port, 84, 1, 0, 5 << 4, 2, 1024, 0, 0)
    body = bytes(44)
    syn = syn[:16] + struct.pack("!H", checked(syn, body, "10.0.1.10", "203.0.113.1")) + syn[18:]
    whole = syn + body
    parts = [(0, whole[:32], True), (32, whole[32:], False)] if in_parts else [(0, whole, False)]
    for at, part, more in parts:
        offset = at // 8 | (0x2000 if more else 0)
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(part), port, offset, 64, 6, 0,
                           socket.inet_aton("10.0.1.10"), socket.inet_aton("203.0.113.1"))
        raw.sendto(head + part, ("203.0.113.1", 0))
send(50001, True)
send(50002, False)
"""


def test_fragments_of_udp_only(machine: Machine) -> None:
    machine.boot(*region())
    machine.ok("i-1", "ip link set eth0 mtu 1500")
    with machine.background("internet", f"python3 -c '{UDP_ECHO}'"):
        listens = "grep -q ':0053 ' /proc/net/udp"
        machine.until(lambda: machine.exec("internet", listens)[0] == 0, "the server")
        assert machine.ok("i-1", f"python3 -c '{UDP_FRAGMENTS}'") == "4000\n"
    assert counted(machine)["dropped"] == 0
    assert reaches(machine, "i-1", THERE)
    assert not pings(machine, "i-1", THERE, "-s 4000")
    after_icmp = counted(machine)["dropped"]
    assert after_icmp >= 2, "each fragment is a packet"
    count_in_internet(machine, "tcp sport 50001", "tcp sport 50002")
    machine.ok("i-1", f"python3 -c '{TCP_FRAGMENTS}'")
    machine.until(lambda: arrived(machine, "tcp sport 50002") == 1, "the whole packet")
    assert arrived(machine, "tcp sport 50001") == 0
    assert counted(machine)["dropped"] == after_icmp + 2


def count_in_internet(machine: Machine, *kinds: str) -> None:
    """Have the internet count some kinds of packets, and say nothing to them."""
    hook = "{ type filter hook input priority 0; }"
    rules = (f"add rule ip t in {kind} counter drop" for kind in kinds)
    machine.ok("internet", f"nft '{'; '.join(('add table ip t', f'add chain ip t in {hook}', *rules))}'")


def arrived(machine: Machine, kind: str) -> int:
    lines = machine.ok("internet", "nft list table ip t").splitlines()
    (row,) = (line for line in lines if f"{kind} counter" in line)
    return int(row.partition("packets ")[2].split()[0])


FLOWS = """
import socket
sent = 0
for source in ("10.0.1.10", "10.0.1.11"):
    for port in range({first}, {last}):
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.setsockopt(socket.IPPROTO_IP, 15, 1)
        own.bind((source, port))
        own.sendto(b"x", ("203.0.113.1", {to}))
        own.close()
        sent += 1
print(sent)
"""


def test_as_many_connections_to_one_destination_as_on_ec2(machine: Machine) -> None:
    """What finds no port is dropped and counted; another destination has ports of its own."""
    one = eni(1, "10.0.1.10", addresses=("10.0.1.10", "10.0.1.11"))
    machine.boot(*(one if item.id == one.id else item for item in region()))
    count_in_internet(machine, "udp dport 85", "udp dport 86")

    def send(port: int, first: int, last: int) -> str:
        return machine.ok("i-1", "python3 -c '" + FLOWS.format(first=first, last=last, to=port) + "'")

    asked = 2 * 28_000
    assert send(85, 30_000, 58_000) == f"{asked}\n"
    got = "udp dport 85"
    machine.until(lambda: arrived(machine, got) + counted(machine)["unplaced"] == asked, "all that was sent")
    told = counted(machine)
    assert NAT_CONNECTIONS * 0.9 < arrived(machine, got) <= NAT_CONNECTIONS
    assert told["dropped"] == told["unplaced"] > 0
    send(86, 30_000, 30_500)
    machine.until(lambda: arrived(machine, "udp dport 86") == 1000, "what goes elsewhere")
