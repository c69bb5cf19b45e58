"""Root file systems as tars, made of this machine's own busybox; archives of layers; and an agent that gets them."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Iterable
from functools import cache
from glob import glob
from pathlib import Path
from typing import Any

from machine import Machine

APPLETS = "sh ls cat id ip ps mount touch stat hostname chown ln rm mkdir readlink chmod test echo env seq sleep".split()
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]


QUICK: dict[str, Any] = {"gz": {"compresslevel": 1}, "bz2": {"compresslevel": 1}, "xz": {"preset": 0}}


class Tar:
    """A tar in the making; names and kinds may be whatever one likes."""

    def __init__(self, packing: str = "") -> None:
        self._data = io.BytesIO()
        form = tarfile.PAX_FORMAT
        quick = QUICK.get(packing, {})
        self.tar = tarfile.open(fileobj=self._data, mode=f"w:{packing}", format=form, **quick)  # noqa: SIM115

    def add(
        self, name: str, data: bytes | None = None, kind: bytes = tarfile.REGTYPE, **fields: Any
    ) -> "Tar":
        """Add an entry."""
        member = tarfile.TarInfo(name)
        member.type, member.mode, member.mtime = kind, 0o755, 1_000_000_000
        member.size = len(data or b"")
        for field, value in fields.items():
            setattr(member, field, value)
        self.tar.addfile(member, io.BytesIO(data) if data is not None else None)
        return self

    def folder(self, *names: str, **fields: Any) -> "Tar":
        for name in names:
            self.add(name, kind=tarfile.DIRTYPE, **fields)
        return self

    def link(self, name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> "Tar":
        return self.add(name, kind=kind, linkname=target)

    def bytes(self) -> bytes:
        self.tar.close()
        return self._data.getvalue()


@cache
def files_of(program: str) -> tuple[str, ...]:
    """A program of this machine's, and all that it is loaded with."""
    found = [program]
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    for line in told.splitlines():
        path = (line.partition("=>")[2] or line).split("(")[0].strip()
        if os.path.isabs(path):
            found.append(path)
    return tuple(found)


def root(packing: str = "", applets: Iterable[str] = APPLETS) -> Tar:
    """A root file system with busybox, whose programs are of this machine's kind."""
    tar = Tar(packing).folder("bin", "etc", "lib", "lib64", "usr", "root", "proc")
    program = shutil.which("busybox")
    assert program
    places = {"lib64": "lib64"}
    for path in files_of(os.path.realpath(program)):
        name = Path(path).name
        place = "bin/busybox" if name == "busybox" else f"{places.get(Path(path).parts[1], 'lib')}/{name}"
        tar.add(place, Path(os.path.realpath(path)).read_bytes())
    for applet in applets:
        tar.link(f"bin/{applet}", "busybox")
    return tar.add("etc/os-release", b'ID=ubuntu\nPRETTY_NAME="Small 1"\n', mode=0o644)


def oci(*layers: bytes, platform: dict[str, str] | None = None, **changed: bytes) -> bytes:
    """An OCI archive of layers; `changed` are blobs whose bytes are others than their name says."""
    tar, blobs = Tar(), []

    def blob(data: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        tar.add(f"blobs/sha256/{digest}", changed.get(kind, data))
        return {"digest": f"sha256:{digest}", "size": len(data), "mediaType": kind}

    tar.add("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    blobs = [blob(layer, "layer") for layer in layers]
    manifest = blob(json.dumps({"schemaVersion": 2, "layers": blobs}).encode(), "manifest")
    about = {} if platform is None else {"platform": platform}
    tar.add("index.json", json.dumps({"manifests": [{**manifest, **about}]}).encode())
    return tar.bytes()


def saved(*layers: bytes, architecture: str = ARCHITECTURE) -> bytes:
    """What `docker save` writes of an image."""
    tar = Tar()
    names = []
    for layer in layers:
        names.append(f"{hashlib.sha256(layer).hexdigest()}/layer.tar")
        tar.folder(names[-1].partition("/")[0]).add(names[-1], layer)
    tar.add("c.json", json.dumps({"architecture": architecture, "os": "linux"}).encode())
    return tar.add("manifest.json", json.dumps([{"Config": "c.json", "Layers": names}]).encode()).bytes()


def indexed(*layers: bytes) -> bytes:
    """An OCI archive of an index of platforms, as buildah pushes one: another's, this machine's, and no image."""
    tar = Tar().folder("blobs", "blobs/sha256")

    def blob(data: bytes, kind: str = "layer", **more: Any) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        tar.add(f"blobs/sha256/{digest}", data)
        return {"digest": f"sha256:{digest}", "size": len(data), "mediaType": kind, **more}

    def manifest(architecture: str, *layers: bytes) -> dict[str, Any]:
        system = "unknown" if architecture == "unknown" else "linux"
        described = json.dumps({"schemaVersion": 2, "layers": [blob(layer) for layer in layers]}).encode()
        return blob(described, "manifest", platform={"architecture": architecture, "os": system})

    of = [manifest("riscv64", b"none"), manifest(ARCHITECTURE, *layers), manifest("unknown", b"{}")]
    index = blob(json.dumps({"schemaVersion": 2, "manifests": of}).encode(), "index")
    tar.add("index.json", json.dumps({"schemaVersion": 2, "manifests": [index]}).encode())
    return tar.add("oci-layout", b'{"imageLayoutVersion": "1.0.0"}').bytes()


def saved_flat(*layers: bytes) -> bytes:
    """What podman and skopeo write as docker-archive: layers by their digests, and links to them as Docker had it."""
    tar, names = Tar(), list[str]()
    for number, layer in enumerate(layers):
        digest = hashlib.sha256(layer).hexdigest()
        names.append(f"{digest}.tar")
        tar.add(names[-1], layer, mode=0o444)
        tar.link(f"{number:064x}/layer.tar", f"../{names[-1]}").add(f"{number:064x}/VERSION", b"1.0")
    tar.add(f"{'c' * 64}.json", json.dumps({"architecture": ARCHITECTURE, "os": "linux"}).encode())
    told = [{"Config": f"{'c' * 64}.json", "RepoTags": ["localhost/x:1"], "Layers": names}]
    return tar.add("manifest.json", json.dumps(told).encode()).add("repositories", b"{}").bytes()


def bring(machine: Machine, data: bytes | Path, *, piped: bool = False) -> dict[str, Any]:
    """Have an agent import an archive; gives the last that it tells."""
    with contextlib.ExitStack() as stack:
        agent = stack.enter_context(socket.socket(socket.AF_UNIX))
        with machine.as_user():
            agent.connect(str(machine.run / "agent.sock"))
        if piped:
            assert isinstance(data, bytes)
            source = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert source.stdin
            assert source.stdout
            socket.send_fds(agent, [b'{"type":"import"}\n'], [source.stdout.fileno()])
            source.stdout.close()
            with contextlib.suppress(BrokenPipeError):
                source.stdin.write(data)
            with contextlib.suppress(BrokenPipeError):
                source.stdin.close()
            source.wait()
        else:
            file = stack.enter_context(_file(data))
            socket.send_fds(agent, [b'{"type":"import"}\n'], [file.fileno()])
        return _last(agent)


def _file(data: bytes | Path) -> Any:
    if isinstance(data, Path):
        return data.open("rb")
    file = os.fdopen(os.memfd_create("archive"), "w+b")
    file.write(data)
    file.flush()
    file.seek(0)
    return file


def _last(agent: socket.socket) -> dict[str, Any]:
    agent.settimeout(60)
    rest = b""
    while data := agent.recv(1 << 16):
        *lines, rest = (rest + data).split(b"\n")
        for told in map(json.loads, lines):
            if told["type"] == "imported":
                return dict(told)
    raise AssertionError("the agent said nothing more")


def content(machine: Machine, data: bytes | Path, **how: Any) -> str:
    """The content that an archive has become."""
    told = bring(machine, data, **how)
    assert not told["error"], told
    return str(told["content"])


def left(machine: Machine) -> list[str]:
    """What lies below the folder of contents, once all deletions are over."""
    folder = machine.folder / "images"
    machine.until(lambda: not any(p.name.startswith((".", "fresh")) for p in folder.iterdir()), "deletions")
    return sorted(path.name for path in folder.iterdir())


TOOLS = """
sh ls cat id cp mv rm mkdir chmod chown touch stat env dirname basename grep tar dpkg dpkg-deb dpkg-split
dpkg-query ldconfig start-stop-daemon useradd usermod sshd ssh-keygen diff getent sed sleep true ln cmp
""".split()
SBIN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGE = """Package: service
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@example.com>
Description: a service with a user of its own
"""
AFTER = """#!/bin/sh
set -e
useradd --system --home-dir /var/lib/service --shell /bin/sh service
chown -R service:service /var/lib/service
"""


def userland(release: bytes = b"ID=debian\nPRETTY_NAME=Subset\n", without: Iterable[str] = ()) -> Tar:
    """A small Debian out of this machine's own: dpkg, useradd, sshd and what these call."""
    tar, names = Tar().folder("etc", "root", "home", "proc"), set()
    tar.folder(
        "usr", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "var", "var/lib", "var/lib/dpkg", "var/log"
    )
    for top in ("bin", "sbin", "lib", "lib64"):
        tar.link(top, f"usr/{top}")
    tar.folder(*(f"var/lib/dpkg/{name}" for name in ("info", "updates", "triggers", "parts", "alternatives")))
    tar.add("var/lib/dpkg/status", b"", mode=0o644).folder("tmp", "usr/share", "etc/ssl", "etc/ssl/certs")
    wanted = [program for program in TOOLS if program not in without]
    for program in (*wanted, *glob("/usr/lib/openssh/sshd-*")):
        found = shutil.which(program, path=SBIN)
        assert found, f"scripts/system-packages installs what has {program}"
        for path in files_of(found):
            place = path.lstrip("/")
            place = place if place.startswith("usr/") else f"usr/{place}"
            if place not in names:
                names.add(place)
                tar.add(place, Path(os.path.realpath(path)).read_bytes())
    accounts = b"root:x:0:0:root:/root:/bin/sh\nsshd:x:99:99::/run/sshd:/bin/sh\n"
    tar.add("etc/passwd", accounts, mode=0o644).add("etc/group", b"root:x:0:\n", mode=0o644)
    tar.add("etc/login.defs", b"USERGROUPS_ENAB yes\n", mode=0o644)
    tar.add("etc/shadow", b"root:*:1::::::\nsshd:*:1::::::\n", mode=0o640).add("etc/gshadow", b"", mode=0o640)
    return tar.add("etc/os-release", release, mode=0o644)


def package(folder: Path) -> bytes:
    """A package that makes a user at its installation, whose files it has then."""
    (folder / "DEBIAN").mkdir(parents=True)
    (folder / "var/lib/service").mkdir(parents=True)
    (folder / "var/lib/service/data").write_text("data\n")
    (folder / "DEBIAN/control").write_text(PACKAGE)
    (folder / "DEBIAN/postinst").write_text(AFTER)
    for path in (folder / "DEBIAN", folder / "DEBIAN/postinst"):
        path.chmod(0o755)
    made = folder.with_suffix(".deb")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(folder), str(made)],
        check=True,
        capture_output=True,
    )
    return made.read_bytes()
