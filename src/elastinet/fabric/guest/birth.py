"""The birth of a guest: namespaces of its own, owned by a user namespace of its own.

Two processes share the work. The *init* is born into the new user namespace. The *builder* keeps the
agent's power and mounts the root; only then the init copies the mounts: to the kernel they are now a
stranger's, so nothing in the guest can unmount, remount or look behind them. Its root is nobody outside, or
in a user namespace of the agent's the user himself; capabilities end where the guest ends.
"""

import contextlib
import itertools
import os
import resource
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from elastinet.fabric.guest import (
    cgroups,
    devices,
    init_program,
    rootfs,
    seccomp,
    services,
    ssh_port,
    systemd,
    ucounts,
)
from elastinet.fabric.guest.ids import Ids, become_root
from elastinet.fabric.guest.room import GuestLimits, limit
from elastinet.fabric.kernel import files, kernel, privileges, programs, sysctls

BORN = kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID
OWNED = kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWNET
LAST_PID, MOST_PIDS = (Path(f"/proc/sys/kernel/{name}") for name in ("ns_last_pid", "pid_max"))
WORD = b"."
Tell = Callable[..., None]
HandBack = Callable[[dict[str, Any], list[int]], None]
"""Sends the agent descriptors, as what a request has made."""
_numbers = itertools.count()


def boot(
    request: dict[str, Any], image: rootfs.RootImage, room: GuestLimits, tell: Tell, hand_back: HandBack
) -> int:
    """Start a guest's init and the builder of its root; leaves the caller among the guest's mounts."""
    why_not = systemd.lacks(has_systemd=image.systemd, divides=divides(room, image.ids))
    request |= {"systemd": systemd.is_first(request["first"], why_not)}
    kernel.unshare(kernel.CLONE_NEWNS)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        init = _bear(image.ids.owner(next(_numbers)), room.processes)
        if not init:
            theirs.close()
            _or_tell(request, tell, lambda: _become_init(request, image, room, ours, tell))
        tell(tag=request["tag"], pid=init)
        if divides(room, image.ids):
            cgroups.delegate(room.home, image.ids.first)
            others = (group for group in room.groups if not group.startswith(room.home))
            cgroups.enter((*others, room.home), init)  # this one is the root of what it is going to see
        else:
            cgroups.enter(room.groups, init)
        _map_ids(init, image.ids)
        target = os.pidfd_open(init)
        try:
            kernel.setns(target, kernel.CLONE_NEWPID)
            if not os.fork():
                ours.close()
                build = partial(_build, request, image, room, theirs, target, tell, hand_back)
                _or_tell(request, tell, build)
        finally:
            os.close(target)
    return init


def divides(room: GuestLimits, ids: Ids) -> bool:
    """True if a guest has a control group namespace: its root owns nothing of what is beside its group."""
    return bool(room.home) and ids.is_shifted


def _bear(owner: int | None, processes: int) -> int:
    """Fork a guest's init into its new namespaces, which an id of their own owns where there is one.

    By that id the kernel counts all of the guest's processes, whoever they are in it, and lets it have as
    many as its maker was let (user_namespaces(7)).
    """
    if owner is None:
        return kernel.clone(BORN)
    before = resource.getrlimit(resource.RLIMIT_NPROC)
    init = -1
    try:
        resource.setrlimit(resource.RLIMIT_NPROC, (processes, before[1]))
        os.setresuid(owner, owner, 0)
        init = kernel.clone(BORN)
    finally:
        if init:  # the child knows no id yet
            os.setresuid(0, 0, 0)
            resource.setrlimit(resource.RLIMIT_NPROC, before)
    return init


def _or_tell(request: dict[str, Any], tell: Tell, work: Callable[[], None]) -> NoReturn:
    """Do a new process's work and end it; a failure is told, and the other of the two ends unanswered."""
    try:
        signal.set_wakeup_fd(-1)
        work()
        os._exit(0)
    except BaseException as error:
        tell(tag=request["tag"], error=f"{error}")
    finally:
        os._exit(126)


def _become_init(
    request: dict[str, Any], image: rootfs.RootImage, room: GuestLimits, builder: socket.socket, tell: Tell
) -> NoReturn:
    """Turn into a guest's init: it holds the namespaces, and the kernel reaps its orphans.

    All that this needs is imported by now: its id cannot read this program any more.
    """
    _hear(builder)
    limit(room)
    kernel.join_new_keyring()
    become_root()
    kernel.unshare(OWNED | (kernel.CLONE_NEWCGROUP if divides(room, image.ids) else 0))
    if image.is_guarded:
        ucounts.forbid_cgroups()
    if not image.ids.is_shifted:
        ucounts.confine_one()
    _settle_network()
    _say(builder)
    tell(tag=request["tag"], stage="net")
    os.umask(0o022)
    os.setsid()
    kernel.sethostname(request["hostname"])
    _hear(builder)
    kernel.unshare(kernel.CLONE_NEWNS)
    os.chdir("/")
    privileges.reset_signals()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    console = devices.take_console()
    reports = devices.open_control()
    seccomp.load()
    privileges.drop()
    if request["systemd"]:
        tell(tag=request["tag"], stage="ready")
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        systemd.become(console)
    init_program.block_signals()
    tell(tag=request["tag"], stage="ready")
    _be_program(console, reports, image)


def _be_program(console: int, reports: int, image: rootfs.RootImage) -> NoReturn:
    """Have the init be its program, which holds the console and tells the agent what it is asked for."""
    if not init_program.exists():
        privileges.place([console] * 3)
        words, env = image.init
        os.execve(words[0], words, {"PATH": privileges.PATH, **env})
    privileges.place([*[console] * 3, reports])
    os.execve(init_program.PATH, ["init"], {"PATH": privileges.PATH})


def _build(
    request: dict[str, Any],
    image: rootfs.RootImage,
    room: GuestLimits,
    init: socket.socket,
    target: int,
    tell: Tell,
    hand_back: HandBack,
) -> None:
    """Be the builder: the init's ids are mapped, so it may begin, and is told when its root is there."""
    os.umask(0o022)
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)  # here: one of the guest's would hold its network
    if request["pids"]:
        tell(tag=request["tag"], first_pid=_begin_pids(request["pids"]))
    _say(init)
    _hear(init)
    # What /sys shows of networks is settled when it is mounted. It must be this one mount: a second one
    # of the guest's own could be taken off, and the kernel then refuses what `ip netns exec` mounts.
    kernel.setns(target, kernel.CLONE_NEWNET)
    rootfs.prepare(request["disk"], request["hostname"], request["own_names"], request["key"], image)
    rootfs.enter(request["disk"], image, room.memory_mib)
    if divides(room, image.ids):
        _show_groups(target, moves_init=not request["systemd"])
    tell(tag=request["tag"], services=services.are_enabled(), systemd=request["systemd"])
    if image.account and request["key"] and programs.find("sshd", privileges.PATH):
        _open_door(request, tell, hand_back)
    init_program.put()
    devices.bind_log(log, image.ids)
    console = devices.make_console(image.ids)
    control = devices.make_control(image.ids)
    hand_back(request, [log.fileno(), control] + ([] if console is None else [console]))
    _say(init)


def _show_groups(target: int, *, moves_init: bool) -> None:
    """Mount what the guest may divide, and have its init out of the way, which systemd sees to by itself.

    Runs among the guest's processes.
    """
    kernel.setns(target, kernel.CLONE_NEWCGROUP)
    kernel.mount("cgroup2", "/sys/fs/cgroup", "cgroup2", rootfs.SAFE)
    if moves_init:
        files.write(f"/sys/fs/cgroup/{cgroups.INIT}/{cgroups.PROCESSES}", "1")


def _open_door(request: dict[str, Any], tell: Tell, hand_back: HandBack) -> None:
    """Have the agent listen for who logs in; without it there are other ways in."""
    try:
        with ssh_port.open_door() as listener:
            hand_back(request | {"of": "door"}, [listener.fileno()])
    except OSError as error:
        tell(tag=request["tag"], no_door=str(error))


def _begin_pids(share: float) -> int:
    """Have a guest's process ids go on from a share of all that there can be; runs in its PID namespace."""
    first = int(share * int(MOST_PIDS.read_text()))
    files.write(LAST_PID, str(first - 1))
    return first


def _map_ids(init: int, ids: Ids) -> None:
    """Say which ids those in the user namespace of a guest's init are."""
    files.write(f"/proc/{init}/uid_map", ids.uid_map)
    files.write(f"/proc/{init}/gid_map", ids.gid_map)


def _settle_network() -> None:
    """A new guest's network: nothing of the machine's, loopback up, IPv6 silent until VPCs carry it."""
    sysctls.forget_machine()
    with contextlib.suppress(FileNotFoundError):
        files.write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")
    privileges.bring_up("lo")


def _say(other: socket.socket) -> None:
    other.send(WORD, socket.MSG_NOSIGNAL)


def _hear(other: socket.socket) -> None:
    """Wait for the other process's word; if it has ended this one ends too, for it has told why."""
    if other.recv(1) != WORD:
        os._exit(126)
