"""The host's folders as guests see them, with a skeleton above those that cannot be copied up.

In a user namespace the host's files belong to nobody, and overlayfs cannot copy up what it cannot own.
So the folders in which software writes, and the readable files of /etc, get a copy that root owns. Nor
does the kernel lay anything over a folder below which something is mounted, as a container's engine does
with files of /etc: of that one guests see the copy alone.
"""

import contextlib
import os
import stat
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from elastinet.deletion import remove_tree
from elastinet.fabric.guest import accounts, containers, idmap, ids, services, trust, veil
from elastinet.fabric.guest.rootfs import LAYERS, RootImage
from elastinet.fabric.kernel import isolate
from elastinet.fabric.revoke import mounts

TREES = ("var", "opt", "usr/local", "etc")
SHALLOW = ("usr",)
LARGEST = 1 << 20
OWNED = "/etc/ssh/"
"""Below it links are not kept: ssh(1) takes no settings from files that are neither root's nor its user's."""
Lowers = dict[str, tuple[str, ...]]
DEEPEST = 8


def build(
    ours: tuple[Path, ...],
    rootless: bool,
    authority: str | None = None,
    offered: Mapping[str, str] | None = None,
    counted: Collection[str] = (),
) -> RootImage:
    """Look at the host once and lay the layers; a folder that holds our own files is never shown.

    As root, guests get a range of ids of their own where this kernel and these file systems let them. With
    the certificate of an authority they trust that, too. With a way out they are `offered` variables for it,
    and trust whom this machine does by its own choice. Control groups that they divide count by controllers
    that are `counted`.
    """
    skeleton = Path(isolate.PRIVATE, "skeleton")
    present = [name for name in LAYERS if os.path.lexists(f"/{name}")]
    links = {name: os.readlink(f"/{name}") for name in present if os.path.islink(f"/{name}")}
    folders = [name for name in present if name not in links]
    hidden = [name for name in folders if any(path.is_relative_to(f"/{name}") for path in ours)]
    hidden += [name for name in crossed(folders) if rootless and name not in hidden]
    shown = [name for name in folders if name not in hidden]
    for name in folders if rootless else hidden:
        _copy(name, skeleton, ours)
    kept, places = _ids(shown, rootless)
    if kept.is_shifted and hidden:
        idmap.give(skeleton, kept.first)
    lowers = {name: (f"{skeleton}/{name}", *((places[name],) if name in shown else ())) for name in folders}
    if not rootless:
        lowers |= {name: (places[name],) for name in shown}
        lowers = _veiled(lowers, kept)
    env = (trust.VARIABLES if authority else {}) | dict(offered or {})
    podman = containers.settings(kept, counted)
    layered = _with_ours(lowers, kept, podman, authority or "", env, local=offered is not None)
    return RootImage(layered, links, rootless, kept, env, podman=podman, trusts_locals=offered is not None)


def _veiled(lowers: Lowers, kept: ids.Ids) -> Lowers:
    """The layers, with one above that keeps from guests what only some of this machine may read."""
    layer = Path(isolate.PRIVATE, "veil")
    tops = veil.Veil(layer).lay()
    if kept.is_shifted and tops:
        idmap.give(layer, kept.first)
    return lowers | {name: (f"{layer}/{name}", *lowers[name]) for name in tops & lowers.keys()}


def _with_ours(
    lowers: Lowers, kept: ids.Ids, podman: str, authority: str, variables: Mapping[str, str], *, local: bool
) -> Lowers:
    """The layers, with one more above those in which files of elastinet's are."""
    layer = Path(isolate.PRIVATE, "ours")
    layer.mkdir()
    ours = trust.Layer(layer)
    services.lay(ours)
    containers.settle(ours, podman)
    if authority or variables or local:
        ours.fill(authority, variables, local=local)
    if kept.is_shifted:
        idmap.give(layer, kept.first)
    return lowers | {name: (f"{layer}/{name}", *lowers.get(name, ())) for name in sorted(os.listdir(layer))}


def with_user(image: RootImage, user: str, name: str) -> RootImage:
    """The same with a default user, whom one more layer knows, a folder of this name.

    It is as it was where guests know no user but root, or have a userland of their own. Raises OSError.
    """
    if not user or not image.ids.has_people or image.is_whole:
        return image
    folder, etc = Path(isolate.PRIVATE, "users", name), image.lowers.get("etc", ())
    sudo = not image.rootless and any(os.path.isdir(f"{lower}/sudoers.d") for lower in etc)
    with contextlib.suppress(FileNotFoundError):
        remove_tree(folder)  # what an attempt before this one has left
    folder.mkdir(parents=True)
    account = accounts.lay(user, etc, folder, sudo=sudo)
    if image.ids.is_shifted:
        idmap.give(folder, image.ids.first)
    return replace(image, lowers=image.lowers | {"etc": (f"{folder}/etc", *etc)}, account=account)


def crossed(folders: Iterable[str]) -> list[str]:
    """The top-level folders below which something is mounted."""
    points = [Path(mount.point) for mount in mounts.shown("/proc/self")]
    return [name for name in folders if any(Path("/", name) in point.parents for point in points)]


def _ids(shown: list[str], rootless: bool) -> tuple[ids.Ids, dict[str, str]]:
    """The ids that guests get, and where folders of the host are that have them."""
    if not rootless:
        try:
            first = ids.unused()
            return ids.shifted(first), idmap.lay([f"/{name}" for name in shown], first)
        except OSError as error:
            print(f"elastinet agent: guests' ids are this machine's: {error}", file=sys.stderr, flush=True)
    return ids.same(), {name: f"/{name}" for name in shown}


def _copy(name: str, skeleton: Path, ours: tuple[Path, ...]) -> None:
    """Make a top-level folder's part of the skeleton."""
    skeleton.mkdir(parents=True, exist_ok=True)
    _folder(f"/{name}", f"{skeleton}/{name}")
    if name in SHALLOW:
        for entry in os.scandir(f"/{name}"):
            if entry.is_dir(follow_symlinks=False):
                _folder(entry.path, f"{skeleton}/{name}/{entry.name}")
    hidden = frozenset(map(str, ours))
    for tree in TREES:
        if tree.split("/")[0] == name:
            _tree(f"/{tree}", f"{skeleton}/{tree}", hidden, DEEPEST)


def _tree(source: str, target: str, ours: frozenset[str], depth: int) -> None:
    """Copy a folder's folders, and for /etc its readable files; what others fill is theirs.

    These are thousands at each start: so a path is a string here.
    """
    if source in ours or not depth:
        return
    mode = _folder(source, target)
    for entry in () if mode is None or mode & stat.S_IWOTH else _entries(source):
        if entry.is_dir(follow_symlinks=False):
            _tree(entry.path, f"{target}/{entry.name}", ours, depth - 1)
        elif entry.path.startswith("/etc/"):
            _file(entry, f"{target}/{entry.name}")


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """The entries of a folder; none if it is gone, or closed to this user."""
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        return list(found)
    return []


def _folder(source: str, target: str) -> int | None:
    """Make a folder with the mode of another one, and give that mode; None if there is none any more."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(target)
    with contextlib.suppress(OSError):
        mode = os.stat(source).st_mode
        os.chmod(target, mode & 0o1777)
        return mode
    return None


def _file(entry: os.DirEntry[str], target: str) -> None:
    """Copy a link, or a small file that this user may read; what he may not stays the host's, unreadable."""
    with contextlib.suppress(PermissionError, FileNotFoundError):
        if entry.is_symlink() and not entry.path.startswith(OWNED):
            os.symlink(os.readlink(entry.path), target)
            return
        found = entry.stat()
        if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST:
            with open(entry.path, "rb", buffering=0) as source, open(target, "wb", buffering=0) as file:
                while data := source.read(LARGEST):
                    file.write(data)
                os.fchmod(file.fileno(), stat.S_IMODE(found.st_mode))
