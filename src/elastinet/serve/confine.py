"""Root's engine as a user of its own, who finds its files and nothing else of root's.

It runs among mounts of its own, all read-only. Its folders, and those that Python runs from, are mounted
once more with the engine as the owner of what is root's there, so on disk they stay root's. Where one lies
behind a folder that only root may enter, an empty one stands in that one's place.

`python -m elastinet.serve.confine USER FOLDER… -- COMMAND…` becomes the command; as root without any
capability where this kernel, or a folder's file system, cannot map ids.
"""

import os
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from elastinet.fabric.guest import idmap
from elastinet.fabric.guest.ids import Ids
from elastinet.fabric.kernel import features, kernel

EVERYBODY = stat.S_IROTH | stat.S_IXOTH


def main() -> None:
    """Become the engine."""
    user, *rest = sys.argv[1:]
    split = rest.index("--")
    folders, command = [Path(folder) for folder in rest[:split]], rest[split + 1 :]
    home = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lay(int(user), folders)
        confined = _confined(int(user))
        subprocess.run([*confined, sys.executable, "-P", "-c", "import elastinet"], check=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"elastinet: the engine stays root, without capabilities: {error}", file=sys.stderr, flush=True)
        kernel.setns(home, kernel.CLONE_NEWNS)
        confined = _confined(None)
    os.execv(confined[0], [*confined, *command])


def _confined(user: int | None) -> list[str]:
    who = [] if user is None else [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    none = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    return [features.find("setpriv") or "/usr/bin/setpriv", *who, *none, "--pdeathsig", "TERM", "--"]


def _lay(user: int, folders: list[Path]) -> None:
    """Make the mounts; raises OSError."""
    programs = list(_programs())
    line = f"0 {user} 1\n"
    with idmap.namespace(Ids(user, line, line)) as namespace:
        trees = {path: _tree(path, namespace) for path in sorted({*folders, *programs})}
    links = list(_links(Path(sys.executable)))
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.set_mount_attributes("/", kernel.MOUNT_ATTR_RDONLY, recursive=True)
    for top in _tops(trees):
        kernel.mount("tmpfs", str(top), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=711,size=1m")
    os.umask(0o022)
    for path, tree in trees.items():  # what is above another comes before it
        if not path.exists():
            path.mkdir(parents=True)
        kernel.move_mount(tree, str(path))
        os.close(tree)
        if path not in folders:
            kernel.set_mount_attributes(str(path), kernel.MOUNT_ATTR_RDONLY)
    for link, target in links:
        if not os.path.lexists(link):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)


def _tree(path: Path, namespace: int) -> int:
    tree = kernel.open_tree(str(path))
    try:
        kernel.map_ids_of_mount(tree, namespace)
    except OSError as error:
        os.close(tree)
        raise OSError(error.errno, f"{path}: {error.strerror}") from None
    return tree


def _programs() -> Iterator[Path]:
    """The folders that Python runs from and that not everybody may enter, or read, as they are."""
    places = {Path(place).resolve() for place in (*sys.path, sys.prefix, sys.base_prefix) if place}
    for place in sorted(places):
        if place.is_dir() and not _is_open(place):
            yield place


def _is_open(place: Path) -> bool:
    """True if a folder and what is in it are open to everybody to read, as far as one can see."""
    inner = [entry.stat(follow_symlinks=False) for entry in os.scandir(place)]
    readable = all(found.st_mode & stat.S_IROTH for found in inner)
    return readable and _top(place) is None and place.stat().st_mode & EVERYBODY == EVERYBODY


def _top(path: Path) -> Path | None:
    """The uppermost folder on the way to a place that not everybody may enter."""
    for above in reversed(path.parents):
        if not above.stat().st_mode & stat.S_IXOTH:
            return above
    return None


def _tops(paths: Iterable[Path]) -> list[Path]:
    return sorted({top for path in paths if (top := _top(path))})


def _links(path: Path) -> Iterator[tuple[Path, str]]:
    """The symbolic links on the way to a file, and where each leads."""
    way = Path("/")
    for part in path.absolute().parts[1:]:
        way /= part
        if way.is_symlink():
            target = os.readlink(way)
            yield way, target
            rest = path.absolute().relative_to(way)
            yield from _links(Path(os.path.normpath(way.parent / target / rest)))
            return


if __name__ == "__main__":
    main()
