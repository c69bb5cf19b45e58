"""What only some users of this machine may read, kept from guests: a layer that lies over it.

A guest's root is root to the files that it is shown, so their modes keep nothing from it. A file that not
everybody may read is gone in the layer; a folder that not everybody may enter, or where everybody may write,
is empty. It is as it was when the agent started: only root and the machine's services make such files.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

TREES = ("etc", "opt", "var", "usr/local")
"""Where a machine has what is its own; the rest of /usr comes out of packages, which everybody may read."""
HARMLESS = ("etc/sudoers", "etc/sudoers.d")
"""What not everybody may read, keeps no secret, and instances need."""
ACCOUNTS = {"etc/shadow": ("etc/passwd", "{}:*:20000:0:99999:7:::"), "etc/gshadow": ("etc/group", "{}:*::")}
"""Files that programs cannot do without: made of another one's names, with no password for any."""
OPAQUE = "trusted.overlay.opaque"
WHITEOUT = os.makedev(0, 0)


class Veil:
    """The layer, in a folder of its own, over a machine, whose root is another folder in tests."""

    def __init__(self, layer: Path, machine: Path = Path("/")) -> None:
        self._layer, self._machine = layer, machine

    def lay(self) -> set[str]:
        """Fill the layer; gives the top-level folders that it has something of. Raises OSError."""
        for path, found in list(_closed(self._machine)):
            if path in ACCOUNTS:
                self._accounts(path, found)
            elif stat.S_ISDIR(found.st_mode):
                self._folder(path)
                os.setxattr(self._layer / path, OPAQUE, b"y")
            else:
                self._folder(os.path.dirname(path))
                os.mknod(self._layer / path, stat.S_IFCHR, WHITEOUT)
        return set(os.listdir(self._layer)) if self._layer.is_dir() else set()

    def _folder(self, path: str) -> None:
        """Make a folder as the machine has it: what a layer says of a folder holds for those below."""
        if path and not (self._layer / path).is_dir():
            self._folder(os.path.dirname(path))
            (self._layer / path).mkdir(parents=True)
            self._as_it_is(path, os.stat(self._machine / path))

    def _as_it_is(self, path: str, found: os.stat_result) -> None:
        os.chown(self._layer / path, found.st_uid, found.st_gid)
        os.chmod(self._layer / path, stat.S_IMODE(found.st_mode))

    def _accounts(self, path: str, found: os.stat_result) -> None:
        source, line = ACCOUNTS[path]
        self._folder(os.path.dirname(path))
        text = (self._machine / source).read_text(encoding="utf-8", errors="surrogateescape")
        names = (entry.split(":")[0] for entry in text.splitlines() if entry.strip())
        lines = "".join(f"{line.format(name)}\n" for name in names)
        (self._layer / path).write_text(lines, encoding="utf-8", errors="surrogateescape")
        self._as_it_is(path, found)


def _closed(machine: Path) -> Iterator[tuple[str, os.stat_result]]:
    """What not everybody may read, by its path below the machine's root, the uppermost of it only."""
    waiting = [tree for tree in TREES if (machine / tree).is_dir() and not (machine / tree).is_symlink()]
    while waiting:
        folder = waiting.pop()
        for entry in _entries(f"{machine}/{folder}"):
            found = entry.stat(follow_symlinks=False)  # of links everybody may read where they lead
            is_folder = stat.S_ISDIR(found.st_mode)
            if not is_folder and (found.st_mode & stat.S_IROTH or not found.st_size):
                continue  # nearly all: a machine has thousands of files, and each start reads them
            path = f"{folder}/{entry.name}"
            if path in HARMLESS or stat.S_ISLNK(found.st_mode):
                continue
            if is_folder and found.st_mode & stat.S_IXOTH and not found.st_mode & stat.S_IWOTH:
                waiting.append(path)
            else:
                yield path, found


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """The entries of a folder; none if it is gone by now."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:
        return []
