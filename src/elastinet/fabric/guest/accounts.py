"""The default user of an instance, as its image's publisher names him: there from the first boot.

His lines in /etc are the same for all instances that have a user of this name: they lie in one layer. Only
his home is each instance's own, with the key that opens it. Where guests know no user but root there is none.
"""

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from elastinet.fabric.guest.trust import Layer
from elastinet.fabric.guest.veil import ACCOUNTS
from elastinet.fabric.kernel.files import write_all

NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
FIRST, LAST = 1000, 59999
"""Ids of people, as useradd(8) gives them."""
SHELLS = ("/bin/bash", "/bin/sh")
SKELETON, LARGEST = "/etc/skel", 64 << 10
SUDO = "/etc/sudoers.d/90-cloud-init-users"
SHADOW_MODE, SUDO_MODE = 0o640, 0o440
OF_TOOLS = (".pwd.lock", "shadow-", "gshadow-")
"""What useradd(8) and others open: an ordinary user's instances could not open the machine's."""


@dataclass(frozen=True)
class Account:
    """A user: his ids as guests see them, and what his home begins with, by name."""

    name: str
    uid: int
    gid: int
    home: str
    files: dict[str, bytes] = field(default_factory=dict)


def lay(user: str, lowers: Iterable[str], folder: Path, *, sudo: bool) -> Account:
    """Put a user's lines above those of the layers of /etc; raises OSError.

    One who is there already stays who he is, but has no password any more.
    """
    if not NAME.fullmatch(user):
        raise OSError(f"no name of a user: {user!r}")
    machine = tuple(Path(lower) for lower in lowers)
    passwd, group = _lines(machine, "passwd"), _lines(machine, "group")
    account = _found(user, passwd) or _fresh(user, passwd, group)
    if not _has(user, passwd):
        shell = next((path for path in SHELLS if os.path.exists(path)), SHELLS[-1])
        passwd.append(f"{user}:x:{account.uid}:{account.gid}:Default user:{account.home}:{shell}")
    if not any(line.split(":")[2] == str(account.gid) for line in group):
        group.append(f"{user}:x:{account.gid}:")
    _write(Layer(folder), {"passwd": passwd, "group": group}, user if sudo else "")
    shadow = next((int(line.split(":")[2]) for line in group if line.startswith("shadow:")), 0)
    for name in ACCOUNTS:
        os.chown(folder / name, 0, shadow)
    return account


def _write(layer: Layer, files: dict[str, list[str]], sudoer: str) -> None:
    for name, lines in files.items():
        layer.write(f"/etc/{name}", "".join(f"{line}\n" for line in lines))
    for path, (source, form) in ACCOUNTS.items():
        names = (line.split(":")[0] for line in files[os.path.basename(source)])
        layer.write(f"/{path}", "".join(f"{form.format(name)}\n" for name in names), SHADOW_MODE)
    for name in OF_TOOLS:
        layer.write(f"/etc/{name}", "", 0o600)
    if sudoer:
        layer.write(SUDO, f"{sudoer} ALL=(ALL) NOPASSWD:ALL\n", SUDO_MODE)


def _lines(machine: tuple[Path, ...], name: str) -> list[str]:
    """The lines of a table of users or groups that have all that one needs."""
    path = next((path for path in (lower / name for lower in machine) if path.is_file()), None)
    text = path.read_text(encoding="utf-8", errors="surrogateescape") if path else ""
    return [line for line in text.splitlines() if line.count(":") >= 3 and line.split(":")[2].isdecimal()]


def _has(user: str, passwd: list[str]) -> bool:
    return any(line.startswith(f"{user}:") for line in passwd)


def _found(user: str, passwd: list[str]) -> Account | None:
    fields = [line.split(":") for line in passwd if line.startswith(f"{user}:") and line.count(":") >= 6]
    return next((Account(user, int(f[2]), int(f[3]), f[5], _skeleton()) for f in fields), None)


def _fresh(user: str, passwd: list[str], group: list[str]) -> Account:
    """A user with the first id that is neither a user's nor a group's; of a group with his name he is."""
    taken = {int(line.split(":")[2]) for line in (*passwd, *group)}
    uid = next(id for id in range(FIRST, LAST) if id not in taken)
    own = next((int(line.split(":")[2]) for line in group if line.startswith(f"{user}:")), uid)
    return Account(user, uid, own, f"/home/{user}", _skeleton())


def _skeleton() -> dict[str, bytes]:
    """The files that the machine has for a new home."""
    found = {}
    if os.path.isdir(SKELETON):
        for entry in os.scandir(SKELETON):
            kept = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(kept.st_mode) and kept.st_size <= LARGEST and os.access(entry.path, os.R_OK):
                found[entry.name] = Path(entry.path).read_bytes()
    return found


def furnish(root: str, account: Account, key: str, first: int) -> None:
    """Make a user's home on a new disk, where only we are; it is his: guests' ids begin with `first`."""
    if account.home != f"/home/{account.name}":
        return  # somebody of the machine's: his home is made at the first login
    home = f"{root}{account.home}"
    files = {f"{home}/{name}": data for name, data in account.files.items()}
    keys = {f"{home}/.ssh/authorized_keys": f"{key}\n".encode()} if key else {}
    os.makedirs(f"{home}/.ssh", exist_ok=True)  # a start that was broken off may have left it
    for path, data in (files | keys).items():
        _put(path, data, first + account.uid, first + account.gid)
    for path, mode in (*((path, 0o600) for path in keys), (f"{home}/.ssh", 0o700), (home, 0o750)):
        os.chmod(path, mode)
    for path in (f"{home}/.ssh", home):
        os.chown(path, first + account.uid, first + account.gid)


def _put(path: str, data: bytes, user: int, group: int) -> None:
    """Write a file of somebody's; each instance has several, so in no more calls than that takes."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        write_all(fd, data)
        os.fchown(fd, user, group)
    finally:
        os.close(fd)
