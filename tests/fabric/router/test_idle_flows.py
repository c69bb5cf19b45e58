"""Each end of a flow forgets it after its own idle time, and then its groups judge it anew."""

import time
from collections.abc import Iterator

import pytest

from elastinet.fabric.contract.objects import AnyObject, GroupRule, IdleTimes
from machine import Machine
from parts import ALL, eni, group, guest, network, table

NEAR = GroupRule(6, 80, 80, "10.0.0.0/16")
NEAR_UDP = GroupRule(17, 80, 80, "10.0.0.0/16")
SHORT = IdleTimes(tcp=5)
PAUSE = 12
SERVER = f"""
import socket, threading, time
def serve(connection):
    connection.recv(1)
    connection.send(b"1")
    time.sleep({PAUSE})
    connection.send(b"2")
    connection.recv(1)
listener = socket.create_server(("0.0.0.0", 80))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],)).start()
"""
CLIENT = """
import os, socket, time
while True:
    try:
        connection = socket.create_connection(("{address}", 80))
        break
    except ConnectionRefusedError:
        time.sleep(0.02)
connection.settimeout(0.1)
connection.send(b"x")
poked = False
while True:
    try:
        print(connection.recv(1).decode(), end="", flush=True)
    except TimeoutError:
        pass
    if os.path.exists("/root/poke") and not poked:
        poked = connection.send(b"y")
"""
ADDRESS = "10.0.1.{}0"


def region() -> Iterator[AnyObject]:
    """Clients 1 and 3, servers 2, 4 and 5: 2, 3 and 5 forget soon; 2 and 4 may not begin anything."""
    yield from (network(), table(), group())
    yield group(NEAR, id="sg-2", egress=())
    yield group(NEAR, id="sg-3")
    for number, name, idle in (
        (1, "sg-1", None), (2, "sg-2", SHORT), (3, "sg-1", SHORT), (4, "sg-2", None), (5, "sg-3", SHORT),
    ):  # fmt: skip
        yield from (guest(number), eni(number, ADDRESS.format(number), groups=(name,), idle=idle))


def start(machine: Machine, guest: str, program: str, log: str) -> None:
    machine.ok(guest, f"nohup python3 -c '{program}' > /root/{log} 2>&1 < /dev/null &")


def written(machine: Machine, guest: int, log: str) -> str:
    """What a program in a guest has written so far."""
    path = machine.disks / f"i-{guest}" / "root" / "root" / log
    return path.read_text() if path.exists() else ""


def test_each_end_forgets_by_itself(machine: Machine) -> None:
    machine.boot(*region())
    pairs = ((1, 2), (1, 4), (1, 5), (3, 4))
    for server in (2, 4, 5):
        start(machine, f"i-{server}", SERVER, "served")
    for client, server in pairs:
        start(machine, f"i-{client}", CLIENT.format(address=ADDRESS.format(server)), f"heard-{server}")

    def heard(client: int, server: int) -> str:
        return written(machine, client, f"heard-{server}")

    machine.until(lambda: all(heard(*pair) == "1" for pair in pairs), "the connections")
    machine.until(lambda: heard(1, 4) == "12", "what a flow that all remember brings")
    machine.until(lambda: heard(1, 5) == "12", "what the forgetful end lets out anew, and the other knows")
    assert heard(1, 2) == "1", "a server that may not begin a flow has forgotten this one"
    assert heard(3, 4) == "1", "a client that lets nothing in has forgotten it"
    for client in (1, 3):
        machine.ok(f"i-{client}", "touch /root/poke")
    machine.until(lambda: heard(1, 2) == heard(3, 4) == "12", "what is remembered again")


def test_early_ones_among_themselves(machine: Machine) -> None:
    """Two interfaces of Nitro v6 have one entry that ends for both; beside another one each has its own time."""
    early = {"idle": IdleTimes(tcp=5), "early": True}
    machine.boot(
        *(network(early_idle=5), table(), group(), group(NEAR, id="sg-2", egress=())),
        *(guest(1), eni(1, ADDRESS.format(1), **early)),
        *(guest(2), eni(2, ADDRESS.format(2), groups=("sg-2",), **early)),
        *(guest(3), eni(3, ADDRESS.format(3))),
        *(guest(4), eni(4, ADDRESS.format(4), groups=("sg-2",))),
    )
    for server in (2, 4):
        start(machine, f"i-{server}", SERVER, "served")
        machine.until(lambda server=server: machine.listens(f"i-{server}", 80), "the server")
    pairs = ((1, 2), (3, 2), (1, 4), (3, 4))
    for client, server in pairs:
        start(machine, f"i-{client}", CLIENT.format(address=ADDRESS.format(server)), f"heard-{server}")

    def heard(client: int, server: int) -> str:
        return written(machine, client, f"heard-{server}")

    machine.until(lambda: all(heard(*pair) == "1" for pair in pairs), "the connections")
    noted = machine.inside("vpc-1", "nft", "list", "set", "inet", "elastinet", "e1_flows")
    assert noted.count("expires") == 1, "of the flow to a usual one only"
    machine.until(lambda: heard(3, 4) == "12", "what a flow that all remember brings")
    assert [heard(*pair) for pair in pairs[:3]] == ["1", "1", "1"], "an end of each has forgotten"
    for client in (1, 3):
        machine.ok(f"i-{client}", "touch /root/poke")
    machine.until(lambda: all(heard(*pair) == "12" for pair in pairs), "what is remembered again")


UDP_SERVER = """
import socket, threading
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind(("0.0.0.0", 80))
print("up", flush=True)
while True:
    _, who = own.recvfrom(9)
    threading.Timer(8, own.sendto, (b"late", who)).start()
"""
UDP_CLIENT = """
import socket
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.sendto(b"ask", ("10.0.1.20", 80))
print(own.recv(9).decode(), end="", flush=True)
"""


@pytest.mark.parametrize("long", [False, True])
def test_udp_that_nobody_has_answered(machine: Machine, long: bool) -> None:
    """Either the network forgets soon and one end late, or the other way round."""
    short, late = IdleTimes(udp=3, udp_stream=3), IdleTimes(udp=60, entry=(180, 60))
    usual, own = (short, late) if long else (IdleTimes(), short)
    base = (network(idle=usual), table(), group(), group(NEAR_UDP, id="sg-2", egress=(ALL,)))
    ends = (guest(1), eni(1, "10.0.1.10", idle=own), guest(2), eni(2, "10.0.1.20", groups=("sg-2",)))
    machine.boot(*base, *ends, guest(3), eni(3, "10.0.1.30"))
    start(machine, "i-2", UDP_SERVER, "served")
    machine.until(lambda: written(machine, 2, "served") == "up\n", "the server")
    for client in (1, 3):
        start(machine, f"i-{client}", UDP_CLIENT, "heard")
    sure, other = (1, 3) if long else (3, 1)
    machine.until(lambda: written(machine, sure, "heard") == "late", "the answer")
    time.sleep(0.1)  # what would come, comes with it
    assert written(machine, other, "heard") == ""


def test_times_change_and_go(machine: Machine) -> None:
    """What an interface notes comes with its times, and goes with them; a filter by hand is mended."""
    machine.boot(*region())

    def listed() -> str:
        return machine.inside("vpc-1", "nft", "list", "ruleset")

    assert "set e2_flows" in listed()
    assert "timeout 5s" in listed()
    late = eni(2, ADDRESS.format(2), groups=("sg-2",), idle=IdleTimes(udp=60, entry=(180, 60)))
    assert not machine.desire(late)
    assert "ct timeout e2_udp" in listed()
    machine.inside("vpc-1", "nft", "flush ruleset")
    assert not machine.desire(observe=True)
    assert "ct timeout e2_udp" in listed()
    assert not machine.desire(eni(2, ADDRESS.format(2), groups=("sg-2",)))
    assert not {name for name in ("e2_flows", "e2_udp") if name in listed()}
    assert not machine.desire(observe=True)


def test_kernels_times_follow_the_network(machine: Machine) -> None:
    usual = network(idle=IdleTimes(720, 3, 1), other_idle=10)
    machine.boot(*(usual if item.id == usual.id else item for item in region()))
    names = ("tcp_timeout_established", "udp_timeout_stream", "udp_timeout", "generic_timeout")
    read = "cd /proc/sys/net/netfilter; cat " + " ".join(f"nf_conntrack_{name}" for name in names)
    assert machine.inside("vpc-1", "sh", "-c", read).split() == ["720", "3", "1", "10"]
