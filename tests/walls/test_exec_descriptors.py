"""What a command in a guest gets from who runs it: pipes and terminals of the guest's own, and no longer than it runs."""

import contextlib
import fcntl
import hashlib
import json
import os
import shlex
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import machine
from elastinet.fabric.contract import client
from machine import NOBODY, Machine
from parts import ALL, eni, group, guest, network, table
from programs import Program

CLIENT = Path(machine.__file__).with_name("program.py")
SPOIL = """
    for n in 0 1 2; do
        chmod 4777 /proc/self/fd/$n; echo spoilt >>/proc/self/fd/$n; : >/proc/self/fd/$n; chown 1:1 /proc/self/fd/$n
    done 2>/dev/null
    python3 -c '
import os, fcntl
for n in range(3):
    for act in (lambda: os.ftruncate(n, 1), lambda: os.fchmod(n, 0o6777), lambda: os.lseek(n, 0, 0), lambda: os.fchown(n, 2, 2),
                lambda: os.pwrite(n, b"spoilt", 0), lambda: fcntl.fcntl(n, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND),
                lambda: os.setxattr(f"/proc/self/fd/{n}", "user.spoilt", b""), lambda: os.utime(n, (1, 1))):
        try: act()
        except OSError: pass
'; true"""
KINDS = "for n in 0 1 2; do readlink /proc/self/fd/$n; done"


@pytest.fixture(scope="module")
def up(running: Machine) -> Machine:
    running.boot(network(), table(), group(ALL), guest(1, user_data=WAITING), eni(1, "10.0.1.10"))
    return running


WAITING = "#!/bin/sh\nexec sleep 4545"


@contextlib.contextmanager
def file(data: bytes = b"") -> Iterator[int]:
    fd = os.memfd_create("file")
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    yield fd
    os.close(fd)


def text(fd: int) -> str:
    return os.pread(fd, 1 << 20, 0).decode()


def sh(up: Machine, script: str, **options: Any) -> int:
    with up.as_user():
        return client.run(up.run, "i-1", ["sh", "-c", script], **options)


def words(up: Machine) -> list[str]:
    """The client as a program of its own, as the agent's user."""
    return [sys.executable, str(CLIENT), str(NOBODY if up.dropped else os.geteuid()), str(up.run), "i-1"]


def program(up: Machine, *argv: str, **options: Any) -> "subprocess.Popen[bytes]":
    return Program([*words(up), *argv], **options)


def shell(up: Machine, folder: Path, script: str) -> "subprocess.CompletedProcess[bytes]":
    """A script of ours, with the client as the function `inside`."""
    text = f'inside() {{ {shlex.join(words(up))} "$@"; }}\n{script}'
    return subprocess.run(["bash", "-c", text], capture_output=True, check=False, timeout=60, cwd=folder)


# --- what is ours stays ours ----------------------------------------------------------------------


def test_files_that_the_caller_gave_stay_as_they_were(up: Machine, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("in", "out", "err")]
    for path in paths:
        path.write_text("mine\n")
        path.chmod(0o640)
    before = [path.stat() for path in paths]
    with paths[0].open("r+") as one, paths[1].open("a") as two, paths[2].open("a") as three:
        status = sh(up, SPOIL, stdin=one.fileno(), stdout=two.fileno(), stderr=three.fileno())
        assert status == 0
        assert all(os.get_blocking(file.fileno()) for file in (one, two, three))
    for path, old in zip(paths, before, strict=True):
        now = path.stat()
        assert (now.st_mode, now.st_uid, now.st_gid) == (old.st_mode, old.st_uid, old.st_gid)
        assert os.listxattr(path) == []
        assert path.read_text().startswith("mine\n")
    assert paths[0].read_text() == "mine\n"
    assert paths[0].stat().st_mtime == before[0].st_mtime


@pytest.mark.parametrize("kind", ["files", "null", "one"])
def test_every_descriptor_is_a_pipe_of_its_own(up: Machine, kind: str) -> None:
    with file() as out, file() as err, open(os.devnull, "r+b") as null:
        given = {
            "files": (out, out, err),
            "null": (null.fileno(), out, null.fileno()),
            "one": (out, out, out),
        }[kind]
        assert sh(up, KINDS, stdin=given[0], stdout=given[1], stderr=given[2]) == 0
        said = text(out).split()
    assert len(said) == 3
    assert all(line.startswith("pipe:[") for line in said)
    assert len(set(said)) == (2 if kind == "one" else 3)


def test_there_are_no_others(up: Machine) -> None:
    assert up.ok("i-1", "exec ls /proc/self/fd").split() == ["0", "1", "2", "3"]  # ls has its folder open


FOREIGN = r"""
import contextlib, os, re
mine = {line.split()[0] for line in open("/proc/self/mountinfo")}
gone = contextlib.suppress(FileNotFoundError, ProcessLookupError)
for pid in filter(str.isdigit, os.listdir("/proc")):
    with gone:
        name = open(f"/proc/{pid}/comm").read().strip()
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with gone:
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
                mount = re.search(r"mnt_id:\s*(\d+)", open(f"/proc/{pid}/fdinfo/{fd}").read())[1]
                if mount not in mine and not target.startswith(("pipe:[", "socket:[", "/memfd:dhcp ")):
                    print(name, fd, target)
"""


def test_no_process_of_a_guest_has_a_file_from_outside(up: Machine) -> None:
    """Its init, user data, the DHCP client, a command."""
    up.until(lambda: "sleep 4545" in up.ok("i-1", "ps ax || busybox ps"), "the user data")
    assert "udhcpc" in up.ok("i-1", "ps ax || busybox ps")
    assert up.ok("i-1", f"python3 - <<'END'\n{FOREIGN}\nEND") == ""


def test_descriptors_that_a_client_sends_are_not_handed_on(up: Machine, tmp_path: Path) -> None:
    """Also not those of a client of another version, or of somebody's own."""
    secret = tmp_path / "secret"
    secret.write_text("mine")
    asked = client.request("i-1", ["sh", "-c", f"{KINDS} >&2; cat"])
    with socket.socket(socket.AF_UNIX) as agent, secret.open("r+") as mine, up.as_user():
        agent.connect(str(up.run / "agent.sock"))
        socket.send_fds(agent, [json.dumps(asked).encode() + b"\n"], [mine.fileno()] * 3)
        ends: list[int] = []
        while len(ends) < 4:
            ends += socket.recv_fds(agent, 65536, 16)[1]
        os.close(ends[0])
        up.until(lambda: (os.set_blocking(ends[3], True), True)[1], "")
        said = b""
        while data := os.read(ends[3], 4096):
            said += data
        for end in ends[1:]:
            os.close(end)
    assert [line.startswith(b"pipe:[") for line in said.split()] == [True] * 3


# --- and no longer than the command runs ------------------------------------------------------------


def test_who_is_left_behind_is_alone(up: Machine) -> None:
    """Its client has returned; it hears nothing more, and nobody hears it."""
    left = """
        trap '' PIPE HUP
        echo begun
        (while /bin/echo late 2>/tmp/why; do sleep 0.02; done; cat >/tmp/heard; echo done >>/tmp/heard) &"""
    up.ok("i-1", "rm -f /tmp/heard /tmp/why")
    out, into = os.pipe()
    with file() as said:
        began = time.monotonic()
        assert sh(up, left, stdin=out, stdout=said, stderr=said) == 0
        assert time.monotonic() - began < 30
        os.write(into, b"a secret that is typed next\n")
        up.until(lambda: up.exec("i-1", "grep -q done /tmp/heard")[0] == 0, "its end")
        assert "secret" not in up.ok("i-1", "cat /tmp/heard")
        assert "Broken pipe" in up.ok("i-1", "cat /tmp/why")
        assert os.read(out, 100) == b"a secret that is typed next\n"
        assert text(said).startswith("begun")
    os.close(out)
    os.close(into)


def test_a_flood_of_who_is_left_behind_holds_nobody(up: Machine) -> None:
    with file() as out, open(os.devnull) as null:
        assert (
            sh(up, "yes & echo $! >/tmp/pid; sleep 0.2; exit 3", stdin=null.fileno(), stdout=out, stderr=out)
            == 3
        )
    up.until(lambda: up.exec("i-1", "kill -0 $(cat /tmp/pid)")[0] != 0, "its end by SIGPIPE")


def test_what_was_said_before_the_end_arrives(up: Machine) -> None:
    with file() as out, file() as err, open(os.devnull) as null:
        script = "head -c 3000000 /dev/zero; head -c 200000 /dev/zero >&2; sleep 60 & exit 4"
        assert sh(up, script, stdin=null.fileno(), stdout=out, stderr=err) == 4
        assert (os.fstat(out).st_size, os.fstat(err).st_size) == (3000000, 200000)


def test_what_waits_for_a_slow_reader_arrives(up: Machine) -> None:
    """More than the reader's pipe holds is on its way when the command ends, the rest is in the guest's."""
    up.ok("i-1", "rm -f /tmp/over")
    script = "head -c 250000 /dev/zero; echo over >/tmp/over"
    process = program(up, "sh", "-c", script, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        up.until(lambda: up.exec("i-1", "test -s /tmp/over")[0] == 0, "the command's end")
        up.ok("i-1", "true")
        assert process.poll() is None
        assert len(process.communicate(timeout=30)[0]) == 250000
        assert process.returncode == 0
    finally:
        process.kill()


# --- terminals ------------------------------------------------------------------------------------------


TYPE = """
import fcntl, termios, os
print(os.ttyname(0), os.get_terminal_size(0))
for n in range(3):
    for byte in b"reboot\\n":
        try: fcntl.ioctl(n, termios.TIOCSTI, bytes([byte]))
        except OSError as error: print(error.errno); break
"""


def test_a_terminal_is_the_guest_s_own(up: Machine) -> None:
    """What types into it does not type into ours, which is as large, and raw meanwhile."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 33, 77, 0, 0))
    before = termios.tcgetattr(theirs)
    with file() as out:
        with up.as_user():
            status = client.run(up.run, "i-1", ["python3", "-c", TYPE], tty=True, stdin=theirs, stdout=out)
        said = text(out)
    assert status == 0
    assert said.startswith("/dev/pts/")
    assert "columns=77, lines=33" in said
    assert termios.tcgetattr(theirs) == before
    os.set_blocking(theirs, False)
    with pytest.raises(BlockingIOError):
        os.read(theirs, 100)
    os.close(ours)
    os.close(theirs)


def test_nobody_keeps_a_terminal(up: Machine) -> None:
    left = "trap '' HUP; (sleep 0.3; read word; echo \"$? $word\" >/tmp/kept) & exit 5"
    ours, theirs = os.openpty()
    with file() as out, up.as_user():
        assert client.run(up.run, "i-1", ["bash", "-c", left], tty=True, stdin=theirs, stdout=out) == 5
        os.write(ours, b"typed next\n")
    up.until(lambda: up.exec("i-1", "test -s /tmp/kept")[0] == 0, "its end")
    assert up.ok("i-1", "cat /tmp/kept").strip() == "1"
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("trap", ["echo mine >/tmp/trap", "mkfifo /tmp/trap"])
def test_what_a_guest_puts_in_a_terminal_s_place_is_none(up: Machine, trap: str) -> None:
    up.ok("i-1", f"rm -f /tmp/trap; ({trap}) 2>/dev/null && mount --bind /tmp/trap /dev/pts/ptmx")
    try:
        with (
            up.as_user(),
            file() as out,
            pytest.raises(client.AgentGone, match="/dev/pts/ptmx gives no terminal"),
        ):
            client.run(up.run, "i-1", ["true"], tty=True, stdin=out, stdout=out)
        assert up.exec("i-1", "echo others go on")[0] == 0
    finally:
        up.ok("i-1", "umount /dev/pts/ptmx")


@pytest.mark.parametrize("trap", ["echo mine >/tmp/trap", "mkfifo /tmp/trap"])
def test_what_a_guest_puts_in_the_place_of_nothing_is_its_own(up: Machine, trap: str) -> None:
    """What the agent starts inside has it, and nobody waits for it."""
    up.ok("i-1", f"rm -f /tmp/trap; {trap} && mount --bind /tmp/trap /dev/null")
    try:
        address = eni(1, "10.0.1.10", addresses=("10.0.1.10", "10.0.1.11"))
        assert up.desire(address) == {}
        up.until(lambda: "10.0.1.11" in up.exec("i-1", "ip addr")[1], "its second address")
    finally:
        up.ok("i-1", "umount /dev/null")
        assert up.desire(eni(1, "10.0.1.10")) == {}


def test_keys_and_sizes_reach_the_program_on_a_terminal(up: Machine) -> None:
    ours, theirs = os.openpty()
    traps = "trap 'echo C' INT; trap 'stty size' WINCH"  # run when a command ends: none may last
    script = f"rm -f /tmp/go; {traps}; echo ready; until [ -e /tmp/go ]; do sleep 0.05; done; cat"
    process = program(
        up, "bash", "-c", script, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    said = b""

    def hears(word: bytes) -> None:
        nonlocal said
        while word not in said:
            said += os.read(ours, 4096)

    hears(b"ready")
    os.write(ours, b"\x03")
    hears(b"C\r\n")
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("4H", 44, 99, 0, 0))
    process.send_signal(signal.SIGWINCH)  # a session that has not taken the terminal is not told
    hears(b"44 99")
    up.ok("i-1", "touch /tmp/go")
    os.write(ours, b"line\r\x04")
    hears(b"line\r\nline\r\n")
    assert process.wait(30) == 0
    os.close(ours)


# --- and all the same a command is as it was --------------------------------------------------------------


def test_bytes_go_both_ways_unchanged(up: Machine) -> None:
    data = os.urandom(5_000_001)
    with program(up, "cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        out, _ = process.communicate(data, timeout=60)
    assert hashlib.sha256(out).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize(
    ("script", "status", "out", "err"),
    [
        ("inside sh -c 'cat; exit 7' <<<typed", 7, b"typed\n", b""),
        ("inside sh <<'END'\necho out; echo err >&2; exit 3\nEND", 3, b"out\n", b"err\n"),
        ("inside cat </etc/hostname | cmp - /etc/hostname", 0, b"", b""),
        ("inside cat <&-", 0, b"", b""),
        ("inside sh -c 'echo said; exit 3' >&-", 3, b"", b""),
        ("inside seq 1000000 | head -n1; echo ${PIPESTATUS[0]}", 0, b"1\n141\n", b""),
        (
            "inside sh -c 'for n in 1 2 3 4; do echo $n; echo $n >&2; done' 2>&1",
            0,
            b"1\n1\n2\n2\n3\n3\n4\n4\n",
            b"",
        ),
        ("inside true & wait $!; echo $?", 0, b"0\n", b""),
        (
            "printf 'a\\nb\\nc\\n' >list; while read word; do inside echo $word; done <list",
            0,
            b"a\nb\nc\n",
            b"",
        ),
        ("inside sh -c 'kill -TERM $$'", 143, b"", b""),
        ("inside sh -c 'cat; exit 6' 0>/dev/null", 6, b"", b""),
        ("inside sh -c 'exec 0<&-; exec cat /etc/hostname >/dev/null' </dev/zero", 0, b"", b""),
        ("yes | inside head -n1", 0, b"y\n", b""),
        ("inside dd if=/dev/zero bs=1M count=1 status=none | { sleep 0.3; wc -c; }", 0, b"1048576\n", b""),
    ],
)
def test_a_shell_notices_nothing(
    up: Machine, tmp_path: Path, script: str, status: int, out: bytes, err: bytes
) -> None:
    done = shell(up, tmp_path, script)
    assert (done.returncode, done.stdout, done.stderr) == (status, out, err)


def test_output_that_cannot_be_written_is_said(up: Machine, tmp_path: Path) -> None:
    done = shell(up, tmp_path, "inside seq 100000 >/dev/full")
    assert done.returncode != 0
    assert b"No space left on device" in done.stderr


@pytest.mark.parametrize("turn", range(5))
def test_signals_reach_the_command(up: Machine, turn: int) -> None:
    """The first comes when the client is about to wait."""
    script = "trap 'echo USR1' USR1; trap 'echo TERM; exit 9' TERM; echo ready; while :; do sleep 0.05; done"
    with program(up, "sh", "-c", script, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGUSR1)
        assert process.stdout.readline() == b"USR1\n"
        process.terminate()
        assert process.stdout.readline() == b"TERM\n"
        assert process.wait(30) == 9


def test_a_job_in_the_background_does_not_read_what_is_typed(up: Machine) -> None:
    """Nor is it stopped for it, as the command does not read at all."""
    ours, theirs = os.openpty()
    inner = f"{shlex.join(words(up))} sh -c 'sleep 1; echo over' <$(tty) | cat & wait; read w; echo got $w"
    command = ["setsid", "-c", "-w", "bash", "-mc", inner]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, b"mine\n")
    said = b""
    while b"got mine" not in said:
        said += os.read(ours, 4096)
    assert b"over" in said
    assert process.wait(30) == 0
    os.close(ours)
