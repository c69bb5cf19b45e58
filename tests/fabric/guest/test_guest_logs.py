"""What an instance's programs say to /dev/console and /dev/log, and where it comes to be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))
RECIPE = """#!/bin/bash -xe
exec > >(tee /var/log/user-data.log|logger -t user-data -s 2>/dev/console) 2>&1
echo BEGIN
hostname
echo END
"""
"""As AWS's pages have it, for output of user data on the console."""
DEAF = """
import os, pathlib, sys
from elastinet.fabric.guest import devices, ids
from elastinet.fabric.kernel import kernel
root = sys.argv[1]
kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
kernel.mount("tmpfs", root, "tmpfs")
os.makedirs(f"{root}/dev/pts")
kernel.mount("devpts", f"{root}/dev/pts", "devpts", data="newinstance,ptmxmode=0666,max=1")
pathlib.Path(root, "dev/null").touch()
kernel.mount("/dev/null", f"{root}/dev/null", flags=kernel.MS_BIND)
os.chroot(root)
kept = os.open(devices.MULTIPLEXER, os.O_RDWR | os.O_NOCTTY)
print(devices.make_console(ids.Ids(0, "0 0 1", "0 0 1")))
print(os.stat(devices.CONSOLE).st_rdev == os.stat("/dev/null").st_rdev)
os.close(devices.take_console())
"""
TAKE = """
import ctypes, os
ATTACH, DETACH, GETREGS, SETREGS, STEP = 16, 17, 12, 13, 9
RAX, RDI, ORIG_RAX, RIP, CLOSE = 10, 14, 15, 16, 3
def trace(request, given=None):
    traced = libc.ptrace(request, 1, None, given)
    assert traced == 0, (request, ctypes.get_errno())
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p
trace(ATTACH)
os.waitpid(1, 0)
kept = (ctypes.c_ulonglong * 27)()
trace(GETREGS, kept)
with open('/proc/1/mem', 'rb') as memory:
    memory.seek(0x400000)
    call = 0x400000 + memory.read(300).index(bytes((15, 5)))
for fd in range(3):
    registers = type(kept)(*kept)
    registers[RAX], registers[RDI], registers[ORIG_RAX], registers[RIP] = CLOSE, fd, 2**64 - 1, call
    trace(SETREGS, registers)
    trace(STEP)
    os.waitpid(1, 0)
trace(SETREGS, kept)
trace(DETACH)
"""
"""Has the first process close its console, as root in an instance can by ptrace(2); for x86-64."""


def said(machine: Machine, name: str, guest: str = "i-1") -> str:
    """A log of an instance's, as it is now."""
    path = machine.disks / guest / name
    return path.read_text() if path.exists() else ""


def until_said(machine: Machine, name: str, text: str) -> str:
    machine.until(lambda: text in said(machine, name), f"{text!r} in {name}")
    return said(machine, name)


@pytest.fixture
def up(machine: Machine) -> Machine:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    return machine


def test_user_data_that_copies_itself_to_the_console(machine: Machine) -> None:
    machine.boot(*BASE, guest(1, user_data=RECIPE), eni(1, "10.0.1.10"))
    console = until_said(machine, "console.log", "user-data: END\n")
    assert re.search(r"user-data: BEGIN\n(.*\n)*.*user-data: host-1\n", console)
    assert "\r" not in console
    until_said(machine, "console.log", "ended with status 0")
    syslog = until_said(machine, "syslog", "user-data: END\n")
    assert re.search(r"^\w{3} [ \d]\d \d\d:\d\d:\d\d (\S+ )?user-data: BEGIN$", syslog, re.MULTILINE)
    assert "BEGIN\n" in machine.ok("i-1", "cat /var/log/user-data.log")


def test_the_console_belongs_to_no_script(up: Machine) -> None:
    """A session's leader that opens a free terminal would have it: then ^C and hang-ups were everybody's."""
    number = up.ok("i-1", "setsid -w sh -c 'exec 3<> /dev/console; cut -d\\  -f7 /proc/self/stat'")
    assert number == "0\n"
    mine = up.ok("i-1", "stat -c %t:%T /dev/console; cut -d\\  -f7 /proc/1/stat; stat -c %u /dev/console")
    device, held, owner = mine.split()
    major, minor = (int(part, 16) for part in device.split(":"))
    assert (int(held) >> 8 & 0xFFF, int(held) & 0xFF) == (major, minor)
    assert owner == "0"


def test_the_console_is_heard_again_and_again(up: Machine) -> None:
    """Nobody need have it open; more than a terminal holds is taken, and boots follow one another."""
    for number in range(3):
        up.ok("i-1", f"echo word {number} > /dev/console")
        until_said(up, "console.log", f"word {number}\n")
    up.ok("i-1", "seq 20000 > /dev/console")
    numbers = [line for line in until_said(up, "console.log", "\n20000\n").split("\n") if line.isdigit()]
    assert numbers == [str(number) for number in range(1, 20001)]
    up.boot(guest(1, boot=2))
    up.ok("i-1", "echo the second > /dev/console")
    assert "word 2\n" in until_said(up, "console.log", "the second\n")


def test_the_last_words_of_an_instance(up: Machine) -> None:
    up.exec("i-1", "logger -t last words; echo last word > /dev/console; busybox poweroff -f")
    until_said(up, "console.log", "last word\n")
    until_said(up, "syslog", "last: words\n")


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="registers have other names here")
def test_a_console_that_its_root_takes_from_init_is_heard_later(up: Machine) -> None:
    """Only then nobody has the terminal open, and to read it is an error."""
    assert up.ok("i-1", f'python3 -c "{TAKE}"; ls /proc/1/fd') == "3\n"
    up.ok("i-1", "echo late > /dev/console")
    until_said(up, "console.log", "late\n")


def test_programs_log(up: Machine) -> None:
    up.ok("i-1", "logger -t tagged -p user.err one")
    up.ok("i-1", 'python3 -c \'import syslog; syslog.openlog("py"); syslog.syslog("two")\'')
    up.ok("i-1", "busybox logger -t box three")
    lines = until_said(up, "syslog", "box: three\n").splitlines()
    assert [line.split(": ")[-1] for line in lines] == ["one", "two", "three"]
    assert not any(line.startswith("<") for line in lines)
    assert "three" not in said(up, "console.log")


def test_another_user_logs(up: Machine) -> None:
    if up.exec("i-1", "setpriv --reuid=33 --clear-groups true")[0]:
        pytest.skip("one id is all that a guest has here")
    up.ok("i-1", "setpriv --reuid=33 --clear-groups logger -t web hit")
    until_said(up, "syslog", "web: hit\n")


def test_without_a_terminal_the_console_is_deaf(tmp_path: Path) -> None:
    """All guests share the machine's terminals: one that takes them all stops no other from booting."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *as_root, "--mount", sys.executable, "-c", DEAF, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("None\nTrue\n", "")
