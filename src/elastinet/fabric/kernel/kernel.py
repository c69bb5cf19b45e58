"""The system calls that Python 3.11 does not offer, each raising OSError with the call's name."""

import contextlib
import ctypes
import os
import signal
import struct
from collections.abc import Iterator

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 0x2
UMOUNT_NOFOLLOW = 0x8
OPEN_TREE_CLONE = 0x1
OPEN_TREE_CLOEXEC = 0o2000000
MOVE_MOUNT_F_EMPTY_PATH = 0x4
MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NOEXEC = 0x8
MOUNT_ATTR_IDMAP = 0x100000
AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_RECURSIVE = 0x8000

PTRACE_DETACH = 17
PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24

SECCOMP_MODE_FILTER = 2

# The same on every architecture.
CLONE3 = 435
OPEN_TREE = 428
MOVE_MOUNT = 429
PIDFD_GETFD = 438
MOUNT_SETATTR = 442
KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219}
"""The number of keyctl, by architecture."""
MACHINE = os.uname().machine
KEYCTL_JOIN_SESSION_KEYRING = 1

_libc = ctypes.CDLL(None, use_errno=True)
# Calls that keep Python's lock, which a child must find held by itself.
_python = ctypes.PyDLL(None, use_errno=True)


def _call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Call a function of libc; a negative answer becomes an OSError that names it."""
    result = int(getattr(_libc, name)(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def system_call(name: str, number: int, *arguments: int | bytes | ctypes.c_void_p) -> int:
    """Make a call that libc may not know yet; an error has this name."""
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def unshare(flags: int) -> None:
    """Move this thread into new namespaces of the given kinds."""
    _call("unshare", flags)


def clone(flags: int) -> int:
    """Fork a child into new namespaces; only for processes of a single thread.

    os.fork has no flags, and a process cannot leave a user namespace that it made for its child.
    """
    arguments = struct.pack("=8Q", flags, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    result = int(_python.syscall(CLONE3, arguments, len(arguments)))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"clone3: {os.strerror(number)}")
    return result


def setns(fd: int, flags: int) -> None:
    """Move this thread into the namespaces that `fd` (a namespace or a pidfd) stands for."""
    _call("setns", fd, flags)


def own_network() -> int:
    """A descriptor, to be closed, of the network namespace that this thread is in."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


@contextlib.contextmanager
def visit(namespace: int) -> Iterator[None]:
    """Be in another network namespace for a while; this thread comes back."""
    home = own_network()
    try:
        setns(namespace, CLONE_NEWNET)
        yield
    finally:
        setns(home, CLONE_NEWNET)
        os.close(home)


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount a file system; an error names the target."""
    try:
        _call("mount", source.encode(), target.encode(), kind.encode(), flags, data.encode())
    except OSError as error:
        raise OSError(
            error.errno, f"mount {kind or source} on {target}: {os.strerror(error.errno or 0)}"
        ) from None


def umount(target: str, flags: int = 0) -> None:
    """Unmount a file system."""
    _call("umount2", os.fsencode(target), flags)


def open_tree(path: str) -> int:
    """A descriptor of a copy of a mount, which is nowhere yet."""
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC
    return system_call("open_tree", OPEN_TREE, AT_FDCWD, path.encode(), flags)


def move_mount(tree: int, target: str) -> None:
    """Mount what `open_tree` has given; an error names the target."""
    flags = MOVE_MOUNT_F_EMPTY_PATH
    system_call(f"move_mount to {target}", MOVE_MOUNT, tree, b"", AT_FDCWD, target.encode(), flags)


def set_mount_attributes(path: str, add: int = 0, *, remove: int = 0, recursive: bool = False) -> None:
    """Change a mount, all those below it too if asked; what it has besides stays."""
    flags = AT_RECURSIVE if recursive else 0
    _mount_setattr(AT_FDCWD, path, flags, struct.pack("=4Q", add, remove, 0, 0))


def map_ids_of_mount(tree: int, user_namespace: int) -> None:
    """Have a mount that is nowhere yet show its files' owners by the map of a user namespace."""
    attributes = struct.pack("=4Q", MOUNT_ATTR_IDMAP, 0, 0, user_namespace)
    _mount_setattr(tree, "", AT_EMPTY_PATH, attributes)


def _mount_setattr(folder: int, path: str, flags: int, attributes: bytes) -> None:
    name = f"mount_setattr {path}".rstrip()
    system_call(name, MOUNT_SETATTR, folder, path.encode(), flags, attributes, len(attributes))


def join_new_keyring() -> None:
    """Leave the session keyring of whoever has started this process, for an empty one.

    Where this user may have no more keys, or the architecture is not known, it stays.
    """
    with contextlib.suppress(OSError, KeyError):
        system_call("keyctl", KEYCTL[MACHINE], KEYCTL_JOIN_SESSION_KEYRING, 0)


def descriptor_of(pid: int, number: int) -> int:
    """A descriptor of what another process has under a number."""
    process = os.pidfd_open(pid)
    try:
        return system_call("pidfd_getfd", PIDFD_GETFD, process, number, 0)
    finally:
        os.close(process)


def ptrace(request: int, thread: int) -> None:
    """Trace a thread, hold it, or leave it alone."""
    _call("ptrace", request, thread, None, None)


def magic_of(path: str) -> int:
    """The number by which the kernel knows a file's kind of file system: statfs(2) lists them."""
    told = ctypes.create_string_buffer(256)
    _call("statfs", path.encode(), told)
    return int(ctypes.c_long.from_buffer(told).value)


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root of this mount namespace and hang the old root on `old`."""
    _call("pivot_root", new.encode(), old.encode())


def sethostname(name: str) -> None:
    """Name this UTS namespace."""
    encoded = name.encode()
    _call("sethostname", encoded, len(encoded))


def end(pid: int) -> None:
    """End a process, unless it has ended already and word of it, from who reaped it, is still on its way."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def die_with_parent(number: int) -> None:
    """Have the kernel send this process a signal when its parent ends."""
    _call("prctl", PR_SET_PDEATHSIG, number, 0, 0, 0)


def name_process(name: str) -> None:
    """Have tools show this process under a name of up to 15 characters."""
    _call("prctl", PR_SET_NAME, name.encode(), 0, 0, 0)


def drop_capability(number: int) -> None:
    """Take a capability out of the bounding set: no program started from here can have it."""
    _call("prctl", PR_CAPBSET_DROP, number, 0, 0, 0)


def drop_all_capabilities() -> None:
    """Take every power from this process, for good unless it starts a program that has some."""
    version, nobody = 0x20080522, bytes(24)
    _call("capset", struct.pack("=Ii", version, 0), nobody)


def filter_system_calls(program: bytes) -> None:
    """Load a filter of this process's calls, a struct sock_fprog; needs power over the user namespace."""
    _call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0)


def hide_from_debuggers() -> None:
    """Keep this process's memory and descriptors from all but this user namespace, until it execs."""
    _call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)
