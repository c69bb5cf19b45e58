"""A guest's root file system: overlays over the host's folders, and fresh mounts for all that is live.

Runs in a mount namespace that the guest gets a locked copy of. Nothing of the host's stays
reachable but what `LAYERS` names, and that only below an overlay.
"""

import contextlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from elastinet.fabric.guest import (
    accounts,
    cloud_init,
    containers,
    devices,
    idmap,
    private_files,
    sysfs,
    tools,
)
from elastinet.fabric.guest.accounts import Account
from elastinet.fabric.guest.ids import Ids
from elastinet.fabric.kernel import files, kernel, privileges

LAYERS = ("usr", "etc", "opt", "var", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "gnu")
OWN = ("root", "home", "srv", "mnt", "media", "proc", "sys", "dev", "run", "tmp")
FIXED = ("sys", "sysrq-trigger", "acpi", "asound", "bus", "driver", "fs", "irq", "mtrr", "scsi")
SECRET = (
    "kcore",
    "keys",
    "kmsg",
    "kpagecgroup",
    "kpagecount",
    "kpageflags",
    "latency_stats",
    "pagetypeinfo",
    "sched_debug",
    "slabinfo",
    "timer_list",
    "vmallocinfo",
)
SAFE = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC


@dataclass(frozen=True)
class RootImage:
    """The host's folders as guests see them: for each top-level folder its lower layers, uppermost first.

    One folder by the name "" is a whole root of an image's. `env` are variables of every command, `account`
    is the default user that the layers know. `has_tools` says that guests are shown programs of ours,
    `cloud_init` that cloud-init runs in them, `systemd` that they have systemd,
    `podman` are its settings. If it `trusts_locals`, guests trust whom the machine's administrator has added.
    """

    lowers: dict[str, tuple[str, ...]]
    links: dict[str, str]
    rootless: bool
    ids: Ids
    env: dict[str, str] = field(default_factory=dict)
    account: Account | None = None
    has_tools: bool = False
    cloud_init: bool = False
    systemd: bool = False
    podman: str = ""
    trusts_locals: bool = False

    @property
    def is_guarded(self) -> bool:
        """True if a guest's root has the id of the machine's, so that files open to root must be covered."""
        return not self.rootless and not self.ids.is_shifted

    @property
    def is_whole(self) -> bool:
        """True if its root is an image's, and has nothing of this machine's userland."""
        return "" in self.lowers

    @property
    def path(self) -> str:
        """Where commands are looked for."""
        return f"{privileges.PATH}:{tools.SPARE}" if self.has_tools else privileges.PATH

    @property
    def init(self) -> tuple[list[str], dict[str, str]]:
        """The command that is the first process of a guest, and its variables."""
        if self.has_tools:
            return [tools.PROGRAM, "sleep", "infinity"], tools.ENV
        return ["/bin/sleep", "infinity"], {}


PARTS = ("root", "upper")
"""The parts of every disk that have a guest's files."""
LIVE = ("run", "tmp", "dev", "sys", "proc")
"""Top-level folders that are never on a disk."""


def prepare(disk: str, hostname: str, own_names: str, key: str, image: RootImage) -> None:
    """Make a new disk's folders and private files; an existing disk is left as its guest left it."""
    if not os.path.isdir(f"{disk}/root"):
        made = _make(disk, image)
        made += private_files.write(disk, hostname, own_names, is_whole=image.is_whole)
        if image.account:
            accounts.furnish(f"{disk}/fresh", image.account, key, image.ids.first)
        if image.cloud_init:
            cloud_init.settle(Path(disk, "upper"))
        elif not image.is_whole and not image.rootless:
            _give_new(disk, made, image.ids.first)
        os.rename(f"{disk}/fresh", f"{disk}/root")
    _own(disk, image)


def _give_new(disk: str, made: list[str], first: int) -> None:
    """Give what was just made to the guest's root: to look for it again takes longer than to make it."""
    for path in made:
        os.chown(path, first, first, follow_symlinks=False)
    _note(disk, first)


def _note(disk: str, first: int) -> None:
    """Have a disk know whose ids its files have."""
    fresh = f"{disk}/ids.fresh"
    with open(fresh, "wb", buffering=0) as file:
        file.write(str(first).encode())
    os.rename(fresh, f"{disk}/ids")


def _own(disk: str, image: RootImage) -> None:
    """Have a disk's files belong to the ids that its guest has now; a disk knows whose they were."""
    if image.rootless:
        return
    first, before = image.ids.first, 0
    with contextlib.suppress(FileNotFoundError):
        before = int(files.read(f"{disk}/ids"))
    if before != first:
        for part in filter(os.path.isdir, (f"{disk}/{part}" for part in (*PARTS, containers.PART))):
            idmap.give(Path(part), first, before)
        _note(disk, first)


def _make(disk: str, image: RootImage) -> list[str]:
    """Make a new disk's folders; gives what the guest's root shall own of a machine's."""
    fresh, upper, work = (f"{disk}/{name}" for name in ("fresh", "upper", "work"))
    if image.is_whole:
        for path in ("fresh", "work", *(f"upper/{name}" for name in (*LIVE, "etc"))):
            os.makedirs(f"{disk}/{path}", exist_ok=True)
        return []
    made = [fresh, *(f"{fresh}/{name}" for name in dict.fromkeys((*OWN, *image.lowers)))]
    made += [upper, *(f"{upper}/{name}" for name in image.lowers)]
    for path in (*made, work, *(f"{work}/{name}" for name in image.lowers)):
        with contextlib.suppress(FileExistsError):  # a start that was broken off may have left it
            os.mkdir(path)
    os.chmod(f"{fresh}/root", 0o700)
    for name in image.lowers:
        if name in OWN:  # of an instance that it is a copy of
            os.chmod(f"{disk}/upper/{name}", stat.S_IMODE(os.stat(image.lowers[name][0]).st_mode))
    for name, target in image.links.items():
        with contextlib.suppress(FileExistsError):
            os.symlink(target, f"{fresh}/{name}")
    return made + [f"{fresh}/{name}" for name in image.links]


def enter(disk: str, image: RootImage, memory_mib: int) -> None:
    """Build the root below `disk` and move into it, all processes of this mount namespace with it.

    Of the memory no more than half is let for files in each place, as on Linux by itself.
    """
    root = f"{disk}/root"
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount(root, root, flags=kernel.MS_BIND)
    for name, lowers in image.lowers.items():
        _overlay(disk, name, lowers, image.rootless)
    for name in LIVE:
        if not stat.S_ISDIR(os.lstat(f"{root}/{name}").st_mode):
            raise OSError(f"/{name} of its disk is no folder any more")
    _live(root, disk, image, memory_mib)
    held = containers.hold(root, disk, image.ids, is_whole=image.is_whole)
    os.chdir(root)
    kernel.pivot_root(".", ".")
    kernel.umount(".", kernel.MNT_DETACH)
    os.chdir("/")
    if held is not None:
        containers.show(held, image.ids)
        os.close(held)


def _overlay(disk: str, name: str, lowers: tuple[str, ...], rootless: bool) -> None:
    """Lay the guest's own changes over the host's folder."""
    lower = ":".join(_escape(path) for path in lowers)
    upper, work = _escape(f"{disk}/upper/{name}"), _escape(f"{disk}/work/{name}")
    data = f"lowerdir={lower},upperdir={upper},workdir={work}"
    kernel.mount("overlay", f"{disk}/root/{name}", "overlay", 0, data + (",userxattr" if rootless else ""))


def _escape(path: str) -> str:
    """Overlay options split at commas and colons."""
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def _live(root: str, disk: str, image: RootImage, memory_mib: int) -> None:
    """Mount what is never on a disk: processes, devices, the kernel's view, scratch space."""
    safe = kernel.MS_NOSUID | kernel.MS_NODEV
    most = f"size={memory_mib // 2}m"
    devices.scratch(f"{root}/run", image.ids, f"mode=755,{most}", safe)
    devices.scratch(f"{root}/tmp", image.ids, f"mode=1777,{most}", safe)
    devices.fill(f"{root}/dev", image.ids, most)
    if image.has_tools:
        devices.show(str(tools.FOLDER), f"{root}{tools.PLACE}")
    tells = image.has_tools and (image.cloud_init or sysfs.has_dmi())
    sysfs.mount(root, disk, image.ids, tells=tells, composes=image.cloud_init)
    kernel.mount("proc", f"{root}/proc", "proc", SAFE)
    if image.is_guarded:
        _guard(f"{root}/proc")


def _guard(proc: str) -> None:
    """Make the kernel's sysctls read-only but for the network's, and its inner state unreadable.

    The guest's root has the host's user id, which alone opens some of these files.
    """
    kernel.mount(f"{proc}/sys/net", f"{proc}/sys/net", flags=kernel.MS_BIND)
    for path in filter(os.path.exists, (f"{proc}/{name}" for name in FIXED)):
        kernel.mount(path, path, flags=kernel.MS_BIND | kernel.MS_REC)
        kernel.mount("none", path, flags=kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | SAFE)
    for path in filter(os.path.exists, (f"{proc}/{name}" for name in SECRET)):
        devices.bind("/dev/null", path)
