"""Folders and files that only this user may change: what others could put in their place is refused.

Every folder on the way counts, for who may write to one can replace what is below it. In a sticky one,
such as /tmp, entries are safe from all but their owner, so each entry's own owner decides.
"""

import contextlib
import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
MOST_LINKS = 40
ENTER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""The flags to open a folder on the way to another: O_PATH also opens one that may not be listed."""
ACL = "system.posix_acl_access"


class Untrusted(PermissionError):
    """Others could change, or replace, a folder or file of ours; the message says which and why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(errno.EPERM, why, path)
        self.sentence = f"{path}: {why}"

    def __str__(self) -> str:
        return self.sentence


def secure(folder: Path) -> Path:
    """A folder of ours that nobody else can change or replace, made with what is missing on the way.

    Raises Untrusted, or OSError where it cannot be made.
    """
    with _entered(folder, make=True) as fd:
        _check_own(str(folder), os.fstat(fd))
    return folder


def check(folder: Path) -> Path:
    """The same of a folder that is there already; FileNotFoundError where it is not."""
    with _entered(folder, make=False) as fd:
        _check_own(str(folder), os.fstat(fd))
    return folder


def tighten(path: Path) -> None:
    """Let nobody else into a file or folder that lies in a folder of ours: it may be there from before.

    What is in it needs no change: nobody gets there.
    """
    found = path.lstat()
    if found.st_uid != os.geteuid():
        raise Untrusted(str(path), _is_not_ours(found))
    if stat.S_ISDIR(found.st_mode):
        path.chmod(PRIVATE_FOLDER)
    elif stat.S_ISREG(found.st_mode):
        path.chmod(PRIVATE_FILE)


def read_own(path: Path) -> bytes:
    """The content of a file of ours; raises Untrusted for anybody else's, OSError for a symbolic link."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        found = os.fstat(file.fileno())
        if found.st_uid != os.geteuid():
            raise Untrusted(str(path), _is_not_ours(found))
        return file.read()


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only we can read, at once or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(fresh, flags, PRIVATE_FILE), "wb") as file:
            os.fchmod(file.fileno(), PRIVATE_FILE)
            file.write(data)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _entered(folder: Path, *, make: bool) -> Iterator[int]:
    """Go down to a folder step by step, so that none can be replaced behind our back; gives a descriptor."""
    left = list(reversed(Path(os.path.abspath(folder)).parts[1:]))
    way, links, fds = [""], 0, [os.open("/", ENTER)]
    try:
        while left:
            _check_way("/".join(way) or "/", os.fstat(fds[-1]))
            name = left.pop()
            if name == "..":  # of a link: every folder above has been checked already
                way, fds = way[:-1] or [""], _up(fds, min(1, len(fds) - 1))
                continue
            target = _link(fds[-1], name, "/".join([*way, name]))
            if target is None:
                way.append(name)
                fds.append(_enter(fds[-1], name, "/".join(way), make=make))
                continue
            links += 1
            if links > MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(folder))
            parts = [part for part in target.split("/") if part not in ("", ".")]
            left += reversed(parts)
            if target.startswith("/"):
                way, fds = [""], _up(fds, len(fds) - 1)
        yield fds[-1]
    finally:
        for fd in fds:
            os.close(fd)


def _up(fds: list[int], levels: int) -> list[int]:
    """Let go of the last folders of a way."""
    for fd in fds[len(fds) - levels :]:
        os.close(fd)
    return fds[: len(fds) - levels]


def _link(above: int, name: str, path: str) -> str | None:
    """The target of a symbolic link; None if it is none. Raises Untrusted if not ours or root's."""
    try:
        found = os.lstat(name, dir_fd=above)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(found.st_mode):
        return None
    _check_owner(path, found)
    return os.readlink(name, dir_fd=above)


def _enter(above: int, name: str, path: str, *, make: bool) -> int:
    """Open a folder, and make it first if it is missing and may be made; an error names the whole path."""
    try:
        if make:
            _make(above, name)
        return os.open(name, ENTER, dir_fd=above)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


def _make(above: int, name: str) -> None:
    try:
        os.lstat(name, dir_fd=above)
    except FileNotFoundError:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, PRIVATE_FOLDER, dir_fd=above)


def _check_way(path: str, found: os.stat_result) -> None:
    """Refuse a folder whose entries others could replace."""
    _check_owner(path, found)
    if _others_may_write(path, found) and not found.st_mode & stat.S_ISVTX:
        raise Untrusted(path, "others may write to it, and could replace what is below it")


def _check_own(path: str, found: os.stat_result) -> None:
    """Refuse a folder that is not ours alone to write to."""
    if found.st_uid != os.geteuid():
        raise Untrusted(path, _is_not_ours(found))
    if _others_may_write(path, found):
        raise Untrusted(path, "others may write to it: `chmod go-w` it, after a look at what is in it")


def _check_owner(path: str, found: os.stat_result) -> None:
    if found.st_uid not in (0, os.geteuid()):
        raise Untrusted(path, f"belongs to {_name(found.st_uid)}, who could replace what is below it")


def _others_may_write(path: str, found: os.stat_result) -> bool:
    """True if others than its owner and root may write to a folder; a group of one's own is nobody else."""
    if found.st_mode & stat.S_IWOTH:
        return True
    return bool(found.st_mode & stat.S_IWGRP) and (_has_acl(path) or not _is_own_group(found.st_gid))


def _has_acl(path: str) -> bool:
    """True if there is an ACL, of which the mode's group bits are only the mask."""
    with contextlib.suppress(OSError, AttributeError):  # neither such lists nor the call are everywhere
        return bool(os.getxattr(path, ACL))
    return False


def _is_own_group(number: int) -> bool:
    """True if we are a group's only member, as of the group that distributions make for each user."""
    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    alone = not set(group.gr_mem) - {user.pw_name}
    return alone and number == user.pw_gid and group.gr_name == user.pw_name


def _is_not_ours(found: os.stat_result) -> str:
    return f"belongs to {_name(found.st_uid)}, and not to {_name(os.geteuid())}"


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
