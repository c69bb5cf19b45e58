"""Processes on their way into a guest: nothing of the machine's can be had, or changed, by them."""

import base64
import hashlib
import os
import sys
from pathlib import Path

import pytest

from elastinet.fabric.kernel import kernel
from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))
SNARE = Path(__file__).with_name("snare.py").read_text()
TRAP = "#!/proc/self/exe\nimport os\nos.chmod('/proc/self/exe', 0o4755)\n"
EXECUTED = {
    "exec": "/usr/local/bin/trap",
    "the DHCP client": "/bin/busybox",
    "user data": "",
}
"""How a guest has the agent run a file of its own, and which: each is in the guest's hands."""


def lure(path: str) -> str:
    text = base64.b64encode(TRAP.encode()).decode()
    return f"rm -f {path}; echo {text} | base64 -d > {path}; chmod 755 {path}"


def print_of(path: str) -> tuple[int, int, int, str]:
    """All of a file that a guest could change."""
    found = os.stat(path)
    return found.st_mode, found.st_uid, found.st_mtime_ns, hashlib.sha256(Path(path).read_bytes()).hexdigest()


def machine_files() -> list[str]:
    """What the agent's processes have in memory: the interpreter, the loader, the libraries."""
    mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if " /" in line}
    return sorted({os.path.realpath(sys.executable), *(path for path in mapped if os.path.isfile(path))})


@pytest.mark.parametrize("way", EXECUTED)
def test_a_trap_that_the_kernel_runs_as_the_interpreter(machine: Machine, way: str) -> None:
    before = {path: print_of(path) for path in machine_files()}
    machine.boot(*BASE, guest(1, user_data=TRAP if way == "user data" else ""), eni(1, "10.0.1.10"))
    if EXECUTED[way]:
        machine.ok("i-1", lure(EXECUTED[way]))
    if way == "exec":
        machine.exec("i-1", EXECUTED[way])
    elif way == "user data":
        log = machine.disks / "i-1" / "console.log"
        machine.until(lambda: "user data: ended" in log.read_text(), "the end of user data")
    else:
        machine.say(guest(1, boot=2))
        log = machine.disks / "i-1" / "console.log"
        machine.until(lambda: "boot 2" in log.read_text(), "another boot")
        machine.say(drop=("guest:i-1", "interface:eni-1"))
        machine.wait(lambda fact: fact["type"] == "converged")
    assert {path: print_of(path) for path in before} == before


def test_a_snare_beside_the_way(machine: Machine) -> None:
    """A process in the guest looks at all that comes in, again and again, and tries to change it."""
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    text = base64.b64encode(SNARE.encode()).decode()
    machine.ok("i-1", f"echo {text} | base64 -d > /root/snare.py; chmod 755 /root")
    with machine.background("i-1", "exec python3 /root/snare.py > /root/caught 2>&1"):
        machine.until(lambda: "ready" in machine.exec("i-1", "cat /root/caught")[1], "the snare")
        for _ in range(30):
            machine.exec("i-1", "sleep 0.1")
        machine.desire(eni(1, "10.0.1.10", addresses=("10.0.1.10", "10.0.1.11")))
        machine.ok("i-1", "touch /tmp/enough")
        machine.until(lambda: "seen" in machine.ok("i-1", "cat /root/caught"), "its end")
    caught = machine.ok("i-1", "cat /root/caught").splitlines()
    assert caught[0] == "ready"
    assert [line for line in caught[1:] if not line.startswith("seen")] == []
    assert int(caught[-1].split()[1]) >= 20, "it saw those who came"


def test_the_machine_s_files_are_read_only_to_the_agent(machine: Machine) -> None:
    """Whatever leads a guest to a file by a process of the agent's: it can be changed by nobody there."""
    interpreter = [] if machine.dropped else [os.path.realpath(sys.executable)]
    for path in (*interpreter, "/etc/passwd", "/dev/full", str(machine.folder)):
        with pytest.raises(AssertionError, match="Read-only file system"):
            machine.among_mounts("chmod", "--reference", path, path)
    machine.among_mounts("touch", str(machine.disks / ".kept"))
    (machine.disks / ".kept").unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="an agent of the machine's root")
def test_the_agent_s_interpreter_is_a_sealed_copy() -> None:
    machine = Machine("root")
    try:
        exe = f"/proc/{machine.agent_pid()}/exe"
        assert os.readlink(exe).startswith("/memfd:")
        assert Path(exe).read_bytes() == Path(os.path.realpath(sys.executable)).read_bytes()
        with pytest.raises(OSError, match=r"Text file busy|not permitted"):
            os.open(exe, os.O_RDWR)
    finally:
        machine.close()


KEY = b"elastinet-wall"
ADD_KEY = {"x86_64": 248, "aarch64": 217}
SESSION = -3


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's guests may see the names of his keys")
def test_no_group_and_no_key_of_the_starter_s_comes_in() -> None:
    """The starter's session keyring holds a key, which the agent's processes and guests do not see."""
    kernel.system_call("add_key", ADD_KEY[os.uname().machine], b"user", KEY, b"secret", 6, SESSION)
    assert KEY.decode() in Path("/proc/keys").read_text()
    machine = Machine("root")
    try:
        machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
        assert KEY.decode() not in machine.ok("i-1", "cat /proc/keys")
        assert machine.ok("i-1", "id -G").split() == ["0"]
    finally:
        machine.close()
