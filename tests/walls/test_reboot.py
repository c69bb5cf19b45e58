"""A guest that reboots: it boots again, and who does nothing else costs the agent nothing."""

import pytest

from elastinet.fabric.contract import client
from elastinet.fabric.guest.reboots import LAST_SECONDS, QUICK_SECONDS, Reboots
from machine import Machine
from parts import ALL, eni, group, guest, network, table

COMMANDS = {"RESTART": 0x01234567, "RESTART2": 0xA1B2C3D4, "HALT": 0xCDEF0123, "POWER_OFF": 0x4321FEDC}


def by_call(name: str) -> str:
    """The system call itself, as any program's `reboot` makes it."""
    return (
        "python3 -c 'import ctypes, os\n"
        f'ctypes.CDLL(None).syscall({{"x86_64": 169}}.get(os.uname().machine, 142), 0xFEE1DEAD, 672274793, {COMMANDS[name]}, b"x")\''
    )


def boots(machine: Machine, number: int) -> int:
    return (machine.disks / f"i-{number}" / "console.log").read_text().count("elastinet: running")


def world(*guests: int) -> list:
    made = [network(), table(), group(ALL)]
    for number in guests:
        made += [guest(number), eni(number, f"10.0.1.{10 + number}")]
    return made


@pytest.mark.parametrize("way", ["busybox reboot -f", by_call("RESTART"), by_call("RESTART2")])
def test_it_boots_again_with_all_it_has(machine: Machine, way: str) -> None:
    machine.boot(*world(1, 2))
    machine.ok(
        "i-1", "echo kept >/root/note; echo lost >/tmp/note; hostname other; sleep 4646 >/dev/null & true"
    )
    machine.facts.clear()
    machine.exec("i-1", way)
    machine.wait(lambda fact: fact["type"] == "running" and fact["guest"] == "i-1", "its boot")
    assert not [fact for fact in machine.facts if fact["type"] == "gone"]
    assert machine.ok("i-1", "cat /root/note; ls /tmp; hostname") == "kept\nhost-1\n"
    assert "4646" not in machine.ok("i-1", "ps ax || busybox ps")
    machine.ok("i-2", "ping -c1 -w20 10.0.1.11")
    assert machine.desire() == {}


@pytest.mark.parametrize(
    "way", ["busybox poweroff -f", "busybox halt -f", by_call("HALT"), by_call("POWER_OFF")]
)
def test_it_does_not_boot_again_when_it_is_powered_off(machine: Machine, way: str) -> None:
    machine.boot(*world(1))
    machine.facts.clear()
    machine.exec("i-1", way)
    gone = machine.wait(lambda fact: fact["type"] == "gone", "its end")
    assert (gone["guest"], gone["asked"]) == ("i-1", False)
    assert machine.desire() == {}
    assert boots(machine, 1) == 1


def test_one_that_is_stopped_while_it_reboots_stays_stopped(machine: Machine) -> None:
    machine.boot(*world(1))
    machine.exec("i-1", "busybox reboot -f")
    assert machine.desire(drop=("guest:i-1", "interface:eni-1")) == {}
    before = boots(machine, 1)
    machine.boot(*world(2))  # its rest is over meanwhile
    assert boots(machine, 1) == before
    with machine.as_user(), pytest.raises(client.AgentGone, match="i-1 is not running"):
        client.run(machine.run, "i-1", ["true"])


def test_who_reboots_again_and_again_holds_nobody_up(machine: Machine) -> None:
    """It is started ever more seldom, others are served, what is wanted is told to be there, and why not."""
    machine.boot(*world(1, 2))

    def again() -> None:
        before = boots(machine, 1)
        machine.exec("i-1", "busybox reboot -f")
        machine.until(lambda: boots(machine, 1) > before, "its boot")

    log = machine.disks / "i-1" / "console.log"

    def ends() -> None:
        before = log.read_text().count("elastinet: rebooted")
        machine.exec("i-1", "busybox reboot -f")
        machine.until(lambda: log.read_text().count("elastinet: rebooted") > before, "its end")

    failed: dict[str, str] = {}
    for _ in range(4):  # rests of 0.1, 0.2, 0.4, 0.8 seconds
        again()
    while not failed:  # on a busy machine a rest may be over before one looks; the next is longer
        ends()
        failed = machine.desire(*world(1, 2, 3))
    assert "again and again" in failed["guest:i-1"]
    before = boots(machine, 1)
    assert machine.exec("i-2", "ping -c1 -w20 10.0.1.13")[0] == 0
    machine.until(lambda: boots(machine, 1) > before, "its boot after a rest")
    assert machine.desire() == {}


def test_rests_are_bounded_and_end() -> None:
    reboots = Reboots()
    rests = [reboots.pause("i-1", 0.1) for _ in range(2000)]
    assert rests == sorted(rests)
    assert rests[-1] == LAST_SECONDS
    assert reboots.pause("i-2", 0.1) == rests[0]
    assert reboots.pause("i-1", QUICK_SECONDS + 1) == rests[0]
    reboots.pause("i-1", 0.1)
    reboots.forget("i-1")
    assert reboots.pause("i-1", 0.1) == rests[0]
