"""The parent of the engine and of the fabric agent: starts them, starts them again, ends them."""

import fcntl
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import msgspec

from elastinet.config import Config
from elastinet.fabric.agent import launch
from elastinet.fabric.contract.names import EXPOSED_LINK
from elastinet.fabric.guest import ids
from elastinet.fabric.kernel import features, tun
from elastinet.serve import places
from elastinet.serve.places import ANSWERING, GIVE_UP

log = logging.getLogger(__name__)

PYTHON = (sys.executable, "-P", "-m")
WAY_OUT, CARRIER = "way out", "slirp4netns"
BACK_OFF_SECONDS = (0.0, 0.2, 1.0, 5.0)
STEADY_SECONDS = 30
PATIENCE_SECONDS = 5


Child = tuple[list[str], tuple[int | None, ...]]
"""A process's command, and the descriptors that it is given."""


class StartError(Exception):
    """A server cannot start; the message is one line that says why and what to do."""


class Supervisor:
    """Keeps two processes running until it is told to stop."""

    def __init__(
        self,
        config: Config,
        listener: socket.socket,
        holder: socket.socket,
        twin: tuple[int, str] | None = None,
    ) -> None:
        """`twin` is the descriptor of what the server is a twin of, and the region of that."""
        self.config, self.listener, self.holder = config, listener, holder
        host, port = holder.getsockname()[:2]
        self.run = places.make_private(places.runtime_folder(port))
        self.disks = places.disks_folder(config, self.run)
        self.host, self.port = host, port
        self.ca = self._authority() if config.tls else None
        self.twin = twin
        self._stopping = False
        self._user = ids.engine() if sys.platform == "linux" else None
        self._outside = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC) if config.expose else None
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, list[float]] = {"agent": [], "engine": [], WAY_OUT: []}
        self._pair = (
            socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) if config.outside != "off" else None
        )

    def serve(self) -> int:
        """Run until a signal or a hopeless engine; gives the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        places.make_private(self.disks)
        places.announce(self.server(os.getpid()), self.config, self.run)
        try:
            return self._watch()
        finally:
            self._end_all()
            places.withdraw(self.config, self.run)
            if path := self.config.unix_socket:
                Path(path).unlink(missing_ok=True)

    def server(self, pid: int) -> places.Server:
        """The record of this server for other processes; `pid` is the process that runs it."""
        state = self.config.state or str(self.config.state_folder)
        path = self.config.unix_socket
        ca = str(self.ca or "")
        found = places.Server(pid, self.host, self.port, state, self.config.fabric, path, ca)
        return msgspec.structs.replace(found, region=self.twin[1]) if self.twin else found

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _watch(self) -> int:
        names = ["engine", *(["agent"] if self.config.fabric == "kernel" else [])]
        names += [WAY_OUT] if self._pair else []
        while not self._stopping:
            for name in names:
                child = self._children.get(name)
                if child is None or child.poll() is not None:
                    if child is not None and child.returncode == GIVE_UP:
                        return GIVE_UP
                    self._start(name)
            time.sleep(0.05)
        return 0

    def _start(self, name: str) -> None:
        """Start a process, the later the more often it has died of late."""
        now, starts = time.monotonic(), self._started[name]
        starts[:] = [at for at in starts if now - at < STEADY_SECONDS]
        wait = BACK_OFF_SECONDS[min(len(starts), len(BACK_OFF_SECONDS) - 1)]
        if starts and now - starts[-1] < wait:
            return
        starts.append(now)
        if name in self._children:
            log.warning("the %s ended with %s; it is started again", name, self._children[name].returncode)
        made = {"agent": self._agent, "engine": self._engine, WAY_OUT: self._carrier}
        command, own = made[name]()
        fds = tuple(fd for fd in own if fd is not None)
        try:
            self._children[name] = subprocess.Popen(command, pass_fds=fds, stdin=subprocess.DEVNULL)
        except OSError as error:
            log.warning("the %s could not be started: %s", name, error)

    def _agent(self) -> Child:
        (self.run / "agent.sock").unlink(missing_ok=True)
        authority = self._inside() if self.config.has_api_inside else None
        way_out = self._pair[0].fileno() if self._pair else None
        command = launch.agent_command(self.run, self.disks, self._outside, self._user, authority, way_out)
        return command, (self._outside, way_out)

    def _carrier(self) -> Child:
        assert self._pair
        fd = self._pair[1].fileno()
        words = ("elastinet.serve.carrier", "--fd", str(fd), "--outside", self.config.outside)
        return [*PYTHON, *words], (fd,)

    def _engine(self) -> Child:
        """The engine faces the network: of root's powers, files and name it keeps as little as can be."""
        confined = ["setpriv", "--pdeathsig", "TERM", "--no-new-privs", "--"] if _has_setpriv() else []
        if self._user is not None:
            folders = [str(folder) for folder in (self.config.state_folder, self.run) if folder]
            confined = [*PYTHON, "elastinet.serve.confine", str(self._user), *folders, "--"]
        config = msgspec.json.encode(self.config).decode()
        own = ["--config", config, "--fd", str(self.listener.fileno())]
        where = ["--run", str(self.run), "--disks", str(self.disks)]
        tls = ["--tls", str(self.run / ANSWERING)] if self.ca else []
        twin = ["--twin", str(self.twin[0])] if self.twin else []
        command = [*confined, *PYTHON, "elastinet.serve.server", *own, *where, *tls, *twin]
        return command, (self.listener.fileno(), self.twin and self.twin[0])

    def _inside(self) -> Path:
        """Make what AWS's endpoints need of TLS, while the engine starts: it takes its time, too."""
        from elastinet.serve.certificates import prepare_inside

        return prepare_inside(self.config, self.run)

    def _authority(self) -> Path:
        """Make what TLS needs; only here is cryptography imported, which takes its time."""
        from elastinet.serve.certificates import prepare

        return prepare(self.config, self.run)

    def _end_all(self) -> None:
        """End the engine before the agent, so that it sees no agent go."""
        for name in ("engine", WAY_OUT, "agent"):
            child = self._children.get(name)
            if child is not None and child.poll() is None:
                child.terminate()
                try:
                    child.wait(PATIENCE_SECONDS)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()


def _has_setpriv() -> bool:
    return sys.platform == "linux" and shutil.which("setpriv") is not None


def lock(state: Path | None) -> int | None:
    """Make a state this server's alone, for as long as its process lives; raises StartError."""
    if state is None:
        return None
    try:
        places.secure_state(state)
        handle = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartError(
            f"cannot use the state folder {state} ({error}): choose another with --state"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        sentence = f"another elastinet is using the state in {state}: stop it, or choose another with --state"
        raise StartError(sentence) from None
    return handle


def check_exposure(config: Config) -> None:
    """Make sure that public addresses can be routed from this machine, if they are to; raises StartError."""
    if not config.expose:
        return
    if config.fabric != "kernel":
        raise StartError("--expose routes packets, and --fabric none has none")
    if os.geteuid() != 0:
        raise StartError("--expose changes this machine's routes: start as root, or use 'elastinet forward'")
    if EXPOSED_LINK in (name for _, name in socket.if_nameindex()):
        raise StartError(
            f"another elastinet is exposed here already (by the link {EXPOSED_LINK}): stop it first"
        )


def check_outside(config: Config) -> None:
    """Make sure that instances can have a way out, if they are to; raises StartError."""
    if config.outside == "off":
        return
    if config.fabric != "kernel":
        raise StartError("--outside carries packets, and --fabric none has none")
    if features.find(CARRIER) is None:
        raise StartError(f"--outside needs the program {CARRIER}: install the package {CARRIER}")
    if why := tun.fault(1 if os.geteuid() == 0 else None):  # root's carrier is somebody else
        raise StartError(f"--outside needs a device for packets: {why}")


def check_fabric(config: Config) -> None:
    """Make sure that this machine can have a kernel fabric, if it is to; raises StartError."""
    if config.fabric == "kernel" and (lacking := launch.check()):
        lines = "; ".join(f"{feature}: {why}" for feature, why in lacking.items())
        raise StartError(
            f"no kernel fabric here ({lines}). 'elastinet doctor' tells what mends it. "
            "Or start with --fabric none: no packets, all else works"
        )
