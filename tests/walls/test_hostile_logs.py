"""What a guest sends to its console and its syslog: bytes, bounded, and nobody else waits for them."""

import pytest

from elastinet.fabric.guest.console import LIMIT
from elastinet.fabric.guest.hearing import LONGEST, MOST_AT_ONCE
from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))
FLOODS = {
    "console": "exec yes flood > /dev/console",
    "syslog": """exec python3 -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("/dev/log")
while True:
    s.send(b"<13>flood")'""",
    "large messages": """exec python3 -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("/dev/log")
while True:
    s.send(b"<13>" + b"x" * 100000)'""",
}
TRIES = 20
LINGERING = f"""
import array, os, socket, struct, time
server = socket.create_server(("127.0.0.1", 7777), backlog=100)
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
told, tell = os.pipe()
for _ in range({TRIES}):
    if os.fork():
        continue
    slow = socket.create_connection(("127.0.0.1", 7777))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3600))
    slow.setblocking(False)
    try:
        while True:
            slow.send(b"x" * 65536)
    except BlockingIOError:
        pass
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.connect("/dev/log")
    fds = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [slow.fileno()]))]
    try:
        log.sendmsg([b"<13>a heavy one"], fds, socket.MSG_DONTWAIT)
    except BlockingIOError:  # the reader is held up already
        pass
    os.write(tell, b".")
    slow.close()
    time.sleep(3600)
for _ in range({TRIES}):
    os.read(told, 1)
print("sent", flush=True)
time.sleep(3600)
"""
"""A race between who closes first, the sender or who reads: some are lost by the reader."""


def size(machine: Machine, name: str) -> int:
    path = machine.disks / "i-1" / name
    return path.stat().st_size if path.exists() else 0


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_keeps_nobody_waiting_and_fills_no_disk(machine: Machine, kind: str) -> None:
    """Meanwhile others boot, commands run and end, and the flood's files stay small."""
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    name = "console.log" if kind == "console" else "syslog"
    with machine.background("i-1", FLOODS[kind]):
        machine.until(lambda: size(machine, name) > LIMIT // 2, "the flood")
        for number in (2, 3):
            machine.boot(guest(number), eni(number, f"10.0.1.{number}0"))
            assert machine.ok(f"i-{number}", "echo here") == "here\n"
            machine.ok("i-1", "logger -t other word; echo word > /dev/console")
        assert size(machine, name) <= LIMIT + MOST_AT_ONCE * 16
    machine.boot(guest(1, boot=2))


def test_a_message_that_holds_up_who_throws_it_away(machine: Machine) -> None:
    """The last descriptor of a socket that lingers: whoever closes it waits for an hour."""
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    machine.ok("i-1", f"cat > /root/linger.py <<'END'\n{LINGERING}\nEND")
    with machine.background("i-1", "exec python3 /root/linger.py > /root/said"):
        machine.until(lambda: machine.exec("i-1", "grep -q sent /root/said")[0] == 0, "the message")
        machine.boot(guest(2), eni(2, "10.0.1.20"))
        assert machine.ok("i-2", "logger -t fine word; echo here") == "here\n"
        syslog = machine.disks / "i-2" / "syslog"
        machine.until(lambda: syslog.exists() and "fine: word" in syslog.read_text(), "another's log")
    machine.boot(guest(1, boot=2))
    machine.ok("i-1", "logger -t fine again")
    syslog = machine.disks / "i-1" / "syslog"
    machine.until(lambda: syslog.exists() and "fine: again" in syslog.read_text(), "its log")


def test_messages_are_lines_whatever_they_are(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    messages = [b"", b"<13>", b"<999999>x", b"<13>one\nNov 30 00:00:00 sshd: forged", b"<1>\x1b[2J\xff"]
    messages += [b"<a>b", b"<13>" + b"y" * 3 * LONGEST, b"<13>the end\0"]
    sending = f"for m in {messages!r}: s.sendto(m, '/dev/log')"
    machine.ok("i-1", f'python3 -c "import socket; s = socket.socket(1, 2)\n{sending}"'.replace("\\", "\\\\"))
    path = machine.disks / "i-1" / "syslog"
    machine.until(lambda: path.exists() and b"the end\n" in path.read_bytes(), "the end")
    lines = path.read_bytes().split(b"\n")
    forged = b"one#012Nov 30 00:00:00 sshd: forged"
    assert lines[:6] == [b"", b"", b"x", forged, b"#033[2J\xff", b"<a>b"]
    assert lines[6:] == [b"y" * (LONGEST - 4), b"the end", b""]


def test_links_of_a_guests_lead_its_log_nowhere(machine: Machine) -> None:
    """The log is no file of the guest's tree, and what the guest puts in the socket's place is its own."""
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    machine.ok("i-1", "rm /dev/log; ln -s /etc/passwd /dev/log; logger -t lost word || true")
    machine.ok("i-1", "! grep -q lost /etc/passwd; ! rm /dev/console; echo still > /dev/console")
    log = machine.disks / "i-1" / "console.log"
    machine.until(lambda: "still\n" in log.read_text(), "the console")
    machine.boot(guest(1, boot=2))
    machine.ok("i-1", "logger -t back word")
    syslog = machine.disks / "i-1" / "syslog"
    machine.until(lambda: syslog.exists() and "back: word" in syslog.read_text(), "the log")
