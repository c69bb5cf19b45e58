"""A program that runs in a router's namespace: its end, its files, and what it listens on."""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from elastinet.deletion import remove_tree
from elastinet.fabric.kernel import features, isolate, kernel, privileges

PATIENCE_SECONDS = 5.0
SILENT = (
    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0),
    (os.POSIX_SPAWN_DUP2, 0, 1),
    (os.POSIX_SPAWN_DUP2, 0, 2),
)


class Daemon:
    """A program's process and its folder, which nobody else may read.

    It is started in the namespace of the thread that starts it. It has an id of its own if there is one, and
    of all powers those that are named.
    """

    def __init__(self, namespace: str, name: str, powers: Sequence[str], user: int | None) -> None:
        self.pid = 0
        self.folder = Path(isolate.PRIVATE, f"{namespace}-{name}")
        self._powers, self._user = powers, user
        self._told: dict[str, str] = {}
        self._asked: dict[str, str] = {}
        self.make_folder("")

    def make_folder(self, name: str) -> None:
        """Have a folder among the process's files."""
        (self.folder / name).mkdir(exist_ok=True)
        self.own(self.folder / name)

    def own(self, path: Path) -> None:
        """Let the process, and nobody else, read a file or a folder."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self._user is not None:
            os.chown(path, self._user, self._user)

    @property
    def lives(self) -> bool:
        """True if the process runs; one that has ended is forgotten."""
        if self.pid and not is_alive(self.pid):
            self.pid = 0
        return self.pid != 0

    def start(self, program: str, *words: str) -> None:
        """Start the program with these words."""
        found = features.find(program)
        if found is None:
            raise OSError(f"{program} is not installed")
        command = [*privileges.confined(self._powers, self._user), found, *words]
        self.pid = os.posix_spawn(command[0], command, {}, file_actions=SILENT)

    def wait(self, true: Callable[[], bool], complaint: str) -> None:
        """Wait until the process has come so far; one that ends on the way has failed."""
        wait(lambda: true() or not is_alive(self.pid), complaint)
        if not self.lives:
            raise OSError(f"{complaint}: it ended at once")

    def stop(self) -> None:
        """End the process; the agent reaps it."""
        if self.pid:
            kernel.end(self.pid)
        self.pid = 0

    def ended(self, pid: int) -> bool:
        """Hear that a process has ended; true if it was this one, and nobody had stopped it."""
        if not self.pid or self.pid != pid:
            return False
        self.pid = 0
        return True

    def remove(self) -> None:
        """End the process and forget its files."""
        try:
            self.stop()
        finally:
            remove_tree(self.folder)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the process's, at once or not at all."""
        fresh = self.folder / "fresh"
        fresh.write_text(text)
        self.own(fresh)
        return fresh.rename(self.folder / name)

    def ask(self, files: Mapping[str, str]) -> None:
        """Have files say something when the process is next told; an empty text is no file."""
        self._asked |= files

    def tell(self) -> None:
        """Write what was asked for. A process that watches its folders notices what is new, not what went."""
        unlearn = False
        while self._asked:
            path, text = next(iter(self._asked.items()))
            told = self._told.pop(path, "")
            if text and text != told:
                self.write(path, text)
            elif told and not text:
                (self.folder / path).unlink()
            unlearn |= bool(told) and text != told
            if text:
                self._told[path] = text
            del self._asked[path]
        if unlearn and self.pid:
            os.kill(self.pid, signal.SIGHUP)


def is_alive(pid: int) -> bool:
    """True if a process runs and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait(true: Callable[[], bool], complaint: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise OSError(f"{complaint} within {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.002)


def listening() -> set[int]:
    """The UDP ports on which something in this namespace listens."""
    files = [path for name in ("udp", "udp6") if (path := Path("/proc/thread-self/net", name)).exists()]
    sockets = [line for path in files for line in path.read_text().splitlines()[1:]]
    return {int(line.split()[1].rpartition(":")[2], 16) for line in sockets}
