"""`elastinet cp`: what arrives is what was sent, both ways, for root's instances and an ordinary user's."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Done
from elastinet.cli.cp import command
from elastinet.cli.cp.command import Place
from elastinet.cli.cp.transfer import Failure, Guest
from elastinet.deletion import remove_tree
from machine import NOBODY, Machine, machines, running
from parts import ALL, eni, group, guest, network, table
from world import World

__all__ = ["machines", "running"]
FIRST = 1_700_000_000


@pytest.fixture(scope="module")
def up(running: Machine) -> Machine:
    running.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
    return running


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of whoever copies, with a tree in it."""
    made = Path(tempfile.mkdtemp(prefix="elastinet-test-"))
    made.chmod(0o777)
    (made / "tree/sub").mkdir(parents=True)
    for name, mode in (("f", 0o640), ("sub/run", 0o755), ("-n", 0o600), ("a b\n", 0o444)):
        (made / "tree" / name).write_bytes(name.encode() * 300)
        (made / "tree" / name).chmod(mode)
        os.utime(made / "tree" / name, (FIRST, FIRST))
    (made / "tree/link").symlink_to("sub/run")
    os.link(made / "tree/f", made / "tree/hard")
    (made / "tree/sub").chmod(0o750)
    for path in (made, *made.rglob("*")):
        if os.geteuid() == 0:
            os.lchown(path, NOBODY, NOBODY)
    yield made
    remove_tree(made)


def put(up: Machine, source: Path, target: str) -> list[str]:
    with up.as_user():
        return command.put(Guest(up.run, "i-1"), str(source), Place("i-1", target))


def get(up: Machine, source: str, target: Path) -> list[str]:
    with up.as_user():
        return command.get(Guest(up.run, "i-1"), Place("i-1", source), str(target))


def seen(folder: Path) -> dict[str, tuple[int, bytes]]:
    """All below a folder: mode and content, or where a link leads."""
    found = {}
    for path in folder.rglob("*"):
        content = b"" if path.is_dir() else path.read_bytes()
        data = os.readlink(path).encode() if path.is_symlink() else content
        found[str(path.relative_to(folder))] = (path.lstat().st_mode, data)
    return found


def test_a_folder_there_and_back(up: Machine, folder: Path) -> None:
    assert put(up, folder / "tree", "/srv/copy") == []
    assert up.ok("i-1", "stat -c '%U %a %Y' /srv/copy/f").split() == ["root", "640", str(FIRST)]
    before = os.umask(0o002)
    try:
        assert get(up, "/srv/copy", folder / "back") == []
    finally:
        os.umask(before)
    assert seen(folder / "back") == seen(folder / "tree")
    assert (folder / "back/hard").samefile(folder / "back/f")
    assert (folder / "back/f").stat().st_mtime == FIRST


def test_the_umask_holds_here(up: Machine, folder: Path) -> None:
    up.ok("i-1", "echo 1 >/srv/open; chmod 666 /srv/open")
    before = os.umask(0o027)
    try:
        get(up, "/srv/open", folder / "open")
    finally:
        os.umask(before)
    assert (folder / "open").stat().st_mode & 0o777 == 0o640


def test_into_what_is_a_folder_under_its_own_name(up: Machine, folder: Path) -> None:
    up.ok("i-1", "rm -rf /srv/in; mkdir /srv/in")
    put(up, folder / "tree/f", "/srv/in")
    put(up, folder / "tree", "/srv/in")
    put(up, folder / "tree", "/srv/in")
    assert up.ok("i-1", "ls /srv/in").split() == ["f", "tree"]
    for _ in range(2):
        get(up, "/srv/in/f", folder / "tree/sub")
        get(up, "/srv/in/tree", folder / "tree/sub")
    assert sorted(path.name for path in (folder / "tree/sub").iterdir()) == ["f", "run", "tree"]


def test_paths_begin_at_home_and_a_named_link_is_what_it_leads_to(up: Machine, folder: Path) -> None:
    put(up, folder / "tree/link", "linked")
    assert up.ok("i-1", "cat /root/linked") == "sub/run" * 300
    up.ok("i-1", "ln -sf linked /root/other")
    get(up, "other", folder / "other")
    assert (folder / "other").read_text() == "sub/run" * 300
    assert not (folder / "other").is_symlink()


def test_setuid_stays_here(up: Machine, folder: Path) -> None:
    (folder / "tree/f").chmod(0o6755)
    put(up, folder / "tree/f", "/srv/plain")
    assert up.ok("i-1", "stat -c %a /srv/plain").strip() == "755"


def test_what_is_no_file_is_left_out_and_told(up: Machine, folder: Path) -> None:
    os.mkfifo(folder / "tree/pipe")
    assert put(up, folder / "tree", "/srv/pipes") == [f"{folder}/tree/pipe: no file, folder or link"]
    up.ok("i-1", "rm /srv/pipes/link; mkfifo /srv/pipes/other; test ! -e /srv/pipes/pipe")
    assert get(up, "/srv/pipes", folder / "pipes") == ["./other: no file, folder or link"]


def test_what_cannot_be_is_told_in_a_sentence(up: Machine, folder: Path) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(Failure, match="/nowhere: no such file or folder"):
        get(up, "/nowhere", folder / "x")
    with pytest.raises(Failure, match="/nowhere"):
        put(up, folder / "tree/f", "/nowhere/f")
    with pytest.raises(FileExistsError, match="no folder"):
        get(up, "/srv", folder / "tree/f")
    with pytest.raises(FileNotFoundError):
        put(up, folder / "none", "/srv")
    assert sorted(folder.iterdir()) == before


def test_as_it_is_typed(world: World, folder: Path) -> None:
    vpc = world.vpc()
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "copied"}]}]
    (one,) = world.launch(vpc.left, vpc.group, TagSpecifications=tags)
    assert world.cli("cp", str(folder / "tree"), "copied:/srv").returncode == 0
    assert world.out(one.id, "cat /srv/tree/f") == "f" * 300
    assert world.cli("cp", "copied:/srv/tree/f", "-").stdout == "f" * 300
    os.mkfifo(folder / "tree/pipe")
    partly = world.cli("cp", str(folder / "tree"), "copied:/srv", check=False)
    assert (partly.returncode, "left out" in partly.stderr) == (1, True)
    for sides in (("a", "b"), ("x:a", "y:b"), ("./a:b", "b")):
        says(world.cli("cp", *sides, check=False), 2, "one of the two is to be in an instance")
    says(world.cli("cp", "none:/x", "y", check=False), 1, "no running instances are called 'none'")
    says(world.cli("cp", "copied:/nowhere", "-", check=False), 1, "the instance has not copied it")


def says(done: Done, code: int, sentence: str) -> None:
    assert done.returncode == code, done
    assert sentence in done.stderr
