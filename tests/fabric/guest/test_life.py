"""A guest's start, where what the spawner says comes too late or is that there is nothing."""

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from elastinet.fabric.guest.guest import GuestProcess
from elastinet.fabric.guest.spawning import Spawning
from elastinet.fabric.kernel.loop import Loop
from parts import guest
from programs import Program


class Start:
    """A guest that is being started, and the spawner's end of the agent's socket."""

    def __init__(self, disk: Path) -> None:
        ours, self.spawner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.heard: list[str] = []
        self.spawning = Spawning(ours)
        self.life = GuestProcess(guest(1), disk, Loop(), self.spawning)

    def boot(self) -> None:
        self.life.boot(set(), lambda _life, what: self.heard.append(what), "")

    def hear(self, **fact: object) -> None:
        self.spawner.send(json.dumps(fact).encode())
        self.spawning.hear()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made = Start(tmp_path / "i-1")
    yield made
    made.spawner.close()
    made.spawning.connection.close()


def test_a_guest_without_an_init_ends(start: Start) -> None:
    """What stayed would be neither started again nor let go of."""
    start.spawner.close()
    start.boot()
    assert start.heard == ["the request was refused: Broken pipe", "end"]
    assert start.life.ended


def test_an_init_that_is_not_wanted_any_more_is_killed_when_it_is_known(start: Start) -> None:
    start.boot()
    start.life.kill()
    with Program(["sleep", "60"]) as init:
        start.hear(tag=1, pid=init.pid)
        assert init.wait(10) == -signal.SIGKILL
    start.hear(tag=1, error="a start in which the init has died")
    start.hear(exit=init.pid, status=137)
    assert start.heard == ["end"]


def test_why_there_is_no_relay_is_said(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    """Its interface is made anew again and again: whoever runs the agent must see the reason."""
    start.spawning.relay(())
    asked = json.loads(start.spawner.recv(4096))
    start.hear(tag=asked["tag"], error="no process can be forked")
    assert capfd.readouterr().err == "elastinet agent: a relay: no process can be forked\n"
