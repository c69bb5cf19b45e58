"""The agent's socket: one engine at a time, and commands to run inside guests."""

import contextlib
import gc
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import assert_never

import msgspec

from elastinet.fabric.agent import abilities
from elastinet.fabric.agent.endpoints import Endpoints
from elastinet.fabric.agent.exposure import Exposure
from elastinet.fabric.agent.fabric import Fabric
from elastinet.fabric.agent.images import Work
from elastinet.fabric.agent.namespaces import Way
from elastinet.fabric.agent.opening import open_inside
from elastinet.fabric.agent.outside import Home, Outside
from elastinet.fabric.contract import names
from elastinet.fabric.contract.keys import WayName
from elastinet.fabric.contract.messages import (
    Demand,
    Desire,
    Exec,
    Exited,
    Fact,
    Hello,
    Import,
    Imported,
    Listener,
    Measure,
    Open,
    Opened,
    Signal,
)
from elastinet.fabric.contract.protocol import Inbox, attach, peer_user
from elastinet.fabric.guest import cgroups, seccomp
from elastinet.fabric.guest.binder import Binder
from elastinet.fabric.guest.execution import NOT_RUN, Execution
from elastinet.fabric.guest.rootfs import RootImage
from elastinet.fabric.guest.spawning import Spawning
from elastinet.fabric.kernel import features, isolate, privileges
from elastinet.fabric.kernel.loop import Loop, complain
from elastinet.fabric.kernel.worker import Worker

SEND_BUFFER = 1 << 22
NO_MEMORY_LIMIT = "no control group that counts memory is this user's to make: it is not limited"
NO_CPU_LIMIT = "no control group that counts processor time is this user's to make: it is not limited"
NO_GROUPS = (
    "an instance has control groups of its own only if root has started elastinet, ids can be mapped and "
    "version 2 is mounted"
)
NO_PROCESS_LIMIT = "an instance's root has this machine's id, of which the kernel limits no processes"
NO_IDS = "this kernel, or a file system here, cannot map ids: an instance's root has the id of this machine's"
_decode: Callable[[bytes], Demand] = msgspec.json.Decoder(Demand).decode
_encode = msgspec.json.Encoder().encode


class Peer:
    """A connection: what it sent so far, and what it turned out to be."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.inbox = Inbox()
        self.known: set[Listener] = set()
        self.execution: Execution | None = None
        self.work: Work | None = None

    def send(self, message: msgspec.Struct, *fds: int) -> None:
        """Send a line, perhaps with descriptors; a peer that is gone or deaf is noticed elsewhere."""
        data = _encode(message) + b"\n"
        with contextlib.suppress(OSError):
            sent = self.connection.sendmsg([data], attach(fds))
            if sent < len(data):
                self.connection.sendall(data[sent:])


class AgentServer:
    """Accepts, tells and listens, all in one loop."""

    def __init__(
        self,
        run: Path,
        disks: Path,
        spawner: socket.socket,
        groups: tuple[Path, ...],
        image: RootImage,
        host: int | None,
        engine: int | None,
        *,
        endpoints: bool = False,
        outside: tuple[int, Home] | None = None,
    ) -> None:
        self._friends = {os.getuid(), engine}
        helper = image.ids.helper
        self._loop = Loop()
        self._spawning = Spawning(spawner, self._loop.attempt)
        ways: dict[WayName, Way] = {} if host is None else {"exposure": Exposure(host)}
        self._endpoints = Endpoints() if endpoints else None
        if self._endpoints:
            ways["endpoints"] = self._endpoints
        way_out = Outside(*outside, self._loop) if outside else None
        if way_out:
            ways["outside"] = way_out
        self.fabric = Fabric(disks, self._loop, self._spawning, self._tell, image, groups, ways)
        self._loop.on_fault = self.fabric.take_fault
        if way_out:
            way_out.listen(lambda why: self.fabric.namespaces.way_is("outside", why))
        self._binder = Binder(self._loop)
        view = self.fabric.plan.view
        place = Worker("abilities", None)
        fault, view.most_bps = abilities.shaping_fault(place), abilities.most_bps()
        view.shapes = fault is None
        no_frames = abilities.frames_fault(place)
        view.reads_frames = no_frames is None
        no_translation = abilities.translation_fault(helper)
        view.can_translate = no_translation is None
        no_entries, no_resets = abilities.entries_fault(place), abilities.resets_fault(place)
        place.stop()
        view.keeps_entries, view.resets = no_entries is None, no_resets is None
        counted = cgroups.controlled(groups)
        is_same = helper is None and not isolate.is_rootless()
        divides = helper is not None and cgroups.are_divisible(groups)
        faults = {
            "limits": fault,
            "neighbours": no_frames,
            "nat64": no_translation,
            "long UDP": no_entries,
            "resets": no_resets,
            "bypass": self.fabric.guests.memories.fault,
            "system calls": seccomp.fault(),
            "memory": None if "memory" in counted else NO_MEMORY_LIMIT,
            "cpu": None if "cpu" in counted else NO_CPU_LIMIT,
            "processes": NO_PROCESS_LIMIT if is_same and "pids" not in counted else None,
            "ids": NO_IDS if is_same else None,
            "groups": None if divides else NO_GROUPS,
            "containers": abilities.containers_fault(image.ids, divides=divides),
        }
        missing = features.inside() | {name: why for name, why in faults.items() if why}
        self._hello = Hello(isolate.is_rootless(), missing, view.most_bps, privileges.lockable_bytes())
        self._engine: Peer | None = None
        self._listener = self._listen(run / "agent.sock")

    def _listen(self, path: Path) -> socket.socket:
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(64)
        return listener

    def serve(self) -> None:
        """Serve until the end of the process."""
        gc.freeze()
        gc.enable()
        signal.signal(signal.SIGCHLD, lambda _number, _frame: self._loop.soon(self._reap))
        signal.set_wakeup_fd(self._loop.wake_fd, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(0))
        self._loop.watch(self._listener.fileno(), self._accept)
        self._loop.watch(self._spawning.connection.fileno(), self._spawning.hear)
        self._loop.run()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        if peer_user(connection) not in self._friends:
            connection.close()
            return
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        peer = Peer(connection)
        peer.send(self._hello)
        self._loop.watch(connection.fileno(), lambda: self._hear(peer))

    def _introduce(self, peer: Peer) -> None:
        """Hand an engine the sockets that it does not have yet."""
        here = {id: namespace.listeners for id, namespace in self.fabric.namespaces.by_id.items()}
        if self._endpoints:
            here[names.INTERNET] = self._endpoints.sockets
        for id, listeners in here.items():
            for place, listener in listeners.items():
                if (fact := place.told(id)) not in peer.known:
                    peer.known.add(fact)
                    peer.send(fact, listener.fileno())

    def _hear(self, peer: Peer) -> None:
        try:
            alive = peer.inbox.fill(peer.connection)
            for line in peer.inbox.lines():
                self._take(peer, line)
            peer.inbox.close()  # nobody has anything to hand over to the agent, but an archive
        except ConnectionError:
            alive = False
        except (OSError, msgspec.DecodeError, ValueError) as error:
            complain(f"a message was refused: {error}")
            if self._engine is not peer:
                peer.send(Exited(NOT_RUN, f"the agent refused: {error}"))
            alive = False
        if not alive:
            self._leave(peer)

    def _take(self, peer: Peer, line: bytes) -> None:
        """Do what one message asks."""
        demand = _decode(line)
        match demand:
            case Desire() as desire:
                self._adopt(peer)
                self.fabric.desire(desire)
                if desire.whole:
                    self.fabric.repeat()
            case Measure(number):
                self.fabric.measure(number)
            case Exec() as request:
                peer.execution = Execution(request, self._binder, self._spawning, peer.send)
                peer.execution.start(self.fabric.guests.processes)
            case Open() as request:
                self._open(peer, request)
            case Import():
                self._bring(peer)
            case Signal() as message:
                if peer.execution:
                    peer.execution.pass_on(message)
            case _:
                assert_never(demand)

    def _bring(self, peer: Peer) -> None:
        """Make a content of what a peer has sent; it ends if the peer goes."""
        if not peer.inbox.fds or peer.work:
            peer.send(Imported(error="one archive is wanted, as a descriptor"))
            return
        peer.work = self.fabric.images.bring(peer.inbox.fds[0], peer.send)

    def _open(self, peer: Peer, request: Open) -> None:
        """Open a socket where a peer wants one, and hand it over."""
        try:
            namespace = self.fabric.namespace(request.namespace)
        except OSError as error:
            peer.send(Opened(str(error)))
            return
        if namespace is None:
            peer.send(Opened(f"{request.namespace} is not running"))
            return

        def done(opened: socket.socket | None, error: str) -> None:
            self._loop.soon(lambda: self._hand_over(peer, namespace, opened, error))

        try:
            open_inside(namespace, request, done)
        except OSError as error:
            done(None, str(error))

    def _hand_over(self, peer: Peer, namespace: int, opened: socket.socket | None, error: str) -> None:
        os.close(namespace)
        if opened is None:
            peer.send(Opened(error))
            return
        with opened:
            peer.send(Opened(), opened.fileno())

    def _adopt(self, peer: Peer) -> None:
        """Make a peer the engine; an older one is let go."""
        if self._engine is peer:
            return
        if self._engine:
            self._leave(self._engine)
        self._engine = peer
        self._introduce(peer)

    def _leave(self, peer: Peer) -> None:
        if peer.connection.fileno() < 0:
            return
        self._loop.forget(peer.connection.fileno())
        peer.connection.close()
        if peer.execution:
            peer.execution.abandon()
        if peer.work:
            peer.work.end()
        if self._engine is peer:
            self._engine = None

    def _reap(self) -> None:
        """Take the status of ended children: DHCP servers, and orphans that came to this first process."""
        with contextlib.suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                self.fabric.namespaces.reaped(pid)

    def _tell(self, fact: Fact, fd: int | None) -> None:
        """Tell the engine, if there is one; what it missed it learns when it comes back."""
        if self._engine:
            if isinstance(fact, Listener):
                self._engine.known.add(fact)
            self._engine.send(fact, *(() if fd is None else (fd,)))
