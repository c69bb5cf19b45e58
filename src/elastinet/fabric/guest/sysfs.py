"""A guest's /sys: the kernel's own, and what EC2's machines have there, where programs look for it.

That is a hypervisor's id, and the strings of DMI. Where this kernel has DMI, a folder lies over its own.
Where it has none, or no hypervisor, these come into a /sys that is composed of the kernel's folders.
"""

import os
import stat
from pathlib import Path

from elastinet.fabric.guest import tools
from elastinet.fabric.guest.ids import Ids
from elastinet.fabric.kernel import kernel

HYPERVISOR, CLASS = "hypervisor", "class"
WHOLE = f"{tools.PLACE}/sys"
"""Where all of the kernel's own is: without it nobody in the guest could mount a /sys of their own."""
SAFE = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
OWN_DMI, DMI = "devices/virtual/dmi/id", "class/dmi/id"
"""Where a kernel that has DMI has it, and where programs look, which is a link to that."""
VENDOR = "Amazon EC2"
VENDORS = ("sys_vendor", "bios_vendor", "board_vendor", "chassis_vendor", "chassis_asset_tag")
NUMBERS = ("product_uuid", "product_serial")
"""What only root may read."""


def mount(root: str, disk: str, ids: Ids, *, tells: bool, composes: bool) -> None:
    """Mount /sys below a root; if it `tells`, DMI's strings say EC2's. Other strings need it composed."""
    own = f"{root}/sys"
    if tells or composes:
        _mount_kernels(f"{root}{WHOLE}")
    if composes:
        _compose(own, f"{root}{WHOLE}", os.path.basename(disk), ids)
    else:
        _mount_kernels(own)
    if tells and os.path.isdir(f"{own}/{OWN_DMI}"):
        _scratch(f"{own}/{OWN_DMI}", ids)
        _tell(Path(own, OWN_DMI), os.path.basename(disk), ids)
        _close(f"{own}/{OWN_DMI}")


def has_dmi(sys: str = "/sys") -> bool:
    """True if this machine's kernel has DMI."""
    return os.path.isdir(f"{sys}/{OWN_DMI}")


def uuid(instance: str) -> str:
    """What the hypervisor calls a guest: on EC2 it begins with ec2."""
    import hashlib  # here: few images have cloud-init, and a library makes each fork dearer

    digits = "ec2" + hashlib.sha256(instance.encode()).hexdigest()[:29]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _mount_kernels(place: str) -> None:
    kernel.mount("sysfs", place, "sysfs", SAFE | kernel.MS_RDONLY)


def _compose(own: str, whole: str, instance: str, ids: Ids) -> None:
    """Bind the kernel's folders, one by one, beside those that it does not have."""
    _scratch(own, ids)
    _bind_all(whole, own, {HYPERVISOR} | (set() if has_dmi(whole) else {CLASS}))
    os.mkdir(f"{own}/{HYPERVISOR}")
    for name, text in (("uuid", uuid(instance)), ("type", "xen")):
        Path(own, HYPERVISOR, name).write_text(f"{text}\n", encoding="utf-8")
    if not has_dmi(whole):
        os.mkdir(f"{own}/{CLASS}")
        _bind_all(f"{whole}/{CLASS}", f"{own}/{CLASS}", {"dmi"})
        os.makedirs(f"{own}/{DMI}")
        _tell(Path(own, DMI), instance, ids)
    _close(own)


def _bind_all(source: str, target: str, but: set[str]) -> None:
    """Bind the folders in a folder, but some."""
    for name in os.listdir(source):
        if name not in but and stat.S_ISDIR(os.lstat(f"{source}/{name}").st_mode):
            os.mkdir(f"{target}/{name}")
            kernel.mount(f"{source}/{name}", f"{target}/{name}", flags=kernel.MS_BIND)


def _tell(folder: Path, instance: str, ids: Ids) -> None:
    """Write DMI's strings, as an instance of EC2 has them."""
    strings = dict.fromkeys(VENDORS, VENDOR) | {"board_asset_tag": instance, "bios_version": "1.0"}
    for name, text in (strings | dict.fromkeys(NUMBERS, uuid(instance))).items():
        (folder / name).write_text(f"{text}\n", encoding="utf-8")
        os.chown(folder / name, ids.first, ids.first)
        os.chmod(folder / name, 0o400 if name in NUMBERS else 0o444)


def _scratch(place: str, ids: Ids) -> None:
    kernel.mount("tmpfs", place, "tmpfs", SAFE, f"mode=755,size=128k,uid={ids.first},gid={ids.first}")


def _close(place: str) -> None:
    """Have nobody write there any more."""
    kernel.mount("none", place, flags=kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | SAFE)
