"""What guests and clients can have written to the server's log: it stays small, and says what it left out."""

import re
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import NONE, Run, told, wait_until
from elastinet.serve import logs

MORE = re.compile(r"(\d+) more")
FLOOD = 3000


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


KINDS: dict[str, Callable[[int], str]] = {
    "always the same": lambda _: "Invalid HTTP request received.",
    "with a number": lambda n: f"2026-01-01 00:00:{n} WARNING connection {n} from 10.0.{n % 255}.{n % 7}",
    "with an id": lambda n: f"guest:i-{n:017x}: refused",
    "every time another": lambda n: "".join(chr(103 + int(digit)) for digit in str(n)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_flood_of_lines_is_counted_and_not_written(kind: str) -> None:
    clock = Clock()
    limiter = logs.Limiter(clock)
    written = sum(limiter.admit(KINDS[kind](n)) for n in range(10_000))
    assert 1 <= written <= (400 if kind == "every time another" else 20)
    clock.now += logs.TELL_SECONDS
    said = list(limiter.held_back())
    assert len(said) <= 4
    assert written + sum(int(MORE.search(line)[1]) for line in said) == 10_000  # type: ignore[index]


def test_what_others_say_is_still_written() -> None:
    limiter = logs.Limiter(Clock())
    for number in range(10_000):
        limiter.admit(f"flood {number}")
    assert limiter.admit("the agent ended with 1; it is started again")


def test_after_a_while_lines_come_again() -> None:
    clock = Clock()
    limiter = logs.Limiter(clock)
    while limiter.admit("flood"):
        pass
    clock.now += 60
    assert limiter.admit("flood")


def test_the_files_stay_small_and_private(tmp_path: Path) -> None:
    file = logs.File(tmp_path / "log")
    for number in range(8000):
        file.write(f"{number} " + "x" * 1000)
    found = list(tmp_path.iterdir())
    assert {path.name for path in found} == {"log", "log.1", "log.2"}
    assert sum(path.stat().st_size for path in found) <= 3 * (logs.ROTATE_AT + 2000)
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in found} == {0}
    assert (tmp_path / "log").read_text().splitlines()[-1].startswith("7999 ")


@pytest.mark.parametrize("path", ["nowhere/log", "folder"])
def test_what_cannot_be_written_ends_nothing(path: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    logs.File(tmp_path / path).write("lost")


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (b"\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        (b"\x1b[2J\x1b[31mred", "\\x1b[2J\\x1b[31mred"),
        (b"one\rtwo", "one\\rtwo"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("\u202e\u200b".encode(), "\\u202e\\u200b"),
        (b"\xc2\x9b31m", "\\x9b31m"),
        ("gr\u00fc\u00df dich\tdort".encode(), "gr\u00fc\u00df dich\tdort"),
        (b"x" * 100_000, "x" * logs.LONGEST),
    ],
)
def test_nothing_in_it_speaks_to_a_terminal(line: bytes, kept: str) -> None:
    assert logs.printable(line) == kept


def test_the_log_of_a_server_that_is_flooded_stays_with_its_state(run: Run, tmp_path: Path) -> None:
    state = tmp_path / "state"
    server = told(run("start", *NONE, "--state", str(state)))
    for _ in range(FLOOD):
        with socket.create_connection(("127.0.0.1", server["port"])) as client:
            client.sendall(b"\x00\x01 nonsense\r\n\r\n")
            while client.recv(1000):
                pass
    wait_until(lambda: "Started server" in run("logs", "--state", str(state)).stdout)
    told(run("stop", "--json", "--state", str(state)))
    log = (state / "log").read_text()
    assert len(log) < 20_000
    assert log.count("HTTP") < 40
    assert stat.S_IMODE((state / "log").stat().st_mode) == 0o600


def test_a_state_in_memory_has_its_log_as_long_as_it_runs(run: Run, tmp_path: Path) -> None:
    server = told(run("start", *NONE, "--state", ":memory:"))
    port = ("--port", str(server["port"]))
    wait_until(lambda: "Started server" in run("logs", *port).stdout)
    assert list(tmp_path.iterdir()) == []
    told(run("stop", "--json", *port))
