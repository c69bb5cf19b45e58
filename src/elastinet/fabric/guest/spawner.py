"""A small single-threaded process that starts guests and runs commands in them.

It is forked before anything large is imported, so that its own forks are cheap. The agent speaks to
it over one socket of packets: a request in, then facts about the process that it became.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from fcntl import ioctl
from functools import partial
from typing import Any, NoReturn

from elastinet.fabric.contract.protocol import SPACE, attach, received
from elastinet.fabric.guest import birth, ends, rootfs, seccomp
from elastinet.fabric.guest import room as rooms
from elastinet.fabric.guest.contents import Contents, Layers
from elastinet.fabric.guest.ids import become_root
from elastinet.fabric.guest.image import with_user
from elastinet.fabric.kernel import kernel, privileges, relay
from elastinet.fabric.revoke import sharing

BUFFER = 1 << 20
GUEST = kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | birth.OWNED

Request = dict[str, Any]
Work = Callable[[Request, list[int]], None]
"""Makes the content of an image, in a process beside all guests, of what the first descriptor gives."""


class Spawner:
    """The process's state: its socket to the agent and the namespaces to come back to."""

    def __init__(self, agent: socket.socket, image: rootfs.RootImage, contents: Contents, work: Work) -> None:
        self.agent = agent
        self.buffer = bytearray(BUFFER)  # one for all: a new one each time is new memory from the kernel
        self.work = work
        self.image = image
        self.contents = contents
        self.images: dict[tuple[str, Layers], tuple[rootfs.RootImage, rootfs.RootImage]] = {}
        self.rooms: dict[int, rooms.GuestLimits] = {}
        self.paths: dict[int, str] = {}
        self.home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self.mounts = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        self.wake, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Answer requests until the agent is gone."""
        while True:
            ready, _, _ = select.select([self.agent.fileno(), self.wake], [], [])
            if self.wake in ready:
                os.read(self.wake, 4096)
                self.reap()
            if self.agent.fileno() in ready and not self.answer():
                return

    def answer(self) -> bool:
        """Take one request; false when there will be no more."""
        size, ancillary, _, _ = self.agent.recvmsg_into([self.buffer], SPACE, socket.MSG_CMSG_CLOEXEC)
        if not size:
            return False
        request, fds = json.loads(self.buffer[:size]), received(ancillary)
        try:
            self.start(request, fds)
        except OSError as error:
            self.tell(tag=request["tag"], error=str(error))
        finally:
            for fd in fds:
                os.close(fd)
        return True

    def start(self, request: Request, fds: list[int]) -> None:
        """Fork the process that a request asks for into the PID namespace where it belongs."""
        try:
            if "relay" in request:
                self.beside(request, lambda: relay.main(fds, self.image.ids.helper))
            elif "share" in request:
                self.tell(
                    tag=request["tag"], pid=self.beside(request, lambda: sharing.change(*request["share"]))
                )
            elif "work" in request:
                work = partial(self.work, request["work"], fds)
                self.tell(tag=request["tag"], pid=self.beside(request, work))
            elif "init" in request:
                self.command(request, fds)
            else:
                room = rooms.read(request["room"])
                image = self.seen_by(request["user"], tuple(request["layers"]))
                init = birth.boot(request, image, room, self.tell, self.hand_back)
                self.rooms[init], self.paths[init] = room, image.path
        finally:
            kernel.setns(self.home, kernel.CLONE_NEWPID)
            if "init" not in request:
                kernel.setns(self.mounts, kernel.CLONE_NEWNS)

    def seen_by(self, user: str, layers: Layers) -> rootfs.RootImage:
        """The image of guests with a default user; its layer is made when the first one needs it."""
        image, known = self.contents.image(layers), self.images.get((user, layers))
        if known is None or known[0] is not image:
            known = self.images[user, layers] = image, with_user(image, user, f"{len(self.images)}-{user}")
        return known[1]

    def command(self, request: Request, fds: list[int]) -> None:
        """Fork a command inside a guest."""
        target = os.pidfd_open(request["init"])
        try:
            kernel.setns(target, kernel.CLONE_NEWPID)
            pid = os.fork()
            if not pid:
                self.child(request, target, fds)
        finally:
            os.close(target)
        self.tell(tag=request["tag"], pid=pid)

    def beside(self, request: Request, work: Callable[[], None]) -> int:
        """Fork a process of the agent's that works beside all guests; a failure is told."""
        pid = os.fork()
        if not pid:
            try:
                signal.set_wakeup_fd(-1)
                gc.enable()
                work()
                os._exit(0)
            except BaseException as error:
                self.tell(tag=request["tag"], error=f"{error}")
            finally:
                os._exit(126)
        return pid

    def child(self, request: Request, target: int, fds: list[int]) -> NoReturn:
        """Become what was asked for; every failure is told, none comes back."""
        try:
            signal.set_wakeup_fd(-1)
            rooms.enter(room := self.rooms[request["init"]])
            self.image.ids.hand_over(fds)
            groups = kernel.CLONE_NEWCGROUP if birth.divides(room, self.image.ids) else 0
            env = {"PATH": self.paths[request["init"]], **self.image.env}
            become_command(env, request, target, GUEST | groups, fds, self.hand_back)
        except BaseException as error:
            self.tell(tag=request["tag"], error=f"{error}")
        finally:
            os._exit(126)

    def reap(self) -> None:
        """Tell how each ended child ended."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                self.rooms.pop(pid, None)
                self.paths.pop(pid, None)
                code = os.waitstatus_to_exitcode(status)
                self.tell(exit=pid, status=code if code >= 0 else 128 - code)

    def tell(self, **fact: Any) -> None:
        """Send one fact to the agent."""
        self.agent.send(json.dumps(fact).encode())

    def hand_back(self, request: Request, fds: list[int]) -> None:
        """Send the agent the other ends of descriptors in a guest."""
        fact = {"tag": request["tag"], "ends": len(fds), "of": request.get("of", "")}
        self.agent.sendmsg([json.dumps(fact).encode()], attach(tuple(fds)))


def become_command(
    env: dict[str, str],
    request: Request,
    target: int,
    namespaces: int,
    sent: list[int],
    hand_back: Callable[[Request, list[int]], None],
) -> NoReturn:
    """Turn into a command inside a guest; what cannot be found is said on its standard error.

    Until it is another program, the guest sees a process that holds the agent's descriptors and memory.
    """
    kernel.hide_from_debuggers()
    kernel.join_new_keyring()
    kernel.setns(target, namespaces)
    become_root()
    for device in request.get("up", ()):
        privileges.bring_up(device)
    if "file" in request:
        write_file(**request["file"], data=sent[-1])
    os.setsid()
    fds, others = ends.make(request["ends"], sent, request.get("size", (0, 0)))
    if others:
        hand_back(request, others)
    privileges.place(fds)
    if ends.TERMINAL in request["ends"]:
        ioctl(0, 0x540E, 0)  # TIOCSCTTY: Ctrl-C and job control reach this session
    privileges.reset_signals()
    os.umask(0o022)
    seccomp.load()
    privileges.drop()
    run(
        request["argv"],
        {"HOME": "/root", **env, **request.get("env", {})},
        request.get("cwd", "/"),
    )


def run(argv: list[str], env: dict[str, str], cwd: str) -> NoReturn:
    """Replace this process by a program, with the exit codes that shells use when it cannot be."""
    try:
        os.chdir(cwd)
        os.execvpe(argv[0], argv, env)
    except OSError as error:
        os.write(2, f"elastinet: {argv[0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def write_file(path: str, mode: int, data: int) -> None:
    """Put a file into the guest, with its folders; its bytes are those behind a descriptor."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(fd, "wb") as file, open(data, "rb", closefd=False) as source:
        while data_part := source.read(1 << 20):
            file.write(data_part)


def stop_collecting() -> None:
    """Have no collection of garbage: it writes to each object, and a page that a fork writes to is copied.

    What this process and its children make is freed as they let go of it, or as they end.
    """
    gc.collect()
    gc.freeze()
    gc.disable()


def main(agent: socket.socket, image: rootfs.RootImage, contents: Contents, work: Work) -> NoReturn:
    """Be the spawner: single-threaded, and gone when the agent is."""
    kernel.die_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    seccomp.prepare()
    stop_collecting()
    try:
        Spawner(agent, image, contents, work).serve()
    except Exception as error:
        print(f"elastinet spawner: {error}", file=sys.stderr)
        os._exit(1)
    os._exit(0)
