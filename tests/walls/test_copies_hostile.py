"""What an instance sends back to `elastinet cp`: its tar is a liar, and nothing outside of the copy is touched."""

import io
import os
import shlex
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from elastinet.cli.cp import command
from elastinet.cli.cp.arriving import Refused
from elastinet.cli.cp.command import Place
from elastinet.cli.cp.transfer import Failure, Guest
from elastinet.deletion import remove_tree
from machine import NOBODY, Machine
from parts import ALL, eni, group, guest, network, table

LIAR = "#!/bin/sh\nexec cat /root/lie\n"
Add = Callable[..., None]


@pytest.fixture(scope="module")
def up(running: Machine) -> Machine:
    running.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
    running.ok(
        "i-1", f"printf %s {shlex.quote(LIAR)} >/root/tar; chmod 755 /root/tar; mv /root/tar /usr/bin/tar"
    )
    return running


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of whoever copies."""
    made = Path(tempfile.mkdtemp(prefix="elastinet-test-"))
    if os.geteuid() == 0:  # who copies, besides, is the agent's own user
        os.chown(made, NOBODY, NOBODY)
    made.chmod(0o777)
    yield made
    remove_tree(made)


def entry(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    header = tarfile.TarInfo(name)
    header.size = len(data)
    for field, value in fields.items():
        setattr(header, field, value)
    return header, data


def symlink(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return entry(name, type=tarfile.SYMTYPE, linkname=target)


ROOT = entry("./", type=tarfile.DIRTYPE, mode=0o755)


def archive(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as made:
        for header, data in entries:
            made.addfile(header, io.BytesIO(data))
    return out.getvalue()


def fetch(up: Machine, lie: bytes, target: Path) -> list[str]:
    """Have the instance's tar send some bytes, and copy them; gives what was left out."""
    (next(iter(up.disks.rglob("i-1/root/root"))) / "lie").write_bytes(lie)
    with up.as_user():
        return command.get(Guest(up.run, "i-1"), Place("i-1", "/srv"), str(target))


def refuses(up: Machine, lie: bytes, folder: Path, sentence: str) -> None:
    """It is refused in a sentence, and nothing is left here."""
    with pytest.raises((Refused, Failure, OSError), match=sentence):
        fetch(up, lie, folder / "copy")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["/etc/evil", "../evil", "a/../../evil", "./.."])
def test_names_that_lead_out(up: Machine, folder: Path, name: str) -> None:
    header, data = entry("x" * len(name), b"evil")
    lie = archive(ROOT, (header, data)).replace(b"x" * len(name), name.encode())
    refuses(up, checksummed(lie), folder, "outside of the folder")


def checksummed(lie: bytes) -> bytes:
    """The archive with the second header's sum as its name now needs it."""
    block = bytearray(lie[512:1024])
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return lie[:512] + bytes(block) + lie[1024:]


@pytest.mark.parametrize(
    "links",
    [
        [symlink("out", "/tmp")],
        [symlink("out", "../..")],
        [symlink("d/up", ".."), symlink("out", "d/up/..")],
        [symlink("out", "d/up/.."), symlink("d/up", "..")],
        [symlink("out", "missing/../../..")],
    ],
)
def test_links_that_lead_out_are_left_out(
    up: Machine, folder: Path, links: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    lie = archive(ROOT, entry("d", type=tarfile.DIRTYPE, mode=0o755), *links, symlink("fine", "d"))
    left_out = fetch(up, lie, folder / "copy")
    assert left_out
    assert all("out: a link that leads out" in line or "up" in line for line in left_out)
    assert not os.path.lexists(folder / "copy/out")
    assert os.readlink(folder / "copy/fine") == "d"


def test_no_file_comes_to_be_by_way_of_a_link(up: Machine, folder: Path) -> None:
    lie = archive(ROOT, symlink("way", "."), entry("way/evil", b"evil"))
    refuses(up, lie, folder, "No such file")
    refuses(up, archive(ROOT, entry("f", b"1"), entry("f", b"2")), folder, "File exists")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "missing"])
def test_hard_links_are_to_what_was_sent(up: Machine, folder: Path, target: str) -> None:
    lie = archive(ROOT, entry("hard", type=tarfile.LNKTYPE, linkname=target))
    refuses(up, lie, folder, "No such file|outside of the folder")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_are_left_out(up: Machine, folder: Path, kind: bytes) -> None:
    lie = archive(ROOT, entry("device", type=kind, mode=0o666), entry("f", b"1"))
    assert fetch(up, lie, folder / "copy") == ["device: no file, folder or link"]
    assert [path.name for path in (folder / "copy").iterdir()] == ["f"]


def test_rights_of_others_are_not_kept(up: Machine, folder: Path) -> None:
    own = {"mode": 0o7777, "uid": 0, "gid": 0}
    fetch(
        up, archive(ROOT, entry("f", b"1", **own), entry("d", type=tarfile.DIRTYPE, **own)), folder / "copy"
    )
    umask = os.umask(0o022)
    os.umask(umask)
    for name in ("f", "d"):
        about = (folder / "copy" / name).stat()
        assert about.st_mode & 0o7777 == 0o777 & ~umask
        assert about.st_uid == (NOBODY if up.dropped else os.geteuid())


def test_more_than_there_is_room_for(up: Machine, folder: Path) -> None:
    header, _ = entry("huge")
    header.size = 1 << 50
    refuses(up, archive(ROOT)[:512] + header.tobuf(tarfile.GNU_FORMAT), folder, "no room for")


def test_names_without_end(up: Machine, folder: Path) -> None:
    header, _ = entry("././@LongLink", type=tarfile.GNUTYPE_LONGNAME)
    header.size = 1 << 33
    refuses(up, archive(ROOT)[:512] + header.tobuf(tarfile.GNU_FORMAT), folder, "a name of")


def test_files_without_end(up: Machine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elastinet.cli.cp.arriving.MOST_ENTRIES", 50)
    many = [entry(f"f{number}") for number in range(60)]
    refuses(up, archive(ROOT, *many), folder, "more than 50 files")


def test_folders_without_end(up: Machine, folder: Path) -> None:
    refuses(up, archive(ROOT, entry("d/" * 1500, type=tarfile.DIRTYPE)), folder, "deep")


@pytest.mark.parametrize(
    ("lie", "sentence"),
    [
        (b"", "stopped in the middle"),
        (b"no archive" * 100, "does not send an archive"),
        (archive(ROOT, entry("f", b"x" * 5000))[:3000], "stopped in the middle"),
        (archive(), "no file and no folder"),
        (archive(symlink("l", "f")), "unknown|no file"),
        (archive(entry("f"), entry("g")), "more than the one file"),
        (archive(ROOT, entry("f", type=b"S")), "unknown type"),
    ],
)
def test_what_is_no_whole_archive(up: Machine, folder: Path, lie: bytes, sentence: str) -> None:
    refuses(up, lie, folder, sentence)


def test_a_link_that_stands_here_is_not_followed(up: Machine, folder: Path) -> None:
    """A copy into what an earlier one has left, or the user: a folder's place is a folder."""
    (folder / "copy/srv").mkdir(parents=True)
    (folder / "elsewhere").mkdir()
    (folder / "copy/srv/d").symlink_to(folder / "elsewhere")
    (folder / "copy/srv/f").symlink_to(folder / "elsewhere/f")
    for path in (folder / "copy", folder / "copy/srv", folder / "elsewhere"):
        path.chmod(0o777)
    with pytest.raises(FileExistsError, match="no folder"):
        fetch(up, archive(ROOT, entry("d", type=tarfile.DIRTYPE), entry("d/f", b"evil")), folder / "copy")
    fetch(up, archive(ROOT, entry("f", b"mine")), folder / "copy")
    assert (folder / "copy/srv/f").read_bytes() == b"mine"
    assert not (folder / "copy/srv/f").is_symlink()
    assert list((folder / "elsewhere").iterdir()) == []


def test_an_instance_that_says_much(up: Machine, folder: Path) -> None:
    """Its complaint is cut, and what it sends after the archive is passed over."""
    up.ok(
        "i-1",
        "printf '#!/bin/sh\\ncat /root/lie; yes e >&2 & exec yes' >/root/t; chmod 755 /root/t; mv /root/t /usr/bin/tar",
    )
    try:
        with pytest.raises(Failure):
            fetch(up, archive(ROOT, entry("f", b"1")), folder / "copy")
    finally:
        up.ok(
            "i-1",
            f"printf %s {shlex.quote(LIAR)} >/root/t; chmod 755 /root/t; mv /root/t /usr/bin/tar",
        )
