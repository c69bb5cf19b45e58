"""Files whose owners are shown as others: of the host's folders by a mount, of a guest's disk by chown."""

import os
import signal
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from elastinet.fabric.guest import ids
from elastinet.fabric.kernel import isolate, kernel

LOWER = Path(isolate.PRIVATE, "lower")
TRIAL = Path(isolate.PRIVATE, "trial")
CAPABILITY = "security.capability"
VERSION_2, VERSION_3, FLAGS = 0x02000000, 0x03000000, 0x00FFFFFF
SUID = stat.S_ISUID | stat.S_ISGID


def lay(folders: list[str], first: int) -> dict[str, str]:
    """Mount folders once more, with the ids of guests; gives each one's place by its name.

    Raises OSError where the kernel, or a folder's file system, cannot.
    """
    with namespace(ids.shifted(first)) as held:
        places = {folder.removeprefix("/"): _lay(folder, held) for folder in folders}
    _try(next(iter(places.values())), first)
    return places


def _lay(folder: str, namespace: int) -> str:
    place = LOWER / folder.removeprefix("/")
    place.mkdir(parents=True)
    tree = kernel.open_tree(folder)
    try:
        kernel.map_ids_of_mount(tree, namespace)
        kernel.move_mount(tree, str(place))
    except OSError as error:
        raise OSError(error.errno, f"{folder}: {error.strerror}") from None
    finally:
        os.close(tree)
    return str(place)


def _try(lower: str, first: int) -> None:
    """Make sure that an overlay takes a folder with other ids below it; raises OSError."""
    for name in ("upper", "work", "merged"):
        (TRIAL / name).mkdir(parents=True)
    data = f"lowerdir={lower},upperdir={TRIAL}/upper,workdir={TRIAL}/work"
    kernel.mount("overlay", str(TRIAL / "merged"), "overlay", 0, data)
    try:
        owners = {os.lstat(entry.path).st_uid for entry in os.scandir(TRIAL / "merged")}
        if owners and first not in owners:
            raise OSError("an overlay does not show the ids of the mount below it")
    finally:
        kernel.umount(str(TRIAL / "merged"), kernel.MNT_DETACH)


@contextmanager
def namespace(kept: ids.Ids) -> Iterator[int]:
    """A user namespace with these ids, held by a process that waits for its end.

    Only for processes of a single thread.
    """
    waiter = kernel.clone(kernel.CLONE_NEWUSER)
    if not waiter:
        signal.pause()
        os._exit(0)
    try:
        Path(f"/proc/{waiter}/uid_map").write_text(kept.uid_map, encoding="utf-8")
        Path(f"/proc/{waiter}/gid_map").write_text(kept.gid_map, encoding="utf-8")
        held = os.open(f"/proc/{waiter}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield held
        finally:
            os.close(held)
    finally:
        os.kill(waiter, signal.SIGKILL)
        os.waitpid(waiter, 0)


def give(tree: Path, first: int, before: int = 0) -> None:
    """Give a tree's files to other ids: those that were `before`, `before` + 1 … are `first`, `first` + 1 …

    Nobody else may change the tree meanwhile. No link is followed, and no depth is too deep.
    """

    def moved(id: int) -> int:
        return id - before + first if before <= id < before + ids.COUNT else id

    parent, name = os.open(tree.parent, os.O_PATH | os.O_DIRECTORY), tree.name
    try:
        _give(parent, name, moved, first)
        for folder, entry in entries(parent, name):
            _give(folder, entry, moved, first)
    finally:
        os.close(parent)


def _give(folder: int, name: str, moved: Callable[[int], int], first: int) -> None:
    """Give one file; its mode and its capabilities, which the kernel takes at that, stay."""
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    path = f"/proc/self/fd/{folder}/{name}"
    powers = _powers(path)
    os.chown(name, moved(found.st_uid), moved(found.st_gid), dir_fd=folder, follow_symlinks=False)
    if stat.S_ISREG(found.st_mode) and found.st_mode & SUID:
        os.chmod(name, stat.S_IMODE(found.st_mode), dir_fd=folder)
    if powers:
        os.setxattr(path, CAPABILITY, _with_root(powers, first), follow_symlinks=False)


def _powers(path: str) -> bytes:
    """A file's capabilities, as the kernel keeps them; nothing if it has none."""
    with suppress(OSError):  # ENODATA, or a file system without them
        return os.getxattr(path, CAPABILITY, follow_symlinks=False)
    return b""


def _with_root(powers: bytes, first: int) -> bytes:
    """The same capabilities, good for the user namespace whose root has this id (capabilities(7))."""
    (magic,) = struct.unpack_from("<I", powers)
    if magic & ~FLAGS not in (VERSION_2, VERSION_3):
        return powers
    body = powers[4:20]
    return struct.pack("<I", VERSION_3 | magic & FLAGS) + body + struct.pack("<I", first)


def entries(parent: int, name: str) -> Iterator[tuple[int, str]]:
    """All files below a folder, each by its folder's descriptor and its name there; links are not followed.

    One descriptor is open at a time, however deep the tree is: the way up is by "..".
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    current = os.open(name, flags, dir_fd=parent)
    try:
        waiting = [_folders(current)]
        yield from ((current, entry) for entry in os.listdir(current))
        while waiting:
            deeper = waiting[-1].pop() if waiting[-1] else None
            current = _changed(current, deeper or "..", flags)
            if deeper:
                yield from ((current, entry) for entry in os.listdir(current))
                waiting.append(_folders(current))
            else:
                waiting.pop()
    finally:
        os.close(current)


def _changed(current: int, name: str, flags: int) -> int:
    fd = os.open(name, flags, dir_fd=current)
    os.close(current)
    return fd


def _folders(folder: int) -> list[str]:
    with os.scandir(folder) as found:
        return [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]
