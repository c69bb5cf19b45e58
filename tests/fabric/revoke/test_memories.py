"""Memory that guests share past the kernel: with whom, from when on and until when, and that nothing of it stays."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from elastinet.fabric.agent.memories import _owner, spread
from elastinet.fabric.contract.objects import Guest
from elastinet.fabric.guest import seccomp
from keepers import DOOR, INNOCENT, KEEPERS, SECRET, WAITING, python, waiting
from machine import PATIENCE, Machine
from parts import ALL, eni, group, guest, network, table

REGION = (network(), table(), group(ALL))


def member(number: int, memory: str | None, boot: int = 1) -> Guest:
    """A guest with an EFA that shares a memory, "" for none; None is without EFA."""
    plain = guest(number, boot)
    return Guest(plain.id, plain.hostname, plain.boot, memory=memory)


def region(*members: Guest) -> list:
    enis = (eni(int(one.id[2:]), f"10.0.1.{10 + int(one.id[2:])}") for one in members)
    return [*REGION, *members, *enis]


def background(machine: Machine, id: str, command: str, said: str = "/tmp/said") -> str:
    """Start something in a guest that goes on; gives its process id there."""
    return machine.ok(id, f"setsid sh -c {quoted(command)} >{said} 2>&1 </dev/null & echo $!").strip()


def holding(machine: Machine, id: str, commands: dict[str, str]) -> dict[str, str]:
    """Start what goes on in a guest, and wait until each says that it holds what it will; their process ids."""
    machine.ok(id, "rm -rf /tmp/held; mkdir /tmp/held")
    pids = {
        name: background(machine, id, command, f"/tmp/held/{number}")
        for number, (name, command) in enumerate(commands.items())
    }

    def not_yet() -> list[str]:
        found = machine.ok(id, "cd /tmp/held; grep -lx held * || true").split()
        return [name for number, name in enumerate(commands) if str(number) not in found]

    end = time.monotonic() + PATIENCE
    while missing := not_yet():
        assert time.monotonic() < end, missing
        time.sleep(0.05)
    return pids


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def lives(machine: Machine, id: str, pid: str) -> bool:
    """Whether a process has a thread that has not ended."""
    return machine.exec(id, f"grep -h '^State:' /proc/{pid}/task/*/status | grep -qv Z")[0] == 0


def reads(machine: Machine, id: str) -> bool:
    return machine.exec(id, f"cat {SECRET}")[0] == 0


def test_shared_by_those_only(machine: Machine) -> None:
    """Two share it; one with another memory, one with none, and one without EFA have nothing of it."""
    machine.boot(*region(*(member(n, memory) for n, memory in enumerate(("one", "one", "two", "", None), 1))))
    machine.ok("i-1", f"echo hi > {SECRET}")
    assert machine.ok("i-2", f"cat {SECRET}") == "hi\n"
    for id in ("i-3", "i-4", "i-5"):
        assert not reads(machine, id)
        assert "secret" not in machine.ok(id, "ls /dev/shm; find / -xdev -name secret 2>/dev/null")
        assert machine.exec(id, "mkdir -p /tmp/m && mount -t tmpfs none /tmp/m && ls /tmp/m")[1] == ""
    mounted = [machine.ok(f"i-{n}", "grep -c ' /dev/shm ' /proc/mounts").strip() for n in range(1, 6)]
    assert mounted == ["2", "2", "2", "1", "1"]


def test_process_ids_lie_far_apart(machine: Machine) -> None:
    """libfabric names its endpoints after them; a guest without EFA counts from 1 as ever."""
    machine.boot(*region(member(1, "one"), member(2, "one"), member(3, None)))
    first, second, plain = sorted((int(machine.ok(f"i-{n}", "echo $$")) for n in (1, 2, 3)), reverse=True)
    assert plain < 1000
    assert first - second > 4096
    assert second > 4096


def test_live_changes(machine: Machine) -> None:
    """In, out, into another, back: what is in a guest's own /dev/shm is there whenever nothing is shared."""
    machine.boot(*region(member(1, ""), member(2, "one")))
    machine.ok("i-1", "echo own > /dev/shm/own")
    machine.ok("i-2", f"echo hi > {SECRET}")
    assert not reads(machine, "i-1")
    assert machine.desire(member(1, "one")) == {}
    assert reads(machine, "i-1")
    assert machine.exec("i-1", "cat /dev/shm/own")[0] != 0
    assert machine.desire(member(1, "two")) == {}
    assert not reads(machine, "i-1")
    assert machine.desire(member(1, "one")) == {}
    assert reads(machine, "i-1")
    assert machine.desire(member(1, "")) == {}
    assert machine.ok("i-1", "cat /dev/shm/own") == "own\n"
    assert not reads(machine, "i-1")
    assert reads(machine, "i-2")


def test_nobody_keeps_anything(machine: Machine) -> None:
    """Whoever holds something of it in a guest that leaves is killed; all else there and elsewhere goes on."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    machine.ok("i-2", f"echo hi > {SECRET}")
    background(machine, "i-2", DOOR)
    machine.until(lambda: machine.exec("i-2", "test -S /dev/shm/door")[0] == 0, "the door")
    keepers = holding(machine, "i-1", KEEPERS)
    innocent = background(machine, "i-1", "exec sleep 4343")
    other = holding(machine, "i-2", {"it": KEEPERS["an open file"]})["it"]
    machine.ok("i-1", "mount --bind /dev/shm /mnt && cat /mnt/secret")
    machine.ok("i-1", "mkdir -p /tmp/low /srv && mount -t overlay none -o lowerdir=/dev/shm:/tmp/low /srv")
    assert machine.ok("i-1", "cat /srv/secret") == "hi\n"
    # The kernel lets mounts be kept in a file only if their namespace's number happens to be higher than ours.
    kept = machine.exec("i-1", "touch /tmp/ns && unshare --mount=/tmp/ns true")[0] == 0
    assert not kept or machine.ok("i-1", "nsenter --mount=/tmp/ns cat /dev/shm/secret")
    assert [name for name, pid in keepers.items() if not lives(machine, "i-1", pid)] == []
    assert machine.desire(member(1, "")) == {}
    assert {name for name, pid in keepers.items() if lives(machine, "i-1", pid)} == set()
    assert lives(machine, "i-1", innocent)
    assert lives(machine, "i-2", other)
    assert machine.exec("i-1", "cat /mnt/secret")[0] != 0
    assert machine.exec("i-1", "cat /srv/secret")[0] != 0
    assert machine.exec("i-1", "nsenter --mount=/tmp/ns cat /dev/shm/secret")[0] != 0
    assert reads(machine, "i-2")


@pytest.mark.parametrize("way", WAITING)
def test_who_waits_in_a_system_call_gets_nothing(machine: Machine, way: str) -> None:
    """What a call holds is in no table: it is done anew, and then there is no such name or number."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    machine.ok("i-2", f"mkfifo /dev/shm/pipe; head -c 1000000 /dev/zero | tr '\\0' x > {SECRET}")
    waiter = background(machine, "i-1", waiting(way))
    machine.until(lambda: machine.exec("i-1", "test -e /tmp/waits")[0] == 0, "the call")
    assert machine.desire(member(1, "")) == {}
    background(machine, "i-2", "exec 9<>/dev/shm/pipe; echo late >&9; exec sleep 4343")
    machine.ok("i-1", "touch /tmp/go")
    time.sleep(0.5)
    assert machine.exec("i-1", "test -e /tmp/kept")[0] != 0
    assert machine.ok("i-2", f"head -c 4 {SECRET}") == "xxxx"
    assert lives(machine, "i-1", waiter)


def test_who_has_nothing_of_it_goes_on(machine: Machine) -> None:
    """Neither files of other nameless file systems end a program, nor does a shell find its job stopped."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    innocent = holding(machine, "i-1", {name: python(text) for name, text in INNOCENT.items()})
    job = "until test -e /tmp/go; do sleep 0.1; done"
    holding(machine, "i-1", {"a job": f"bash -mc 'sh -c \"echo held; {job}\"; echo $? > /tmp/code'"})
    assert [name for name, pid in innocent.items() if not lives(machine, "i-1", pid)] == []
    assert machine.desire(member(1, "")) == {}
    assert [name for name, pid in innocent.items() if not lives(machine, "i-1", pid)] == []
    machine.ok("i-1", "touch /tmp/go")
    machine.until(lambda: machine.exec("i-1", "test -s /tmp/code")[0] == 0, "the shell")
    assert machine.ok("i-1", "cat /tmp/code") == "0\n"


def test_an_interpreter_that_the_kernel_has_open(machine: Machine) -> None:
    """binfmt_misc keeps one for a guest's user namespace (flag F): it goes with its mount."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    machine.ok("i-2", "cp /bin/echo /dev/shm/interpreter")
    if machine.exec("i-1", "mkdir /tmp/formats && mount -t binfmt_misc none /tmp/formats")[0]:
        pytest.skip("no binfmt_misc in user namespaces: Linux 6.7")
    machine.ok("i-1", "mount -o remount,bind,exec /dev/shm && cd /tmp && echo > x.mine && chmod +x x.mine")
    machine.ok("i-1", "echo ':mine:E::mine::/dev/shm/interpreter:F' > /tmp/formats/register")
    assert machine.ok("i-1", "/tmp/x.mine hi") == "/tmp/x.mine hi\n"
    keeper = background(machine, "i-1", "exec 9</tmp/formats/mine; exec sleep 4343")
    assert machine.desire(member(1, "")) == {}
    assert machine.exec("i-1", "/tmp/x.mine hi")[1] == ""
    assert not lives(machine, "i-1", keeper)


def ends(machine: Machine) -> None:
    """Take the memory from i-1, which is ended as a whole."""
    began = time.monotonic()
    assert "where it cannot be taken off" in machine.desire(member(1, ""))["guest:i-1"]
    machine.wait(lambda fact: {"type": "gone", "guest": "i-1", "asked": False}.items() <= fact.items())
    machine.wait(lambda fact: fact["type"] == "converged" and not fact["failed"], "that all is well")
    assert time.monotonic() - began < 60


DEEP = python("""
os.chdir("/tmp")
for _ in range(20):
    os.mkdir("d" * 250)
    os.chdir("d" * 250)
os.mkdir("m")
assert c.mount(b"/dev/shm", b"m", b"", 0x1000, None) == 0
open("/tmp/there", "w")""")
"""Mounts the memory where no path leads that a system call would take."""


def test_who_does_not_let_go_is_ended(machine: Machine) -> None:
    """The guest ends within some seconds, and its part of the memory with it; the others hear of nothing."""
    machine.boot(*region(member(1, "one"), member(2, "one"), member(3, "one")))
    machine.ok("i-2", f"echo hi > {SECRET}")
    endpoint = machine.ok("i-1", "touch /dev/shm/$$:0:0; echo $$:0:0").strip()
    other = holding(machine, "i-2", {"it": KEEPERS["mapped memory"]})["it"]
    background(machine, "i-1", DEEP)
    machine.until(lambda: machine.exec("i-1", "test -e /tmp/there")[0] == 0, "the mount")
    ends(machine)
    assert endpoint not in machine.ok("i-2", "ls /dev/shm")
    assert reads(machine, "i-2")
    assert reads(machine, "i-3")
    assert lives(machine, "i-2", other)
    machine.boot(member(1, "", boot=2))
    assert not reads(machine, "i-1")


ODD = {
    "under another mount": ("mount --bind /dev/shm /mnt && mount -t tmpfs none /mnt", "umount /mnt", "/mnt"),
    "at a place of two lines": (
        "cd /tmp && x=$(printf 'a\\rb') && mkdir $x && mount --bind /dev/shm $x",
        "true",
        "/tmp/a*",
    ),
    "at a place that is no text": (
        "cd /tmp && x=$(printf 'c\\377') && mkdir $x && mount --bind /dev/shm $x",
        "true",
        "/tmp/c*",
    ),
}


@pytest.mark.parametrize("way", ODD)
def test_mounts_out_of_sight(machine: Machine, way: str) -> None:
    """What is mounted where one does not see it goes too, and the guest lives on."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    machine.ok("i-2", f"echo hi > {SECRET}")
    hide, show, place = ODD[way]
    innocent = background(machine, "i-1", "exec sleep 4343")
    begun = f"grep -q sleep /proc/{innocent}/comm"  # it opens /dev/null before
    machine.until(lambda: machine.exec("i-1", begun)[0] == 0, "the program")
    machine.ok("i-1", hide)
    assert machine.desire(member(1, "")) == {}
    machine.exec("i-1", show)
    assert machine.exec("i-1", f"cat {place}/secret")[0] != 0
    assert not reads(machine, "i-1")
    assert lives(machine, "i-1", innocent)


UNREACHED = {
    "below another mount": "mkdir /mnt/a && mount --bind /dev/shm /mnt/a && mount -t tmpfs none /mnt",
    "below another /dev": "mount -t tmpfs none /dev",
    "below another root": "mount -t tmpfs none /",
}


@pytest.mark.parametrize("way", UNREACHED)
def test_mounts_that_no_path_reaches(machine: Machine, way: str) -> None:
    """What is mounted below something else ends the guest; who shares the memory with it hears of nothing."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    other = holding(machine, "i-2", {"it": KEEPERS["an open folder"]})["it"]
    machine.ok("i-1", UNREACHED[way])
    ends(machine)
    assert lives(machine, "i-2", other)


def test_mounted_again_and_again(machine: Machine) -> None:
    """Who mounts it again by a descriptor, as fast as it is taken off, has nothing in the end."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    machine.ok("i-2", f"echo hi > {SECRET}")
    again = "exec 9</dev/shm; while true; do mount --bind /proc/self/fd/9 /mnt; done"
    for _ in range(4):
        background(machine, "i-1", again)
    machine.until(lambda: machine.exec("i-1", "cat /mnt/secret")[0] == 0, "the mounts")
    assert machine.desire(member(1, "")) == {}
    assert machine.exec("i-1", "cat /mnt/secret")[0] != 0


TRACER = python("""
c.ptrace.argtypes = [ctypes.c_long] * 4
assert c.ptrace(0x4206, int(os.environ["OF"]), 0, 0x40) == 0""")
"""Seizes a process so that it stops on its way out (PTRACE_SEIZE, PTRACE_O_TRACEEXIT)."""


HOPPER = r"""
#include <fcntl.h>
#include <unistd.h>
int main(void) {
    char data[9];
    int secret = open("/dev/shm/secret", O_RDWR);
    if (secret < 0 || write(1, "held", 4) < 0) return 1;
    while (access("/tmp/enough", F_OK))
        if (fork()) _exit(0);
    int kept = open("/tmp/kept", O_CREAT | O_WRONLY, 0666);
    return write(kept, data, read(secret, data, 9)) < 0;
}
"""
"""Goes on in a child before anybody can look at it."""


def test_who_is_always_another_process(machine: Machine) -> None:
    """All stand still for it to be found; what was stopped before stays so, and all else goes on."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    machine.ok("i-2", f"echo hi > {SECRET}")
    machine.ok("i-1", f"echo {quoted(HOPPER)} | gcc -O2 -x c -o /tmp/hop -")
    background(machine, "i-1", "for n in $(seq 200); do sleep 4343 & done; wait")  # to be looked at, too
    going, resting = (background(machine, "i-1", "exec sleep 4343") for _ in range(2))
    machine.ok("i-1", f"kill -STOP {resting}")
    holding(machine, "i-1", {"one": "exec /tmp/hop", "another": "exec /tmp/hop"})
    machine.until(lambda: machine.desire(member(1, "")) == {}, "the memory, perhaps by another try")

    def states() -> list[str]:
        shown = machine.ok("i-1", f"grep -h '^State' /proc/{going}/status /proc/{resting}/status")
        return shown.split()[1::3]

    machine.until(lambda: states() == ["S", "T"], "that one goes on, and the other does not")
    machine.ok("i-1", "touch /tmp/enough")
    time.sleep(1)
    assert machine.exec("i-1", "cat /tmp/kept")[0] != 0


def test_who_is_traced_does_not_keep_anything(machine: Machine) -> None:
    """A killed process stops for its tracer before it lets go: the tracer is killed, too, and the guest lives."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    machine.ok("i-2", f"echo hi > {SECRET}")
    keeper = holding(machine, "i-1", {"it": KEEPERS["mapped memory"]})["it"]
    tracer = background(machine, "i-1", f"export OF={keeper}; {TRACER}")
    machine.until(lambda: is_traced(machine, keeper), "its tracer")
    assert machine.desire(member(1, "")) == {}
    assert not lives(machine, "i-1", keeper)
    assert not lives(machine, "i-1", tracer)


def test_a_traced_init_ends(machine: Machine) -> None:
    """A guest's root can keep the guest neither from standing still nor from ending."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    background(machine, "i-1", f"export OF=1; {TRACER}")
    machine.until(lambda: is_traced(machine, "1"), "its tracer")
    assert machine.desire(member(1, "")) == {}
    assert machine.desire(drop=("guest:i-1", "interface:eni-1")) == {}


def is_traced(machine: Machine, pid: str) -> bool:
    return machine.exec("i-1", f"grep -q 'TracerPid:.[1-9]' /proc/{pid}/status")[0] == 0


def test_what_an_ended_guest_leaves(machine: Machine) -> None:
    """Files of its endpoints are deleted; those of others stay, and so does the memory until the last has left."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    pids = [machine.ok(f"i-{n}", "echo $$; touch /dev/shm/$$:0:0").strip() for n in (1, 2)]
    assert machine.desire(drop=("guest:i-1", "interface:eni-1")) == {}
    machine.until(lambda: machine.ok("i-2", "ls /dev/shm").split() == [f"{pids[1]}:0:0"], "its files' end")
    assert machine.desire(member(2, "")) == {}
    assert machine.desire(member(2, "one")) == {}
    assert machine.ok("i-2", "ls /dev/shm") == ""


def test_folders_called_like_endpoints(machine: Machine) -> None:
    """An ended guest's are left to those that go on, who could have made them, too."""
    machine.boot(*region(member(1, "one"), member(2, "one")))
    machine.ok("i-1", "mkdir /dev/shm/$$:0:0; touch /dev/shm/$$:0:0/full")
    assert machine.desire(drop=("guest:i-1", "interface:eni-1")) == {}
    machine.ok("i-2", "rm -r /dev/shm/*:0:0")


def test_many_may_be_unwanted_at_any_moment_of_their_start(machine: Machine) -> None:
    """An init may have ended when the agent looks at what it has."""
    machine.boot(*region(member(99, "one")))
    many = range(1, 13)
    dropped = [f"{kind}-{n}" for n in many for kind in ("guest:i", "interface:eni")]
    for moment in range(6):
        machine.say(*region(*(member(n, "one", boot=moment + 1) for n in many)))
        time.sleep(moment / 50)
        assert not machine.desire(drop=tuple(dropped))
    machine.ok("i-99", "true")


def test_a_new_boot_is_in_it_before_it_runs(machine: Machine) -> None:
    machine.boot(*region(member(1, "one"), member(2, "one")))
    machine.ok("i-2", f"echo hi > {SECRET}")
    machine.boot(member(1, "one", boot=2))
    assert reads(machine, "i-1")


def test_a_guest_that_cannot_be_brought_there(machine: Machine) -> None:
    """The failure is told and the guest runs on; it is tried again, and works as soon as it can."""
    machine.boot(*region(member(1, ""), member(2, "one")))
    machine.ok("i-1", "mount -t tmpfs none /dev")
    assert "shared memory" in machine.desire(member(1, "one"))["guest:i-1"]
    machine.ok("i-1", "umount /dev")
    wanted = {"type": "converged", "generation": machine.generation, "failed": {}}
    machine.wait(lambda fact: fact == wanted, "the memory")
    machine.ok("i-2", f"echo hi > {SECRET}")
    assert reads(machine, "i-1")


def test_a_memory_that_nobody_came_to(machine: Machine) -> None:
    """It is taken away again."""
    machine.boot(*region(member(1, "")))
    machine.ok("i-1", "mount -t tmpfs none /dev")
    assert "shared memory" in machine.desire(member(1, "nobody"))["guest:i-1"]
    shown = Path(f"/proc/{machine.agent_pid()}/mountinfo")
    machine.until(lambda: "memories/nobody" not in shown.read_text(), "the memory's end")


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8, 60])
def test_each_place_is_far_from_all_before_it(count: int) -> None:
    places = sorted(spread(number) for number in range(count + 1))
    assert all(0 <= place < 1 for place in places)
    assert min(b - a for a, b in zip(places, [*places[1:], 1.0], strict=True)) >= 1 / (2 * count)


def test_only_endpoints_have_an_owner() -> None:
    assert _owner("secret", ()) is None


@pytest.mark.skipif(not shutil.which("setarch"), reason="no setarch")
def test_no_memory_without_the_filter_of_system_calls() -> None:
    """On an architecture without one, programs could keep pages that nobody finds."""
    text = "from elastinet.fabric.agent import memories as m; print(m._fault() == m.NO_FILTER)"
    said = [
        subprocess.run(
            [*where, sys.executable, "-c", text], check=True, capture_output=True, text=True
        ).stdout
        for where in ((), ("setarch", "i686"))
    ]
    assert said == [f"{bool(seccomp.fault())}\n", "True\n"]
