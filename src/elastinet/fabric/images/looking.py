"""What a root file system is, as far as its files tell: read as its own programs would find them."""

import re
import shlex
import stat
import struct
from pathlib import Path

from elastinet.fabric.contract.content import About
from elastinet.fabric.images.refused import RefusedError
from elastinet.fabric.kernel.inroot import Tree, tree

MACHINES = {0x3E: "x86_64", 0xB7: "arm64", 0x03: "i386", 0x28: "arm", 0xF3: "riscv64"}
"""As EC2 calls those that it has, by ELF's e_machine."""
OWN = {"x86_64": "x86_64", "aarch64": "arm64"}
USERS = {
    "debian": "admin",
    "ubuntu": "ubuntu",
    "fedora": "fedora",
    "alpine": "alpine",
    "arch": "arch",
    "rocky": "rocky",
    "centos": "ec2-user",
}
EC2_USER = "ec2-user"
"""Amazon Linux's, Red Hat's, SUSE's and whoever's that says nothing else."""
MOST_TEXT = 1 << 16
SHELL = "/bin/sh"
RELEASES = ("/etc/os-release", "/usr/lib/os-release")
CLOUD_INIT = "/usr/bin/cloud-init"
CLOUD_SETTINGS = "/etc/cloud/cloud.cfg"
CLOUD_USER = re.compile(r"^\s+default_user:\s*\n\s+name: ([a-z_][a-z0-9_-]{0,31})\s*$", re.MULTILINE)
SYSTEMD = ("/lib/systemd/systemd", "/usr/lib/systemd/systemd")
EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


def look(root: Path, machine: str, files: int, size: int) -> About:
    """Look at a root file system; raises RefusedError if no instance of it could run on this machine."""
    with tree(root) as found:
        architecture = _architecture(found)
        own = OWN.get(machine, machine)
        if architecture != own:
            raise RefusedError(f"its programs are for {architecture}, and this machine is {own}")
        release = _release(found)
        return About(
            architecture=architecture,
            user=_cloud_user(found) or USERS.get(release.get("ID", ""), EC2_USER),
            cloud_init=_is_program(found, CLOUD_INIT),
            systemd=any(_is_program(found, path) for path in SYSTEMD),
            name=release.get("PRETTY_NAME", release.get("ID", ""))[:100],
            files=files,
            bytes=size,
        )


def _is_program(found: Tree, path: str) -> bool:
    there = found.stat(path)
    return there is not None and stat.S_ISREG(there.st_mode) and bool(there.st_mode & EXECUTABLE)


def _architecture(found: Tree) -> str:
    head = found.read(SHELL, 20) if _is_program(found, SHELL) else None
    if head is None:
        raise RefusedError(f"it has no {SHELL}: it is no root file system that instances could have")
    if len(head) < 20 or not head.startswith(b"\x7fELF"):
        raise RefusedError(f"its {SHELL} is no program of Linux's")
    order = ">" if head[5] == 2 else "<"
    (number,) = struct.unpack_from(f"{order}H", head, 18)
    return MACHINES.get(number, f"a machine of another kind ({number})")


def _cloud_user(found: Tree) -> str:
    """The user whom cloud-init makes, as its settings have it; "" where it is not, or they do not say."""
    text = found.read(CLOUD_SETTINGS, MOST_TEXT) if _is_program(found, CLOUD_INIT) else None
    match = CLOUD_USER.search((text or b"").decode(errors="replace"))
    return match[1] if match else ""


def _release(found: Tree) -> dict[str, str]:
    """What os-release(5) says, as much of it as is well-formed."""
    data = next((text for path in RELEASES if (text := found.read(path, MOST_TEXT)) is not None), b"")
    said: dict[str, str] = {}
    for line in data.decode(errors="replace").splitlines():
        name, _, value = line.partition("=")
        try:
            said[name.strip()] = " ".join(shlex.split(value)) if value else ""
        except ValueError:
            continue
    return {name: "".join(c for c in value if c.isprintable()) for name, value in said.items()}
