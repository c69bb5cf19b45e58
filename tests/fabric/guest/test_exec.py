"""Commands inside guests."""

import json
import os
import socket
import time

import pytest

from elastinet.fabric.contract import client
from machine import Machine
from parts import ALL, eni, group, guest, network, table


@pytest.fixture
def up(machine: Machine) -> Machine:
    machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
    return machine


@pytest.mark.parametrize(
    ("command", "status"),
    [("true", 0), ("exit 7", 7), ("kill -9 $$", 137), ("/no/such/program", 127), ("exec /etc/hostname", 126)],
)
def test_the_status_is_the_command_s(up: Machine, command: str, status: int) -> None:
    assert up.exec("i-1", command)[0] == status


def test_a_program_that_is_not_there(up: Machine) -> None:
    with up.as_user():
        assert client.run(up.run, "i-1", ["no-such-program"], stderr=1) == 127


def test_a_guest_that_is_not_there(up: Machine) -> None:
    with up.as_user(), pytest.raises(client.AgentGone, match="i-2 is not running"):
        client.run(up.run, "i-2", ["true"])


def test_it_runs_inside_every_namespace(up: Machine) -> None:
    text = up.ok("i-1", "hostname; cat /proc/1/comm; ls /proc/self/ns | wc -l; echo $HOME")
    assert text.split()[:2] == ["host-1", "init"]


def test_input_and_environment_reach_it(up: Machine) -> None:
    into, out = os.pipe(), os.memfd_create("out")
    os.write(into[1], b"typed")
    os.close(into[1])
    with up.as_user():
        client.run(up.run, "i-1", ["sh", "-c", "cat; echo $X"], env={"X": "y"}, stdin=into[0], stdout=out)
    assert os.pread(out, 100, 0) == b"typedy\n"
    os.close(into[0])
    os.close(out)


def test_it_ends_when_its_client_goes(up: Machine) -> None:
    with up.background("i-1", "exec sleep 4242"):
        up.until(lambda: "sleep 4242" in up.ok("i-1", "ps ax || busybox ps"), "the command")
    up.until(lambda: "sleep 4242" not in up.ok("i-1", "ps ax || busybox ps"), "the end")


def test_it_ends_when_its_client_goes_before_it_has_begun(up: Machine) -> None:
    request = json.dumps({"type": "exec", "guest": "i-1", "argv": ["sleep", "4343"]}).encode() + b"\n"
    null = os.open("/dev/null", os.O_RDWR)
    for pause in range(20):
        with socket.socket(socket.AF_UNIX) as connection, up.as_user():
            connection.connect(str(up.run / "agent.sock"))
            socket.send_fds(connection, [request], [null] * 3)
            time.sleep(pause / 4000)
    os.close(null)
    up.ok("i-1", "true")  # the spawner has heard of all of them
    up.until(lambda: "sleep 4343" not in up.ok("i-1", "ps ax || busybox ps"), "the end")


def test_a_terminal(up: Machine) -> None:
    null, out = os.open("/dev/null", os.O_RDWR), os.memfd_create("out")
    command = "test -t 0 -a -t 1 -a -t 2 && echo yes; stty -echo; exit 3"
    with up.as_user():
        assert client.run(up.run, "i-1", ["sh", "-c", command], tty=True, stdin=null, stdout=out) == 3
    assert b"yes" in os.pread(out, 100, 0)
    os.close(out)
    os.close(null)
