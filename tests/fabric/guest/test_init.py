"""What the first process of an instance does: it reaps, and it ends the instance when programs ask for that."""

import pytest

from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))
ASKING = 'python3 -c \'import struct; open("{path}", "wb").write(struct.pack("=Iii372x", {fields}))\''
NONSENSE = ("0x03091969, 1, 53", "0x03091969, 2, 48", "0x12345678, 1, 48")
SERVICE = "setsid sh -c 'trap \"echo ended >> /root/service; exit\" TERM; while :; do sleep 0.05; done' > /dev/null 2>&1 &"


@pytest.fixture
def up(machine: Machine) -> Machine:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    return machine


def console(up: Machine) -> str:
    return (up.disks / "i-1" / "console.log").read_text()


def test_orphans_are_reaped(up: Machine) -> None:
    up.ok("i-1", "for i in 1 2 3 4 5 6 7 8; do (sleep 0.$i & exec true) & done; wait; (setsid sleep 0.1 &) ")
    look = "cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z '"
    up.until(lambda: up.exec("i-1", look)[1] == "0\n", "the end of all zombies")
    up.until(lambda: up.exec("i-1", "pgrep -c sleep")[1] == "1\n", "the end of all but the init")


@pytest.mark.parametrize("path", ["/run/initctl", "/dev/initctl"])
def test_a_run_level_ends_the_instance(up: Machine, path: str) -> None:
    """Its programs are asked to end first."""
    up.ok("i-1", SERVICE)
    up.exec("i-1", ASKING.format(path=path, fields="0x03091969, 1, 48"))
    gone = up.wait(lambda fact: fact["type"] == "gone", "its end")
    assert (gone["guest"], gone["asked"]) == ("i-1", False)
    assert "elastinet: power-off was asked for\n" in console(up)
    up.boot(guest(1, boot=2))
    assert up.ok("i-1", "cat /root/service") == "ended\n"


def test_another_run_level_boots_it_again(up: Machine) -> None:
    up.exec("i-1", ASKING.format(path="/run/initctl", fields="0x03091969, 1, 54"))
    up.until(lambda: console(up).count("elastinet: running\n") == 2, "another boot")
    assert "elastinet: reboot was asked for\n" in console(up)
    assert not any(fact["type"] == "gone" for fact in up.facts)


def test_what_is_no_such_request_changes_nothing(up: Machine) -> None:
    for fields in NONSENSE:
        up.ok("i-1", ASKING.format(path="/run/initctl", fields=fields))
    up.ok("i-1", "head -c 384000 /dev/urandom > /run/initctl")
    assert up.ok("i-1", "echo here") == "here\n"
    up.exec("i-1", ASKING.format(path="/run/initctl", fields="0x03091969, 1, 48"))
    up.wait(lambda fact: fact["type"] == "gone", "its end")


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("poweroff", "power-off"),
        ("shutdown -h now", "power-off"),
        ("halt", "power-off"),
        ("reboot", "reboot"),
    ],
)
def test_the_machines_own_programs(up: Machine, command: str, word: str) -> None:
    if up.exec("i-1", f"command -v {command.split()[0]}")[0]:
        pytest.skip(f"there is no {command.split()[0]} here")
    up.exec("i-1", command)
    up.until(lambda: f"elastinet: {word} was asked for\n" in console(up), command)
    boots = 2 if word == "reboot" else 1
    up.until(lambda: console(up).count("elastinet: running\n") == boots, "the boots")
