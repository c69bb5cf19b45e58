"""A small single-threaded process that starts guests and runs commands in them.

It is forked before anything large is imported, so that its own forks are cheap. The agent speaks to
it over one socket of packets: a request in, then facts about the process that it became.
"""

import contextlib
import json
import os
import select
import signal
import socket
import struct
import sys
from fcntl import ioctl
from typing import Any, NoReturn

from elastinet.fabric import kernel, rootfs
from elastinet.fabric.protocol import SPACE, received

BUFFER = 1 << 20
GUEST = kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWNET
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
# Other file systems by handle, modules, raw devices, the clock, device nodes, the host's audit and logs.
FORBIDDEN = (2, 16, 17, 25, 27, 30, 32, 33, 34, 35, 36, 37)

Request = dict[str, Any]


class Spawner:
    """The process's state: its socket to the agent and its own PID namespace to come back to."""

    def __init__(self, agent: socket.socket, image: rootfs.Image) -> None:
        self.agent = agent
        self.image = image
        self.home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
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
        data, ancillary, _, _ = self.agent.recvmsg(BUFFER, SPACE, socket.MSG_CMSG_CLOEXEC)
        if not data:
            return False
        request, fds = json.loads(data), received(ancillary)
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
        target = os.pidfd_open(request["init"]) if "init" in request else -1
        if target < 0:
            kernel.unshare(kernel.CLONE_NEWPID)
        else:
            kernel.setns(target, kernel.CLONE_NEWPID)
        pid = os.fork()
        if not pid:
            self.child(request, target, fds)
        kernel.setns(self.home, kernel.CLONE_NEWPID)
        if target >= 0:
            os.close(target)
        self.tell(tag=request["tag"], pid=pid)

    def child(self, request: Request, target: int, fds: list[int]) -> NoReturn:
        """Become what was asked for; every failure is told, none comes back."""
        try:
            signal.set_wakeup_fd(-1)
            if target < 0:
                self.become_init(request)
            else:
                become_command(request, target, fds)
        except BaseException as error:
            self.tell(tag=request["tag"], error=f"{error}")
        finally:
            os._exit(126)

    def become_init(self, request: Request) -> NoReturn:
        """Turn into a guest's init: it holds the namespaces, and the kernel reaps its orphans."""
        kernel.unshare(GUEST)
        self.tell(tag=request["tag"], stage="net")
        settle_network()
        os.umask(0o022)
        os.setsid()
        rootfs.prepare(request["disk"], request["hostname"], self.image)
        kernel.sethostname(request["hostname"])
        rootfs.enter(request["disk"], self.image)
        reset_signals()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        null = os.open("/dev/null", os.O_RDWR)
        drop_privileges()
        self.tell(tag=request["tag"], stage="ready")
        place([null, null, null])
        os.execve("/bin/sleep", ["sleep", "infinity"], {"PATH": PATH})

    def reap(self) -> None:
        """Tell how each ended child ended."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                code = os.waitstatus_to_exitcode(status)
                self.tell(exit=pid, status=code if code >= 0 else 128 - code)

    def tell(self, **fact: Any) -> None:
        """Send one fact to the agent."""
        self.agent.send(json.dumps(fact).encode())


def settle_network() -> None:
    """A new guest's network: loopback up, IPv6 silent until VPCs carry it."""
    with (
        contextlib.suppress(FileNotFoundError),
        open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w") as knob,
    ):
        knob.write("1")
    bring_up("lo")


def bring_up(device: str) -> None:
    """Set a device up, as `ip link set up` does, without a process for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = device.encode()
        (flags,) = struct.unpack_from("16xh", ioctl(control, SIOCGIFFLAGS, struct.pack("16sh14x", name, 0)))
        ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", name, flags | IFF_UP))


def become_command(request: Request, target: int, fds: list[int]) -> NoReturn:
    """Turn into a command inside a guest; what cannot be found is said on its standard error."""
    kernel.setns(target, GUEST)
    for device in request.get("up", ()):
        bring_up(device)
    if "file" in request:
        write_file(**request["file"])
    os.setsid()
    place(fds)
    if request.get("tty"):
        ioctl(0, 0x540E, 0)  # TIOCSCTTY: Ctrl-C and job control reach this session
    reset_signals()
    os.umask(0o022)
    drop_privileges()
    run(request["argv"], {"PATH": PATH, "HOME": "/root", **request.get("env", {})}, request.get("cwd", "/"))


def run(argv: list[str], env: dict[str, str], cwd: str) -> NoReturn:
    """Replace this process by a program, with the exit codes that shells use when it cannot be."""
    try:
        os.chdir(cwd)
        os.execvpe(argv[0], argv, env)
    except OSError as error:
        os.write(2, f"elastinet: {argv[0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def write_file(path: str, text: str, mode: int) -> None:
    """Put a file into the guest, with its folders."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(fd, "w", encoding="utf-8") as file:
        file.write(text)


def place(fds: list[int]) -> None:
    """Give the program the descriptors 0, 1, 2 … in the order they were sent, and no others."""
    high = [os.dup2(os.dup(fd), 64 + index) for index, fd in enumerate(fds)]
    for index, fd in enumerate(high):
        os.dup2(fd, index)
    os.closerange(len(fds), 256)


def reset_signals() -> None:
    """Undo what this interpreter changed, so that a program starts with ordinary signals."""
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def drop_privileges() -> None:
    """Give up what a guest's root could use to leave its namespaces."""
    for number in FORBIDDEN:
        kernel.drop_capability(number)


def main(agent: socket.socket, image: rootfs.Image) -> NoReturn:
    """Be the spawner: single-threaded, and gone when the agent is."""
    kernel.die_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        Spawner(agent, image).serve()
    except Exception as error:
        print(f"elastinet spawner: {error}", file=sys.stderr)
        os._exit(1)
    os._exit(0)
