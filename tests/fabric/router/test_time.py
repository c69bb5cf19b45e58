"""The time at the link-local addresses of EC2: asked by bytes of our own, and by clients that are installed."""

import random
import struct

import pytest

from elastinet.fabric.router import timeserver
from machine import Machine
from parts import ALL, group, guest, table
from sixparts import ALL6, eni6, network6, six

REGION = (network6(resolver="10.0.0.2"), table(), group(ALL, ALL6, egress=(ALL, ALL6)), guest(1),
          eni6(1, six(1, "10")))  # fmt: skip
ADDRESSES = ("169.254.169.123", "fd00:ec2::123")
RATE = 1024
ASKING = r"""
import socket, struct, sys, time
def moment(ns):
    return ((ns // 10**9 + 2208988800) << 32) | ((ns % 10**9 << 32) // 10**9)
client = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
client.connect((sys.argv[1], 123))
client.settimeout(20)
for nonsense in (b"", b"\x23" * 20, b"\x16\x02" + bytes(46), b"\x24" + bytes(47), b"\x2b" + bytes(47), b"\xff" * 999):
    client.send(nonsense)
before = moment(time.time_ns())
client.send(b"\x23\0\x06" + bytes(37) + struct.pack("!Q", 12345678901234567890))
answer = client.recv(1000)
after = moment(time.time_ns())
first, stratum, poll = answer[:3]
reference, origin, received, sent = struct.unpack("!QQQQ", answer[16:])
print(len(answer), first, stratum, poll, answer[12:16].hex(), origin, before <= received <= sent <= after)
"""
FLOOD = r"""
import select, socket, sys, time
client = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
client.connect((sys.argv[1], 123))
client.setblocking(False)
def heard():
    count = 0
    try:
        while client.recv(100):
            count += 1
    except BlockingIOError:
        return count
answered, began = 0, time.monotonic()
for _ in range(6000):
    try:
        client.send(b"\x23" + bytes(47))
    except BlockingIOError:
        pass
    answered += heard()
took = time.monotonic() - began
while select.select([client], [], [], 1)[0]:
    answered += heard()
print(answered, took)
"""


@pytest.fixture
def up(machine: Machine) -> Machine:
    machine.boot(*REGION)
    return machine


def run(up: Machine, script: str, *arguments: str) -> list[str]:
    up.ok("i-1", f"cat > /root/script.py <<'END'\n{script}\nEND")
    return up.ok("i-1", f"python3 /root/script.py {' '.join(arguments)}").split()


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_client_is_answered_by_this_machines_clock(up: Machine, address: str) -> None:
    """And nothing else is: not a server's packet, not what asks a server for its state, not what is cut off."""
    expected = ["48", str(0x24), "3", "6", "a9fea97b", "12345678901234567890", "True"]
    assert run(up, ASKING, address) == expected


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_counts_as_a_link_local_service(up: Machine, address: str) -> None:
    answered, took = map(float, run(up, FLOOD, address))
    assert 0 < answered <= RATE * (took + 1.1)
    assert len(run(up, ASKING, address)) == 7


@pytest.mark.parametrize("address", ADDRESSES)
def test_chrony_takes_it(up: Machine, address: str) -> None:
    if up.exec("i-1", "command -v chronyd")[0]:
        pytest.skip("there is no chronyd here")
    said = up.ok("i-1", f"chronyd -Q -u root -t 30 'server {address} iburst' 2>&1")
    assert "System clock wrong by" in said


def test_an_answer_is_never_larger_than_its_question() -> None:
    dice = random.Random(7)
    for _ in range(2000):
        question = dice.randbytes(dice.choice((0, 1, 47, 48, 49, 90)))
        said = timeserver.answer(question, 1, 2)
        is_client = len(question) >= 48 and question[0] & 7 == 3 and 1 <= question[0] >> 3 & 7 <= 4
        assert len(said) == (48 if is_client else 0)


def test_the_era_that_begins_in_2036_is_told_as_all_clients_expect() -> None:
    late = 2_085_978_496 * 10**9
    said = timeserver.answer(b"\x23" + bytes(47), late, late + 10**9 // 2)
    assert struct.unpack("!QQQQ", said[16:]) == (0, 0, 0, 1 << 31)
