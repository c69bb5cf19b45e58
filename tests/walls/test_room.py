"""What a guest takes of this machine, others still have: processes, memory, inotify."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from elastinet.fabric.guest import cgroups
from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))
SMALL = 64
"""MiB: with so little a guest may have 512 processes and threads."""
MOST = SMALL << 20 >> 17
BOMB = r"""
import ctypes, os, sys, threading
threading.stack_size(65536)
told, tell = os.pipe()
go, begin = os.pipe()
children = []
for who in sys.argv[1:]:
    children.append(os.fork())
    if not children[-1]:
        if who == "nested":
            assert ctypes.CDLL(None).unshare(0x10000000) == 0
        else:
            os.setresuid(int(who), int(who), int(who))
        os.read(go, 1)
        held, made = threading.Event(), 0
        try:
            while made < 5000:
                threading.Thread(target=held.wait, daemon=True).start()
                made += 1
        except RuntimeError:
            pass
        os.write(tell, f"{made}\n".encode())
        held.wait()
os.write(begin, b"." * len(children))
results = open(told)
print(*(results.readline().strip() for _ in children))
for child in children:
    os.kill(child, 9)
"""


@pytest.fixture
def up(machine: Machine) -> Machine:
    machine.boot(*BASE, guest(1, memory_mib=SMALL), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20"))
    return machine


def script(up: Machine, text: str, *arguments: str) -> str:
    up.ok("i-1", f"cat > /root/script.py <<'END'\n{text}\nEND")
    return up.exec("i-1", " ".join(["python3 /root/script.py", *arguments]))[1]


@pytest.mark.parametrize("who", ["0", "0 1000 1001", "nested", "0 nested nested"])
def test_a_fork_bomb_ends_at_what_its_type_has(up: Machine, who: str) -> None:
    """Whoever makes processes and threads in a guest: all of them together are bounded."""
    if "1000" in who and up.mode != "root":
        pytest.skip("one id is all that a guest has here")
    counts = [int(word) for word in script(up, BOMB, who).split()]
    assert len(counts) == len(who.split())
    assert MOST // 2 < sum(counts) < MOST
    assert up.ok("i-2", "for i in 1 2 3 4 5; do sleep 0.1 & done; wait; echo fine") == "fine\n"
    up.boot(guest(3), eni(3, "10.0.1.30"))


def test_memory_as_files_is_bounded_by_type(up: Machine) -> None:
    for place in ("/tmp", "/run", "/dev/shm"):
        status, said = up.exec("i-1", f"head -c {SMALL << 20} /dev/zero > {place}/large")
        assert status != 0
        assert "No space left" in said
        up.ok("i-1", f"rm {place}/large; echo small > {place}/small")


def test_memory_is_bounded_where_control_groups_are_ours(up: Machine) -> None:
    counted = cgroups.controlled(tuple(cgroups.parents())) if up.mode == "root" else set()
    if "memory" not in counted:
        pytest.skip("nobody lets us have control groups here")
    up.boot(guest(3, memory_mib=64), eni(3, "10.0.1.30"))
    up.ok("i-3", "echo 'bytearray(16 << 20); print(1)' > /root/a.py; python3 /root/a.py")
    assert (
        up.exec(
            "i-3", "echo 'b = bytearray(200 << 20); print(len(b))' > /root/b.py; exec python3 /root/b.py"
        )[0]
        == 137
    )
    assert (
        up.ok("i-2", "echo 'print(len(bytearray(200 << 20)))' > /root/b.py; python3 /root/b.py")
        == f"{200 << 20}\n"
    )


QUOTAS = ("cpu.max", "cpu.cfs_quota_us")
SPIN = """
import multiprocessing, resource, time
def spin(end):
    while time.monotonic() < end: pass
began = time.monotonic()
workers = [multiprocessing.Process(target=spin, args=(began + 1,)) for _ in range(4)]
[worker.start() for worker in workers]
[worker.join() for worker in workers]
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print((used.ru_utime + used.ru_stime) / (time.monotonic() - began))
"""


def test_processor_time_is_bounded_where_it_is_asked_for(up: Machine) -> None:
    """Four who would use two processors, as they may elsewhere, have one's time; a busy machine lets nobody."""
    groups = [parent / f"{cgroups.NAME}{up.process.pid}" for parent in cgroups.parents()]
    if up.mode != "root" or "cpu" not in cgroups.controlled(tuple(groups)):
        pytest.skip("nobody lets us have control groups here")
    up.boot(guest(3, cpus=1), eni(3, "10.0.1.30"))
    assert float(up.exec("i-3", f"cat > /root/s.py <<'END'\n{SPIN}\nEND\npython3 /root/s.py")[1]) < 1.15
    said = {
        file.read_text().strip()
        for group in groups
        for file in group.glob("i-3/cpu.*")
        if file.name in QUOTAS
    }
    assert said in ({"100000"}, {"100000 100000"})
    up.desire(drop=("guest:i-3", "interface:eni-3"))
    up.until(lambda: not any((group / "i-3").exists() for group in groups), "the end of its groups")


def test_another_agent_s_start_leaves_its_control_groups(up: Machine) -> None:
    """One in a container does not see who uses them, and tidies up after the dead only."""
    if up.mode != "root" or not cgroups.controlled(tuple(cgroups.parents())):
        pytest.skip("nobody lets us have control groups here")
    own = [parent / f"{cgroups.NAME}{up.process.pid}" for parent in cgroups.parents()]
    fresh = [group / "i-9" for group in own if group.exists()]
    for folder in fresh:
        folder.mkdir()  # of a guest that is about to start
    sweep = [sys.executable, "-c", "from elastinet.fabric.guest import cgroups; cgroups.sweep()"]
    subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", *sweep], check=True)
    assert fresh
    for folder in fresh:
        folder.rmdir()
    up.boot(guest(3), eni(3, "10.0.1.30"))


def test_inotify_of_one_guest_leaves_others_theirs(up: Machine) -> None:
    taken = r"""
import ctypes
libc, n = ctypes.CDLL(None, use_errno=True), 0
while libc.inotify_init1(0) >= 0:
    n += 1
print(n)
"""
    most = int(Path("/proc/sys/fs/inotify/max_user_instances").read_text())
    up.ok(
        "i-1",
        f"cat > /root/a.py <<'END'\n{taken}\nimport time\nprint('held', flush=True)\ntime.sleep(600)\nEND",
    )
    up.ok("i-2", f"cat > /root/a.py <<'END'\n{taken}\nEND")
    with up.background("i-1", "exec python3 /root/a.py > /root/taken"):
        up.until(lambda: "held" in up.exec("i-1", "cat /root/taken")[1], "all that it can have")
        assert int(up.ok("i-2", "python3 /root/a.py")) >= min(most // 4, 16)
        up.boot(network(id="vpc-2"), guest(4), eni(4, "10.0.1.40"))


def test_it_cannot_let_itself_have_more(up: Machine) -> None:
    for name in sorted(os.listdir("/proc/sys/user")):
        assert up.exec("i-1", f"echo 100000 > /proc/sys/user/{name}")[0] != 0, name
    if Path("/sys/fs/cgroup/pids").exists() or up.mode == "root":
        assert (
            up.exec(
                "i-1", "mkdir /mnt/c; mount -t cgroup -o pids none /mnt/c && echo 0 > /mnt/c/cgroup.procs"
            )[0]
            != 0
        )


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system needs root")
def test_a_guest_that_fills_the_disk_is_ended() -> None:
    """The file system of the disks has 64 MiB here: who fills it, with more than its volumes have, is ended."""
    machine = Machine("root", before="mkdir -p {disks}; mount -t tmpfs -o size=64m none {disks}")
    try:
        hog = guest(1, disk_gib=0)
        machine.boot(*BASE, hog, eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20"))
        machine.ok("i-2", "head -c 1M /dev/zero > /root/mine")
        machine.facts.clear()
        with machine.background("i-1", "cat /dev/zero > /root/all; sleep 600"):
            gone = machine.wait(lambda fact: fact["type"] == "gone", "its end")
        assert (gone["guest"], gone["asked"]) == ("i-1", False)
        machine.ok("i-2", "test -s /root/mine")
        assert "fills this machine's disk" in machine.among_mounts("cat", f"{machine.disks}/i-1/console.log")
        machine.boot(guest(1, boot=2))
        machine.ok("i-1", "rm /root/all")
        machine.ok("i-2", "head -c 1M /dev/zero >> /root/mine")
    finally:
        machine.close()
