"""The deletion of what a guest has made: however deep, however shut, and nothing beside it."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from elastinet.deletion import remove_tree
from machine import MODES, Machine
from parts import guest

LEVELS = 3000
MODES_OF_FOLDERS = (0o000, 0o100, 0o200, 0o300, 0o400, 0o500, 0o600, 0o700, 0o1777, 0o4755)
NOBODY = 65534


def dig(folder: Path, name: str, levels: int, mode: int = 0o700) -> None:
    """Make folders in folders, deeper than any path may be; the modes are set on the way back."""
    here = os.open(folder, os.O_RDONLY)
    held = []
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=below))
        if mode != 0o700:
            held.append((os.dup(below), mode))
        os.close(here)
        here = below
    os.close(here)
    for fd, bits in reversed(held):
        os.fchmod(fd, bits)
        os.close(fd)


def shut(folder: Path) -> None:
    for mode in MODES_OF_FOLDERS:
        outer = folder / f"{mode:o}"
        (outer / "inner" / "innermost").mkdir(parents=True)
        (outer / "inner" / "file").touch()
        for path in (outer / "inner" / "innermost", outer / "inner", outer):
            path.chmod(mode)


def odd(folder: Path) -> None:
    raw = os.fsencode(folder)
    for name in (b"\xff\xfe", b"new\nline", b"-rf", b" ", b"*", b"a" * 255, b"..."):
        os.mkdir(raw + b"/" + name)
        open(raw + b"/" + name + b"/" + name, "wb").close()
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / "socket"))
    (folder / "dangling").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")


def wide(folder: Path) -> None:
    for number in range(2000):
        (folder / str(number) / "x").mkdir(parents=True)


TREES: dict[str, Callable[[Path], None]] = {
    "empty": lambda _folder: None,
    "deep": lambda folder: dig(folder, "d", LEVELS),
    "deep and with long names": lambda folder: dig(folder, "d" * 255, LEVELS),
    "deep and shut": lambda folder: dig(folder, "d", 200, 0o000),
    "shut": shut,
    "odd": odd,
    "wide": wide,
}


@pytest.mark.parametrize("who", ["root", "user"])
@pytest.mark.parametrize("tree", TREES)
def test_all_of_it_goes(tree: str, who: str, tmp_path: Path) -> None:
    """In a process of its own, so that an ordinary user's lack of power is real."""
    if who == "root" and os.geteuid() != 0:
        pytest.skip("only root can be root")
    doomed = tmp_path / "doomed"
    doomed.mkdir()
    here = os.open(tmp_path, os.O_RDONLY)  # the way to it is root's alone
    if os.geteuid() == 0 and who == "user":
        for path in (tmp_path, doomed):
            os.chown(path, NOBODY, NOBODY)
    pid = os.fork()
    if not pid:
        try:
            os.fchdir(here)
            if os.geteuid() == 0 and who == "user":
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            TREES[tree](Path("doomed"))
            remove_tree(Path("doomed"))
            os._exit(0)
        except BaseException as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(1)
    os.close(here)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "kind", ["a link to a folder", "a link in a folder", "the folder is a link", "a hard link"]
)
def test_what_lies_beside_it_stays(kind: str, tmp_path: Path) -> None:
    beside, doomed = tmp_path / "beside", tmp_path / "doomed"
    beside.mkdir(mode=0o750)
    (beside / "precious").write_text("precious")
    if kind == "the folder is a link":
        doomed.symlink_to(beside)
    else:
        (doomed / "in").mkdir(parents=True)
    if kind == "a link to a folder":
        (doomed / "link").symlink_to(beside)
    elif kind == "a link in a folder":
        (doomed / "in" / "link").symlink_to("../../beside")
    elif kind == "a hard link":
        (doomed / "in" / "link").hardlink_to(beside / "precious")
    remove_tree(doomed)
    assert not os.path.lexists(doomed)
    assert (beside / "precious").read_text() == "precious"
    assert beside.stat().st_mode & 0o777 == 0o750


def test_what_is_not_there_is_no_fault(tmp_path: Path) -> None:
    remove_tree(tmp_path / "nothing")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_what_cannot_go_is_told_and_the_rest_goes(tmp_path: Path) -> None:
    """A mount cannot be deleted; it is seen in a namespace of the test's own."""
    script = (
        "import subprocess, sys; from pathlib import Path; from elastinet.deletion import remove_tree\n"
        "doomed = Path(sys.argv[1]); (doomed / 'kept').mkdir(parents=True)\n"
        "[(doomed / f'{n}' / 'x').mkdir(parents=True) for n in range(5)]\n"
        "subprocess.run(['mount', '-t', 'tmpfs', 'none', doomed / 'kept'], check=True)\n"
        "try: remove_tree(doomed)\n"
        "except OSError as error: print(error.strerror, [path.name for path in doomed.iterdir()])\n"
    )
    words = ["unshare", "--mount", sys.executable, "-c", script, str(tmp_path / "doomed")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "Device or resource busy ['kept']\n"


# --- by the agent ---------------------------------------------------------------------------------


@pytest.fixture(params=MODES)
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    made = Machine(request.param)
    yield made
    made.close()


def test_a_guests_deep_tree_goes_with_its_disk_and_what_was_begun_goes_at_the_next_start(
    machine: Machine,
) -> None:
    machine.boot(guest(1), guest(2))
    digging = "import os\nfor _ in range(3000): os.mkdir('d' * 200); os.chdir('d' * 200)"
    machine.ok("i-1", f'cd /root && python3 -c "{digging}" && mkdir -m 0 /root/shut')
    machine.desire(guest(2), whole=True, scrap=("i-1",))
    machine.until(lambda: {path.name for path in machine.disks.iterdir()} == {"i-2"}, "the disk's end")
    machine.ok("i-2", "true")
    machine.kill()
    for name in (".i-7.doomed", ".i-8.0123.doomed"):
        (machine.disks / "i-2").rename(machine.disks / name)
        (machine.disks / "i-2").mkdir()
        if machine.dropped:
            os.chown(machine.disks / "i-2", NOBODY, NOBODY)
    machine.start()
    machine.until(
        lambda: {path.name for path in machine.disks.iterdir()} == {"i-2"}, "the end of what was begun"
    )
