"""What another user of the machine prepares, reads or replaces: state, runtime folders, the agent's socket."""

import contextlib
import json
import os
import socket
import stat
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands import NONE, Run, refused, told
from elastinet import folders
from elastinet.fabric.contract import client
from elastinet.fabric.contract.protocol import connect_to_own
from elastinet.serve import places
from programs import Program

OTHER, THIRD = 65534, 12345
NOTHING = ("--fabric", "none", "--port", "0")
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")


@contextlib.contextmanager
def as_user(number: int) -> Iterator[None]:
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def made(path: Path, bits: int = 0o755, owner: int | None = None) -> Path:
    path.mkdir()
    path.chmod(bits)
    if owner is not None:
        os.chown(path, owner, owner)
    return path


def given_away(folder: Path, how: str) -> Path:
    """A state's folder that others could write to or replace, in one of many ways."""
    match how:
        case "anybody may write":
            return made(folder / "state", 0o777)
        case "anybody may write, sticky":
            return made(folder / "state", 0o1777)
        case "anybody may write on the way":
            return made(made(folder / "way", 0o777) / "state")
        case "anybody may write far above":
            return made(made(made(folder / "way", 0o777) / "between") / "state")
        case "on the way to what is yet to be made":
            return made(folder / "way", 0o777) / "new" / "state"
        case "a link into what anybody may write":
            made(made(folder / "way", 0o777) / "state")
            (folder / "link").symlink_to("way/state")
            return folder / "link"
        case "a link with a way up":
            made(made(folder / "way", 0o777) / "state")
            made(folder / "beside")
            (folder / "link").symlink_to("beside/../way/state")
            return folder / "link"
        case "a group may write":
            found = made(folder / "state", 0o775)
            os.chown(found, -1, THIRD)
            return found
        case "another's":
            return made(folder / "state", owner=OTHER)
        case "another's on the way":
            made(made(folder / "way") / "state")
            os.chown(folder / "way", OTHER, OTHER)
            return folder / "way" / "state"
        case "another's in a sticky one":
            return made(made(folder / "tmp", 0o1777) / "state", 0o777, owner=OTHER)
        case "another's link":
            made(folder / "mine")
            (folder / "link").symlink_to("mine")
            os.chown(folder / "link", OTHER, OTHER, follow_symlinks=False)
            return folder / "link"
        case "another's link on the way":
            made(made(folder / "mine") / "state")
            (folder / "link").symlink_to("mine")
            os.chown(folder / "link", OTHER, OTHER, follow_symlinks=False)
            return folder / "link" / "state"
        case "another's file in it":
            found = made(folder / "state")
            (found / "journal.sqlite").touch()
            os.chown(found / "journal.sqlite", OTHER, OTHER)
            return found
        case _:
            raise AssertionError(how)


ANYBODYS = (
    "anybody may write",
    "anybody may write, sticky",
    "anybody may write on the way",
    "anybody may write far above",
    "on the way to what is yet to be made",
    "a link into what anybody may write",
    "a link with a way up",
)
OTHERS = (
    "a group may write",
    "another's",
    "another's on the way",
    "another's in a sticky one",
    "another's link",
    "another's link on the way",
    "another's file in it",
)


@pytest.mark.parametrize("how", [*ANYBODYS, *(pytest.param(how, marks=only_root) for how in OTHERS)])
def test_a_state_that_others_could_replace_is_refused(how: str, run: Run, tmp_path: Path) -> None:
    state = given_away(tmp_path, how)
    before = sorted(tmp_path.rglob("*"))
    refused(run("start", *NOTHING, "--state", str(state)), 1, "cannot use the state folder", "--state")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("how", ["new", "its own", "others may enter", "in a sticky folder", "by a link"])
def test_a_state_that_is_ours_is_taken(how: str, run: Run, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    ways: dict[str, Callable[[], Path]] = {
        "new": lambda: tmp_path / "a" / "b",
        "its own": lambda: made(tmp_path / "state", 0o700),
        "others may enter": lambda: made(tmp_path / "state", 0o755),
        "in a sticky folder": lambda: made(made(tmp_path / "tmp", 0o1777) / "state", 0o700),
        "by a link": lambda: linked(tmp_path),
    }
    state = ways[how]()
    told(run("start", *NONE, "--state", str(state)))
    told(run("stop", "--json", "--state", str(state)))


def linked(folder: Path) -> Path:
    made(folder / "mine", 0o755)
    (folder / "link").symlink_to(folder / "mine")
    return folder / "link"


def test_all_of_it_is_private_whatever_the_mask_and_whatever_was_there(run: Run, tmp_path: Path) -> None:
    state = made(tmp_path / "state", 0o755)
    for name in ("server.json", "lock"):
        (state / name).touch()
        (state / name).chmod(0o666)
    made(state / "disks", 0o777)
    made(state / "disks" / ".unknown", 0o777)
    (state / "mine.sh").touch()
    (state / "mine.sh").chmod(0o755)
    before = os.umask(0)
    try:
        server = told(run("start", *NONE, "--state", str(state)))
    finally:
        os.umask(before)
    urllib.request.urlopen(f"{server['url']}/_elastinet/identity-certificate", timeout=30).close()
    ours = [path for path in state.iterdir() if path.name != "mine.sh"]
    assert {"server.json", "lock", "disks", "journal.sqlite", "identity.pem"} <= {path.name for path in ours}
    run_folder = places.runtime_folder(server["port"])
    for path in (*ours, run_folder, *run_folder.iterdir()):
        assert mode(path) & 0o077 == 0, path
    assert mode(state / "mine.sh") == 0o755, "what is not ours stays as it is"
    told(run("stop", "--json", "--state", str(state)))


@only_root
def test_others_do_not_reach_what_a_guest_has_left_with_the_setuid_bit(run: Run, open_folder: Path) -> None:
    state = made(open_folder / "state", 0o755)
    tool = made(made(state / "disks", 0o755) / ".unknown", 0o755) / "tool"
    tool.touch()
    tool.chmod(0o4755)
    with as_user(OTHER):
        assert mode(tool) == 0o4755
    told(run("start", *NONE, "--state", str(state)))
    with as_user(OTHER), pytest.raises(PermissionError):
        tool.stat()
    told(run("stop", "--json", "--state", str(state)))


# --- the runtime folder, and what a client believes -----------------------------------------------


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where runtime folders are, as for a user without XDG_RUNTIME_DIR: in a folder that all may write to."""
    shared = made(tmp_path / "tmp", 0o1777)
    monkeypatch.setattr(places, "runtime_folder", lambda port: shared / "elastinet-0" / str(port))
    return shared


@only_root
@pytest.mark.parametrize("what", ["a folder", "a link", "a folder that all may write to"])
def test_a_runtime_folder_that_another_has_prepared_is_refused(what: str, base: Path, tmp_path: Path) -> None:
    prepared = base / "elastinet-0"
    if what == "a link":
        prepared.symlink_to(made(tmp_path / "target", 0o777))
        os.chown(prepared, OTHER, OTHER, follow_symlinks=False)
    else:
        made(prepared, 0o777, owner=OTHER if what == "a folder" else None)
    with pytest.raises(folders.Untrusted, match="elastinet-0"):
        places.make_private(places.runtime_folder(4566))
    assert list(prepared.iterdir()) == []


def forged(folder: Path, pid: int) -> None:
    """What would have a client end a process, or send its commands to somebody."""
    folder.mkdir(parents=True)
    server = {"pid": pid, "host": "127.0.0.1", "port": 1, "state": ":memory:", "fabric": "none"}
    (folder / "server.json").write_text(json.dumps(server))


@only_root
@pytest.mark.parametrize("what", ["folder", "folder above", "file"])
def test_a_server_that_another_has_forged_is_not_believed(what: str, base: Path) -> None:
    folder = places.runtime_folder(4566)
    forged(folder, os.getpid())
    theirs = {"folder": folder, "folder above": folder.parent, "file": folder / "server.json"}
    assert places.find(4566, None, 4566) is not None
    os.chown(theirs[what], OTHER, OTHER)
    with pytest.raises(folders.Untrusted):
        places.find(4566, None, 4566)


@only_root
def test_stop_does_not_end_what_a_forged_state_names(run: Run, tmp_path: Path) -> None:
    with Program(["sleep", "60"]) as victim:
        forged(tmp_path / "state", victim.pid)
        os.chown(tmp_path / "state", OTHER, OTHER)
        refused(run("stop", "--state", str(tmp_path / "state")), 1, "no server can be trusted")
        assert victim.poll() is None
        victim.kill()


@only_root
def test_a_client_gives_its_command_to_nobody_elses_agent(tmp_path: Path) -> None:
    """The folder may be ours, and the socket in it somebody's who was quicker."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "agent.sock"))
        with as_user(OTHER):
            listener.listen()  # the kernel tells who has listened
        with pytest.raises(PermissionError, match="somebody else"):
            connect_to_own(tmp_path / "agent.sock")
        with pytest.raises(client.AgentGone, match="somebody else"):
            client.open_socket(tmp_path, "i-0", device="eth0")
        with pytest.raises(client.AgentGone, match="somebody else"):
            client.run(tmp_path, "i-0", ["id"])


def test_a_file_is_written_privately_and_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    path.chmod(0o666)
    with path.open() as held:
        folders.write_private(path, b"secret")
        assert held.read() == "before"
    assert (path.read_text(), mode(path)) == ("secret", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "server.json").symlink_to("elsewhere")
    (tmp_path / "elsewhere").write_text("theirs")
    with pytest.raises(OSError, match="symbolic"):
        folders.read_own(tmp_path / "server.json")
    folders.write_private(tmp_path / "server.json", b"ours")
    assert (tmp_path / "elsewhere").read_text() == "theirs"
