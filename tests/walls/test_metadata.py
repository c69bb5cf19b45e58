"""What a hostile root in an instance sends the metadata service: it is refused, and nobody else notices it."""

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commands import wait_until
from elastinet.serve.connections import MOST_OF_AN_INSTANCE
from family import child
from programs import Program
from world import ELASTINET, World

FLOOD = """
import itertools, socket, sys, time
first, again, count = (eval(word) for word in sys.argv[1:4])
froms = sys.argv[4:] or [""]
held, told = [], 0

def one(address):
    made = socket.create_connection(("169.254.169.254", 80), timeout=20, source_address=(address, 0))
    made.settimeout(20)
    held.append(made)
    made.sendall(first)
    for _ in range(10000 if again else 0):
        made.sendall(again)

for _, address in zip(range(count), itertools.cycle(froms)):
    try:
        one(address)
    except OSError:
        pass
print("all sent", flush=True)
sys.stdin.read()
"""
ASK = """
import json, socket, sys, time
def once():
    began = time.monotonic()
    with socket.create_connection(("169.254.169.254", 80), timeout=30) as asked:
        asked.sendall(b"GET /latest/meta-data/instance-id HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        answer = b"".join(iter(lambda: asked.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return time.monotonic() - began
print(json.dumps([once() for _ in range(int(sys.argv[1]))]))
"""
HEAD = b"GET /latest/ HTTP/1.1\r\n"
FLOODS: dict[str, tuple[bytes, bytes, int]] = {
    "nothing is asked": (b"", b"", 1005),
    "half a request": (HEAD + b"X-A: ", b"", 300),
    "half a body": (b"PUT /latest/api/token HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", b"A" * 4000, 20),
    "an endless header": (HEAD + b"X-A: ", b"a" * 8000, 20),
    "small headers": (HEAD, b"X-A: b\r\n" * 1000, 20),
    "an endless path": (b"GET /", b"a" * 8000, 20),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def place(world: World) -> Iterator[SimpleNamespace]:
    """Two instances in a VPC; the first has several addresses."""
    vpc = world.vpc()
    more = {
        "Groups": [vpc.group],
        "SubnetId": vpc.left,
        "DeviceIndex": 0,
        "SecondaryPrivateIpAddressCount": 3,
    }
    (hostile,) = world.launch(vpc.left, vpc.group, NetworkInterfaces=[more])
    (other,) = world.launch(vpc.left, vpc.group)
    (interface,) = hostile.shown["NetworkInterfaces"]
    addresses = [one["PrivateIpAddress"] for one in interface["PrivateIpAddresses"]]
    wait_until(lambda: all(a in world.out(hostile.id, "ip -4 addr") for a in addresses))
    yield SimpleNamespace(hostile=hostile, other=other, addresses=addresses)
    world.cli("reset")


def engine(world: World) -> int:
    found = child(world, "elastinet.serve.server")
    assert found
    return found


def sockets(world: World) -> int:
    """How many sockets the engine has."""
    count = 0
    for path in Path(f"/proc/{engine(world)}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += str(path.readlink()).startswith("socket:")
    return count


@contextlib.contextmanager
def flood(world: World, instance: Any, what: tuple[bytes, bytes, int], *addresses: str) -> Iterator[None]:
    """A flood that has been sent, and of which all connections are held; nothing is left of it afterwards."""
    before = sockets(world)
    command = [ELASTINET, "exec", "--port", str(world.port), instance.id, "--", "python3", "-c", FLOOD]
    words = [*map(repr, what), *addresses]
    with Program([*command, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as flooding:
        assert flooding.stdout is not None
        assert flooding.stdout.readline() == b"all sent\n"
        yield
        flooding.communicate()
    wait_until(lambda: sockets(world) <= before + 5)


def longest(world: World, instance: Any, count: int = 30) -> float:
    """The longest of some answers of the metadata service."""
    return float(max(json.loads(world.out(instance.id, f"python3 -c '{ASK}' {count}"))))


@pytest.mark.parametrize("kind", FLOODS)
def test_the_others_are_answered(world: World, place: SimpleNamespace, kind: str) -> None:
    before = longest(world, place.other)
    with flood(world, place.hostile, FLOODS[kind]):
        assert longest(world, place.other) < max(10, 50 * before)
        began = time.monotonic()
        world.ec2.describe_vpcs()
        assert time.monotonic() - began < 10
        assert longest(world, place.hostile) < 30  # itself, too


def test_an_instance_has_its_share_whatever_its_address(world: World, place: SimpleNamespace) -> None:
    before = sockets(world)
    with flood(world, place.hostile, (b"", b"", 300), *place.addresses):
        longest(world, place.other, 3)  # who is answered after them all: by then they are in, or out again
        assert before < sockets(world) <= before + MOST_OF_AN_INSTANCE + 5


def test_what_is_never_finished_ends(world: World, place: SimpleNamespace) -> None:
    before = sockets(world)
    with flood(world, place.hostile, (HEAD, b"", 40)):
        wait_until(lambda: sockets(world) >= before + 30)
        wait_until(lambda: sockets(world) <= before + 5)


LIVES = (
    "21601",
    "0",
    "-1",
    "--1",
    "2147483648",
    "9" * 5000,
    "",
    "1.0",
    "1e3",
    "+1",
    "1_0",
    "0x10",
    "nan",
    "\u0661",
    "\uff11",
    "\u00b2",
)
LIFE = """
import json, socket, sys
def status(life):
    with socket.create_connection(("169.254.169.254", 80), timeout=30) as asked:
        head = f"PUT /latest/api/token HTTP/1.1\\r\\nX-aws-ec2-metadata-token-ttl-seconds: {life}\\r\\n\\r\\n"
        asked.sendall(head.encode())
        return b"".join(iter(lambda: asked.recv(65536), b""))[:12].decode()
print(json.dumps([status(life) for life in json.loads(sys.argv[1])]))
"""


def test_the_life_of_a_token(world: World, place: SimpleNamespace) -> None:
    words = [ELASTINET, "exec", "--port", str(world.port), place.other.id, "--", "python3", "-c", LIFE]
    told = json.loads(subprocess.check_output([*words, json.dumps([*LIVES, "21600", "1"])]))
    assert told == ["HTTP/1.1 400"] * len(LIVES) + ["HTTP/1.1 200"] * 2
