"""However the agent ends, nothing of it is left, and an instance's disk is as it was."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from elastinet.serve import places
from machine import MODES, Machine
from parts import ALL, eni, group, guest, network, table

OBJECTS = (network(igw="igw-1"), table(("0.0.0.0/0", "igw")), group(ALL), guest(1), eni(1, "10.0.1.10"))


@pytest.fixture(params=MODES)
def own(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """An agent that the test may end."""
    machine = Machine(request.param)
    with contextlib.closing(machine):
        yield machine


def host() -> str:
    """The host's network, and its mounts."""
    commands = (["ip", "-d", "link"], ["ip", "addr"], ["ip", "route", "show", "table", "all"], ["ip", "rule"])
    dumps = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout for command in commands
    ]
    return "\n".join(dumps) + Path("/proc/self/mountinfo").read_text()


def mentions(folder: Path) -> list[str]:
    """Processes whose command line names a folder of the test."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in entry.read_bytes():
                found.append(entry.parent.name)
    return found


def descendants(pid: int) -> set[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in children}.union(*(descendants(int(child)) for child in children))


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_nothing_is_left(how: str, own: Machine) -> None:
    before = host()
    own.boot(*OBJECTS)
    assert host() == before, "the host's network is never touched, not even while the agent runs"
    family = descendants(own.process.pid)
    assert len(family) >= 5, "agent, spawner, DHCP server, guest, its DHCP client"
    getattr(own, how)()
    own.until(lambda: not any(map(places.is_alive, family)), "the end of all processes")
    assert not mentions(own.run)
    assert host() == before
    assert how == "kill" or not any(own.run.iterdir())


def test_a_new_agent_makes_the_same_again(own: Machine) -> None:
    own.boot(*OBJECTS)
    own.ok("i-1", "echo kept > /root/kept")
    before = own.ok("i-1", "ip -br addr show eth0; cat /sys/class/net/eth0/address")
    own.kill()
    own.start()
    own.boot(*OBJECTS, whole=True)
    assert own.ok("i-1", "ip -br addr show eth0; cat /sys/class/net/eth0/address") == before
    assert own.ok("i-1", "cat /root/kept") == "kept\n"
