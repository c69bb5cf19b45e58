"""What happens to a server: its parts are killed or stand still, it is stopped, its disk is full."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from elastinet.fabric.guest import cgroups
from family import child, children
from left import ours
from world import World

ENGINE, AGENT = "elastinet.serve.server", "elastinet.fabric.agent.agent"
STILL_SECONDS = (0.5, 2.5)
FULL_SECONDS = 1.5
PATIENCE_SECONDS = 30
TMPFS = "size=192m,mode=700"


class Confined(World):
    """A server whose state is on a small file system of its own, which nobody else sees."""

    def __init__(self, state: Path, *options: str, **variables: str) -> None:
        script = f"mount -t tmpfs -o {TMPFS} none {state} && echo ready && exec sleep 100000"
        command = ["unshare", "--mount", "sh", "-c", script]
        self._holder = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"
        self.before = ("nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt", "--")
        super().__init__(state, *options, **variables)

    @property
    def seen_state(self) -> Path:
        """The folder of the state, as it is seen from outside."""
        return Path(f"/proc/{self._holder.pid}/root{self.state}")

    def close(self) -> None:
        """Let the file system go."""
        assert self._holder.stdout is not None
        self._holder.stdout.close()
        self._holder.kill()
        self._holder.wait()


def kill_engine(world: Any, dice: random.Random) -> None:
    """Kill the engine."""
    _kill(child(world, ENGINE))


def kill_agent(world: Any, dice: random.Random) -> None:
    """Kill the agent, and all instances with it."""
    _kill(child(world, AGENT))


def kill_both(world: Any, dice: random.Random) -> None:
    """Kill both, in some order."""
    for module in dice.sample((ENGINE, AGENT), 2):
        _kill(child(world, module))


def kill_dnsmasq(world: Any, dice: random.Random) -> None:
    """Kill a network's DHCP server."""
    found = [pid for pid, words in family(world.pid) if "dnsmasq.conf" in words]
    _kill(dice.choice(found) if found else None)


def kill_guest(world: Any, dice: random.Random) -> None:
    """Kill an instance's init, or the internet's."""
    found = inits(world.pid)
    _kill(dice.choice(found) if found else None)


def kill_all(world: Any, dice: random.Random) -> None:
    """Kill the supervisor, on which all others depend, and start again."""
    _kill(world.pid)
    wait_for_the_end(world.state)
    world.start()


def wait_for_the_end(state: Path) -> None:
    """Wait until no process of a server is left; those that are, are told."""
    end = time.monotonic() + PATIENCE_SECONDS
    while left := ours(state):
        assert time.monotonic() < end, [(pid, words, whereabouts(pid)) for pid, words in left]
        time.sleep(0.05)


def whereabouts(pid: int) -> str:
    """What a process is doing."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        return "; ".join(line for line in status if line.startswith(("State", "PPid", "SigCgt", "ShdPnd")))
    return "gone"


def freeze(world: Any, dice: random.Random) -> None:
    """Have the engine or the agent stand still for some time."""
    pid = child(world, dice.choice((ENGINE, AGENT)))
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(dice.uniform(*STILL_SECONDS))
            os.kill(pid, signal.SIGCONT)


def restart(world: Any, dice: random.Random) -> None:
    """Stop the server, and start it again."""
    world.stop()
    world.start()


def fill(world: Any, dice: random.Random) -> None:
    """Fill the state's file system, and free it again."""
    path = world.seen_state / "full"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    time.sleep(FULL_SECONDS)
    path.unlink()


Blow = Callable[[Any, random.Random], None]
BLOWS: tuple[Blow, ...] = (
    *(kill_engine, kill_agent, kill_both, kill_dnsmasq, kill_guest, kill_all, freeze, freeze, restart, fill),
)


def _kill(pid: int | None) -> None:
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def family(pid: int) -> Iterator[tuple[int, str]]:
    """A process's descendants, and their command lines."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for one in children(pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                yield one, Path(f"/proc/{one}/cmdline").read_text(errors="replace")
            yield from family(one)


def inits(pid: int) -> list[int]:
    """The first processes of the PID namespaces of the instances and of the internet."""
    found = []
    for one, words in family(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            ids = Path(f"/proc/{one}/status").read_text().partition("NSpid:")[2].split("\n")[0].split()
            if words.startswith("init") and ids[-1] == "1":
                found.append(one)
    return found


def groups(pid: int) -> set[Path]:
    """The control groups of a server's agent and its instances."""
    found = set()
    for one in inits(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{one}/cgroup").read_text().splitlines():
                _, controllers, path = line.split(":", 2)
                beside = cgroups.BESIDE if cgroups.BESIDE.exists() else cgroups.UNITED
                group = (cgroups.UNITED / controllers if controllers else beside) / path.lstrip("/")
                found |= {each for each in (group, *group.parents) if each.name.startswith(cgroups.NAME)}
    return found
