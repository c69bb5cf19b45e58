"""What every journal must do, whatever it keeps its lines in."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from elastinet.store import Journal, JournalError, MemoryJournal, NoJournal, SqliteJournal, open_journal

Open = Callable[[], Journal]


@pytest.fixture(params=["memory", "sqlite"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same journal again: what the last one kept is there."""
    kept = MemoryJournal()
    ways: dict[str, Open] = {"memory": lambda: kept, "sqlite": lambda: SqliteJournal(tmp_path / "j.sqlite")}
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(contextlib.closing(ways[request.param]()))


def lines_in(folder: Path) -> list[bytes]:
    with contextlib.closing(open_journal(folder)) as journal:
        return contents(journal)


def contents(journal: Journal) -> list[bytes]:
    return list(journal.lines())


def test_a_new_one_is_empty(reopen: Open) -> None:
    assert contents(reopen()) == []


def test_lines_come_back_in_order(reopen: Open) -> None:
    journal = reopen()
    lines = [b"", b"\x00\xff", b"two", b"two", b"x" * 1_000_000]
    for line in lines:
        journal.append(line)
    assert contents(journal) == lines
    journal.close()
    assert contents(reopen()) == lines


def test_lines_after_a_rewrite_come_after_its_own(reopen: Open) -> None:
    journal = reopen()
    journal.append(b"old")
    journal.rewrite([b"new", b"newer"])
    journal.append(b"newest")
    journal.close()
    assert contents(reopen()) == [b"new", b"newer", b"newest"]


def test_a_rewrite_may_read_what_it_replaces(reopen: Open) -> None:
    journal = reopen()
    for number in range(100):
        journal.append(b"%d" % number)
    journal.rewrite(line + b"!" for line in contents(journal))
    assert contents(journal) == [b"%d!" % number for number in range(100)]


def test_a_rewrite_to_nothing(reopen: Open) -> None:
    journal = reopen()
    journal.append(b"old")
    journal.rewrite(())
    assert contents(journal) == []


def test_a_rewrite_that_fails_leaves_all_as_it_was(reopen: Open) -> None:
    def broken() -> Any:
        yield b"new"
        raise RuntimeError("half-way")

    journal = reopen()
    journal.append(b"old")
    with pytest.raises(RuntimeError, match="half-way"):
        journal.rewrite(broken())
    assert contents(journal) == [b"old"]
    journal.append(b"more")
    assert contents(journal) == [b"old", b"more"]


# --- the file -------------------------------------------------------------------------------------


def test_the_folder_or_none(tmp_path: Path) -> None:
    assert isinstance(open_journal(None), NoJournal)
    with contextlib.closing(open_journal(tmp_path)) as journal:
        journal.append(b"line")
    assert lines_in(tmp_path) == [b"line"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="--state"):
        open_journal(tmp_path / "nowhere")


def test_a_file_that_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"something else, and long enough to be seen as that" * 100)
    with pytest.raises(JournalError, match="not a database"):
        open_journal(tmp_path)


def test_a_journal_of_another_format(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=999")
    db.close()
    with pytest.raises(JournalError, match="format 999"):
        SqliteJournal(path)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from elastinet.engine import Engine
from elastinet.model.fault import Fault
from elastinet.store import open_journal

engine = Engine(open_journal(Path(sys.argv[1])))
call = lambda action, **params: engine.call("111111111111", "us-east-1", action, params)
call("CreateInternetGateway")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    call("CreateInternetGateway")
except Fault as fault:
    print(fault.code, fault.status, len(call("DescribeInternetGateways")["InternetGateways"]))
"""


def test_a_full_disk_is_a_refusal_that_changes_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["InternalError", "500", "2"]
    assert len(lines_in(tmp_path)) == 2


def test_only_a_full_disk_is_called_full(tmp_path: Path) -> None:
    """A file that cannot be written for another reason says that reason."""
    with contextlib.closing(open_journal(tmp_path)) as journal:
        reserve = tmp_path / "journal.reserve"
        reserve.unlink()
        reserve.symlink_to("nowhere")
        with pytest.raises(JournalError, match=r"journal\.reserve: ") as told:
            journal.append(b"line")
        assert "disk is full" not in str(told.value)
        assert "journal.reserve: " in journal.warning()
        reserve.unlink()
        journal.append(b"line")
        assert journal.warning() == ""
