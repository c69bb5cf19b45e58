"""What the first process of an instance does: it reaps, and it ends the instance when programs ask for that."""

import time

import pytest

from elastinet.fabric.guest import init_program, initctl
from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))
ASKING = 'python3 -c \'import struct; open("{path}", "wb").write(struct.pack("=Iii372x", {fields}))\''
NONSENSE = ("0x03091969, 1, 53", "0x03091969, 2, 48", "0x12345678, 1, 48")
SERVICE = "setsid sh -c 'trap \"{}\" TERM; touch /run/begun; while :; do sleep 0.05; done' > /dev/null 2>&1 &"


@pytest.fixture
def up(machine: Machine) -> Machine:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    return machine


def serve(up: Machine, at_the_end: str) -> None:
    """Have a service run that does something at its end."""
    up.ok("i-1", SERVICE.format(at_the_end))
    up.until(lambda: up.exec("i-1", "test -e /run/begun")[0] == 0, "the service")


def console(up: Machine) -> str:
    return (up.disks / "i-1" / "console.log").read_text()


def test_orphans_are_reaped(up: Machine) -> None:
    up.ok("i-1", "for i in 1 2 3 4 5 6 7 8; do (sleep 0.$i & exec true) & done; wait; (setsid sleep 0.1 &) ")
    look = "cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z '"
    up.until(lambda: up.exec("i-1", look)[1] == "0\n", "the end of all zombies")
    up.until(lambda: up.exec("i-1", "pgrep -c sleep")[1] == "0\n", "the end of all of them")


@pytest.mark.parametrize("path", ["/run/initctl", "/dev/initctl"])
def test_a_run_level_ends_the_instance(up: Machine, path: str) -> None:
    """Its programs are asked to end first."""
    serve(up, "echo ended > /root/service; exit")
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
        ("busybox poweroff", "power-off"),
        ("busybox halt", "power-off"),
        ("busybox reboot", "reboot"),
        ("kill -USR1 1", "power-off"),
        ("kill -USR2 1", "power-off"),
        ("kill -TERM 1", "reboot"),
        ("kill -INT 1", "reboot"),
        ("kill -PWR 1", "power-off"),
        ("kill -37 1", "power-off"),
        ("kill -38 1", "power-off"),
        ("kill -39 1", "reboot"),
    ],
)
def test_what_people_type(up: Machine, command: str, word: str) -> None:
    if up.exec("i-1", f"command -v {command.split()[0]}")[0]:
        pytest.skip(f"there is no {command.split()[0]} here")
    up.exec("i-1", command)
    up.until(lambda: f"elastinet: {word} was asked for\n" in console(up), command)
    if word == "reboot":
        up.until(lambda: console(up).count("elastinet: running\n") == 2, "another boot")
        assert not any(fact["type"] == "gone" for fact in up.facts)
    else:
        assert not up.wait(lambda fact: fact["type"] == "gone", "its end")["asked"]


def test_other_signals_change_nothing(up: Machine) -> None:
    for number in sorted({*range(1, 65)} - {*initctl.SIGNALS, 32, 33}):
        up.ok("i-1", f"kill -{number} 1")
    assert up.ok("i-1", "cat /proc/1/comm") == "init\n"
    assert "was asked for" not in console(up)


def test_a_signal_from_outside_stops_it_like_a_container(up: Machine) -> None:
    up.among_mounts("pkill", "-TERM", "-x", "init")
    assert not up.wait(lambda fact: fact["type"] == "gone", "its end")["asked"]
    assert "elastinet: power-off was asked for\n" in console(up)


def test_it_takes_next_to_nothing(up: Machine) -> None:
    sizes = dict(line.split()[:2] for line in up.ok("i-1", "cat /proc/1/smaps_rollup").splitlines()[1:])
    assert int(sizes["Pss:"]) <= 32


# --- an end that is asked for from outside -------------------------------------------------------------


def test_programs_have_time_and_their_network(up: Machine) -> None:
    up.boot(guest(2), eni(2, "10.0.1.20"))
    serve(up, "ping -c 1 -w 9 10.0.1.20 && echo ended > /root/service; exit")
    assert up.desire(guest(1, shuts_down=True)) == {}
    assert up.wait(lambda fact: fact["type"] == "gone", "its end")["asked"]
    up.boot(guest(1, boot=2))
    assert up.ok("i-1", "cat /root/service") == "ended\n"


def test_a_reboot_gives_them_time(up: Machine) -> None:
    serve(up, "echo ended > /root/service; exit")
    up.boot(guest(1, boot=2))
    assert up.ok("i-1", "cat /root/service") == "ended\n"


def test_who_does_not_end_is_ended(up: Machine) -> None:
    serve(up, "")
    assert up.desire(guest(1, shuts_down=True)) == {}
    assert up.wait(lambda fact: fact["type"] == "gone", "its end")["asked"]


def test_a_forced_end_waits_for_nobody(up: Machine) -> None:
    """It comes before the service has noticed; also when the other end is on its way."""
    for is_closing in (False, True):
        serve(up, "sleep 60; echo ended > /root/service")
        if is_closing:
            up.say(guest(1, shuts_down=True))
        began = time.monotonic()
        assert up.desire(drop=("guest:i-1", "interface:eni-1")) == {}
        assert time.monotonic() - began < initctl.GRACE_SECONDS
        up.boot(guest(1), eni(1, "10.0.1.10"))
        assert up.exec("i-1", "cat /root/service")[0] != 0


# --- its program -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine_name", init_program.ARCHITECTURES)
def test_its_data_is_where_its_code_looks(machine_name: str) -> None:
    """The code has the distances in it: 168 bytes of it, and then the signals and the pause."""
    made = init_program.program(machine_name)
    code, data = made[120 : 120 + 168], made[120 + 168 :]
    assert code == init_program.ARCHITECTURES[machine_name].code
    mask, seconds, nanoseconds = init_program.DATA.unpack(data)
    assert {number for number in range(1, 65) if mask >> number - 1 & 1} == {*initctl.SIGNALS}
    assert (seconds, nanoseconds) == (0, 10_000_000)
