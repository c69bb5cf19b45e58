"""Archives of images are anybody's: whatever they say, nothing outside of the image is touched, and nothing is left."""

import contextlib
import io
import json
import os
import socket
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from elastinet.fabric.contract.objects import Guest
from elastinet.fabric.images.archive import Archive
from elastinet.fabric.images.extraction import Bounds, Extraction
from elastinet.fabric.images.refused import RefusedError
from elastinet.fabric.kernel.inroot import tree
from machine import MODES, Machine
from parts import ALL, group, network, table
from root_tars import ARCHITECTURE, Tar, bring, content, left, oci, root, saved

OTHER = {"amd64": "arm64", "arm64": "amd64"}[ARCHITECTURE]


def elf(machine: int) -> bytes:
    """The head of a program for another machine."""
    return b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + struct.pack("<H", machine) + bytes(44)


def bomb() -> bytes:
    """A file of 80 GiB, as a few bytes: all of its blocks are nothing."""
    member = tarfile.TarInfo("bomb")
    member.size = 80 << 30
    tar = root()
    tar.tar.fileobj.write(member.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20))
    return tar.bytes()


def long_header() -> bytes:
    """A header that says that it goes on for 8 GiB."""
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 8 << 30
    return member.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 16)


def damaged(data: bytes) -> bytes:
    return data[: len(data) // 2]


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "up": (lambda: root().add("../out", b"x").bytes(), "leads out of it"),
    "up inside": (lambda: root().add("etc/../../out", b"x").bytes(), "leads out of it"),
    "hard link up": (
        lambda: root().link("x", "../../etc/passwd", tarfile.LNKTYPE).bytes(),
        "leads out of it",
    ),
    "hard link out": (lambda: root().link("x", "/etc/passwd", tarfile.LNKTYPE).bytes(), "is not in it"),
    "loop": (lambda: root().link("a", "b").link("b", "a").add("a/x", b"1").bytes(), "File exists"),
    "no shell": (lambda: Tar().folder("etc").add("etc/passwd", b"").bytes(), "it has no /bin/sh"),
    "shell of text": (lambda: Tar().add("bin/sh", b"#!/bin/bash\n" + bytes(20)).bytes(), "no program"),
    "shell out": (lambda: Tar().folder("bin").link("bin/sh", "/usr/bin/sh").bytes(), "it has no /bin/sh"),
    "machine": (lambda: Tar().add("bin/sh", elf(0x16)).bytes(), "its programs are for"),
    "empty": (lambda: b"", "it is empty"),
    "zeros": (lambda: bytes(10240), "it is empty"),
    "text": (lambda: b"hello" * 1000, "it is no tar archive"),
    "qcow2": (lambda: b"QFI\xfb" + bytes(1024), "qcow2"),
    "cut": (lambda: damaged(root().bytes()), "damaged"),
    "gzip cut": (lambda: damaged(root("gz").bytes()), "damaged"),
    "xz damaged": (lambda: b"\xfd7zXZ\x00" + bytes(1000), "damaged"),
    "bomb": (bomb, "larger than 64 GiB"),
    "long header": (long_header, ""),
    "platform": (
        lambda: oci(root().bytes(), platform={"os": "linux", "architecture": OTHER}),
        f"linux/{OTHER}",
    ),
    "system": (
        lambda: oci(root().bytes(), platform={"os": "windows", "architecture": ARCHITECTURE}),
        "windows/",
    ),
    "saved platform": (lambda: saved(root().bytes(), architecture=OTHER), f"linux/{OTHER}"),
    "no layers": (lambda: oci(), "no layers"),
    "blob changed": (lambda: oci(root().bytes(), layer=b"other"), "is damaged"),
    "layer up": (lambda: oci(root().bytes(), Tar().add("../x", b"").bytes()), "leads out of it"),
    "whiteout up": (lambda: oci(root().bytes(), Tar().add("etc/.wh...").bytes()), "names nothing"),
    "layer no tar": (lambda: oci(b"x" * 2000), "damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_a_sentence_and_nothing_is_left(running: Machine, name: str) -> None:
    make, sentence = REFUSED[name]
    before = left(running)
    told = bring(running, make())
    assert sentence in told["error"]
    assert told["error"]
    assert "Traceback" not in told["error"]
    assert "\n" not in told["error"]
    assert left(running) == before


@pytest.mark.parametrize("name", ["manifest.json", "index.json"])
@pytest.mark.parametrize(
    "text", ["", "[]", "{", "[" * 100_000, '[{"Config": 1}]', '{"manifests": [{"digest": "../x"}]}']
)
def test_manifests_that_are_none(name: str, text: str) -> None:
    data = Tar().add("oci-layout", b"{}").add(name, text.encode()).bytes()
    with pytest.raises(RefusedError):
        list(Archive(io.BytesIO(data)).layers())


def test_links_lead_nowhere_but_into_the_image(running: Machine) -> None:
    """A layer's folder is a link to the machine's; the next layer writes through it."""
    name = f"elastinet-test-{os.getpid()}"
    below = root().link("out", "/tmp").link("up", "../../../../../../../../tmp")
    above = Tar().add(f"out/{name}", b"1").add(f"up/{name}-up", b"2").add("out/.wh.gone")
    found = (
        running.folder / "images" / content(running, oci(below.folder("tmp").bytes(), above.bytes())) / "root"
    )
    assert (found / "tmp" / name).exists()
    assert (found / "tmp" / f"{name}-up").exists()
    assert not Path("/tmp", name).exists()
    assert not Path("/tmp", f"{name}-up").exists()


def test_bundle_that_is_a_link_out_is_not_read(running: Machine) -> None:
    """What an image's files lead to is looked for in the image, by the agent too."""
    os.makedirs(folder := running.folder / "tree", exist_ok=True)
    (folder / "secret").unlink(missing_ok=True)
    (folder / "secret").symlink_to("/etc/passwd")
    (folder / "up").unlink(missing_ok=True)
    (folder / "up").symlink_to("../../../../etc/passwd")
    with tree(folder) as found:
        assert found.read("/secret", 100) is None
        assert found.read("/up", 100) is None
        assert found.real("/secret") == "/secret"
    content(running, root().link("etc/os-release.d", "/etc").bytes())


def test_setuid_programs_are_nobodys_of_the_machine(running: Machine) -> None:
    found = running.folder / "images" / content(running, root().add("s", b"x", mode=0o6755).bytes()) / "root"
    status = (found / "s").stat()
    if running.mode == "root":
        assert status.st_uid > 1 << 19
    for folder in (found.parent, found.parent.parent):
        assert folder.stat().st_mode & 0o077 == 0


def test_many_files(running: Machine) -> None:
    """As many as large images have; entries take no memory once they are written."""
    tar = root().folder("many")
    for number in range(3000):
        tar.add(f"many/{number}", b"")
    found = running.folder / "images" / content(running, tar.bytes()) / "root"
    assert len(os.listdir(found / "many")) == 3000


def test_too_many_files() -> None:
    bounds = Bounds(files=10, bytes=1 << 30, free=0, ids=1, suid=True)
    tar = Tar()
    for number in range(20):
        tar.add(f".wh..wh.{number}")
    with pytest.raises(RefusedError, match="more than 10 files"):
        Extraction(bounds, lambda _files, _bytes: None).apply(io.BytesIO(tar.bytes()))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small file system")
@pytest.mark.parametrize("mode", MODES)
def test_full_disk_half_way(mode: str) -> None:
    """The contents lie on a file system that is smaller than the image."""
    small = Machine(
        mode, before="mkdir -p {disks}/../images; mount -t tmpfs -o size=12m,mode=777 tmpfs {disks}/../images"
    )
    try:
        data = root().add("large", os.urandom(30 << 20)).bytes()
        for piped in (False, True):
            told = bring(small, data, piped=piped)
            assert "too little room" in told["error"] or "No space left" in told["error"]
        told = bring(small, oci(data), piped=True)
        assert "too little room" in told["error"] or "No space left" in told["error"]
        assert content(small, root().bytes())
    finally:
        small.close()


def test_who_leaves_leaves_nothing(running: Machine) -> None:
    """Ctrl-C: the client's connection ends before its archive does."""
    before = left(running)
    out, into = os.pipe()
    with socket.socket(socket.AF_UNIX) as agent:
        with running.as_user():
            agent.connect(str(running.run / "agent.sock"))
        socket.send_fds(agent, [b'{"type":"import"}\n'], [out])
        os.close(out)
        os.write(into, root().bytes()[: 1 << 16])
        folder = running.folder / "images"
        running.until(lambda: any(p.name.startswith("fresh") for p in folder.iterdir()), "the import")
    running.until(lambda: left(running) == before, "the end of the import")
    running.until(lambda: nobody_reads(into), "the end of the process that reads")
    os.close(into)


def nobody_reads(pipe: int) -> bool:
    os.set_blocking(pipe, False)
    with contextlib.suppress(BlockingIOError):
        try:
            os.write(pipe, b"more")
        except BrokenPipeError:
            return True
    return False


def test_agent_that_is_ended_leaves_nothing() -> None:
    machine = Machine(MODES[0])
    try:
        out, into = os.pipe()
        with socket.socket(socket.AF_UNIX) as agent:
            with machine.as_user():
                agent.connect(str(machine.run / "agent.sock"))
            socket.send_fds(agent, [b'{"type":"import"}\n'], [out])
            folder = machine.folder / "images"
            machine.until(lambda: any(p.name.startswith("fresh") for p in folder.iterdir()), "the import")
            machine.kill()
        os.close(into)
        os.close(out)
        machine.start()
        assert left(machine) == []
    finally:
        machine.close()


def test_layers_are_names_of_contents_only(machine: Machine) -> None:
    for name in ("../disks", "..", "/etc", "x" * 64, ""):
        (why,) = machine.desire(Guest("i-1", "h", boot=1, layers=(name,))).values()
        assert "there is no content" in why
        machine.desire(drop=("guest:i-1",))


def test_folders_that_a_guest_has_put_links_for(machine: Machine) -> None:
    """What is mounted over them at a boot would be mounted where the links lead."""
    found = content(machine, root().bytes())
    machine.boot(Guest("i-5", "h", boot=1, layers=(found,)))
    machine.desire(drop=("guest:i-1",))
    upper = machine.disks / "i-5" / "upper"
    (upper / "run").rmdir()
    (upper / "run").symlink_to("/tmp")
    (why,) = machine.desire(Guest("i-5", "h", boot=2, layers=(found,))).values()
    assert "/run of its disk is no folder" in why


def test_no_archive(machine: Machine) -> None:
    with socket.socket(socket.AF_UNIX) as agent:
        with machine.as_user():
            agent.connect(str(machine.run / "agent.sock"))
        agent.sendall(b'{"type":"import"}\n')
        data = b""
        while b"imported" not in data:
            data += agent.recv(65536)
    assert "one archive is wanted" in json.loads(data.splitlines()[-1])["error"]


# --- a first process of the image's own -------------------------------------------------------------------

DEAF = b"""#!/bin/sh
for n in $(seq 64); do trap '' $n; done 2>/dev/null
while :; do sleep 0.1; done
"""
"""In the place of systemd; it hears no signal, as no other process of it does."""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's instances have an image's first process")
def test_a_first_process_that_hears_nothing_is_ended() -> None:
    """Asked to shut down, and by force; it holds nobody else up, and the next one boots."""
    machine = Machine("root")
    try:
        tar = root().folder("sbin", "lib/systemd", "sys").add("lib/systemd/systemd", DEAF)
        layers = (content(machine, tar.link("sbin/init", "/lib/systemd/systemd").bytes()),)
        deaf = [Guest(f"i-{n}", f"host-{n}", boot=1, layers=layers) for n in (1, 2)]
        machine.boot(network(), table(), group(ALL), *deaf)
        machine.say(msgspec.structs.replace(deaf[0], shuts_down=True))
        machine.wait(lambda fact: fact["type"] == "gone" and fact["guest"] == "i-1", "its end")
        machine.desire(drop=("guest:i-2",))
        machine.boot(Guest("i-1", "host-1", boot=2, layers=layers))
    finally:
        machine.close()
