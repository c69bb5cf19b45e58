"""cloud-init in guests whose image has it: how it knows where it is, and its stages, one after the other.

It reads the user data itself then, and all that our own reading of user data does is off.
"""

import os
import stat
from pathlib import Path

from elastinet.fabric.guest import tools
from elastinet.fabric.guest.first_programs import Program, Reading
from elastinet.fabric.guest.ids import Ids
from elastinet.fabric.kernel import kernel

SETTINGS = "etc/cloud/cloud.cfg.d/99-elastinet.cfg"
TEXT = """# Written by elastinet: the metadata service is EC2's, and the network is configured already.
datasource_list: [Ec2, None]
datasource: {Ec2: {strict_id: false}}
network: {config: disabled}
manage_etc_hosts: false
"""
FOLDER = "/run/elastinet"
COMMANDS = (
    "init --local",
    "init",
    "modules --mode=config",
    "modules --mode=final",
)
"""What its units of systemd run, in their order."""
IDENTIFY = "/usr/lib/cloud-init/ds-identify"
FIRST = f"#!/bin/sh\n[ ! -x {IDENTIFY} ] || exec {IDENTIFY}\n"
HYPERVISOR = "hypervisor"
WHOLE = f"{tools.PLACE}/sys"
"""Where all of the kernel's own is: without it nobody in the guest could mount a /sys of their own."""
SAFE = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC


def stages() -> Reading:
    """What is to be run at each boot."""
    programs = [Program(f"{FOLDER}/1-ds-identify", FIRST.encode(), "boot")]
    for number, words in enumerate(COMMANDS, 2):
        name = words.replace(" --mode=", "-").replace(" --", "-")
        script = f"#!/bin/sh\nexec cloud-init {words}\n"
        programs.append(Program(f"{FOLDER}/{number}-cloud-init-{name}", script.encode(), "boot"))
    return Reading(tuple(programs))


def settle(upper: Path) -> None:
    """Lay its settings into a new disk."""
    place = upper / SETTINGS
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(TEXT, encoding="utf-8")


def uuid(disk: str) -> str:
    """What the hypervisor calls a guest: on EC2 it begins with ec2."""
    import hashlib  # here: few images have cloud-init, and a library makes each fork dearer

    digits = "ec2" + hashlib.sha256(os.path.basename(disk).encode()).hexdigest()[:29]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def compose(root: str, disk: str, ids: Ids) -> None:
    """Mount a /sys that is the kernel's own, folder by folder, and tells of EC2's hypervisor, too."""
    whole, own = f"{root}{WHOLE}", f"{root}/sys"
    kernel.mount("sysfs", whole, "sysfs", SAFE | kernel.MS_RDONLY)
    options = f"mode=755,size=64k,uid={ids.first},gid={ids.first}"
    kernel.mount("tmpfs", own, "tmpfs", SAFE, options)
    for name in os.listdir(whole):
        if name != HYPERVISOR and stat.S_ISDIR(os.lstat(f"{whole}/{name}").st_mode):
            os.mkdir(f"{own}/{name}")
            kernel.mount(f"{whole}/{name}", f"{own}/{name}", flags=kernel.MS_BIND)
    os.mkdir(f"{own}/{HYPERVISOR}")
    for name, text in (("uuid", uuid(disk)), ("type", "xen")):
        Path(own, HYPERVISOR, name).write_text(f"{text}\n", encoding="utf-8")
    kernel.mount("none", own, flags=kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | SAFE)
