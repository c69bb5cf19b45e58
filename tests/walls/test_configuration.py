"""What lies in the working folder says nothing to a command that is given there."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from commands import NONE, Run, refused, told, wait_until
from elastinet.cli.measure import guests
from elastinet.config import Config
from elastinet.fabric.agent import launch
from elastinet.serve.supervisor import Supervisor
from programs import Program

HOSTILE = (
    'host = "0.0.0.0"\nhosts = ["evil.example"]\nstate = "taken"\nexpose = true\naccount = "666666666666"\n'
)
IDLE = ("start", *NONE, "--state", ":memory:")


@pytest.mark.parametrize("text", [HOSTILE, "this is no TOML", "port = 1\n", "nonsense = 1\n", "\x00", ""])
def test_a_file_in_the_working_folder_is_mentioned_and_not_read(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "elastinet.toml").write_text(text)
    done = run(*IDLE)
    server = told(done)
    assert server["url"] == f"http://127.0.0.1:{server['port']}"
    assert not (tmp_path / "taken").exists()
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"elastinet: {tmp_path}/elastinet.toml is not read")
    assert told(run("status", "--json", "--port", str(server["port"])))["fabric"] == "none"


@pytest.mark.parametrize("verb", [("status",), ("env",), ("stop",), ("reset",), ("logs",), ("costs",), ("exec", "i-1", "--", "true"),
                                  ("predict", "a", "b"), ("why", "a", "b"), ("verify", "rows.toml"), ("plant",), ("nic", "i-1"), ("top", "--once")])  # fmt: skip
def test_no_verb_reads_it(run: Run, tmp_path: Path, verb: tuple[str, ...]) -> None:
    (tmp_path / "elastinet.toml").write_text("this is no TOML")
    refused(run(*verb, ELASTINET_PORT="9"), 1, "no server is running")


def test_a_link_or_a_folder_of_that_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "elastinet.toml").symlink_to("/dev/zero")
    assert "is not read" in run(*IDLE).stderr
    os.remove(tmp_path / "elastinet.toml")
    (tmp_path / "elastinet.toml").mkdir()
    assert "is not read" in run(*IDLE).stderr


@pytest.mark.parametrize("how", ["option", "variable", "own"])
def test_a_file_that_was_asked_for_is_read(run: Run, tmp_path: Path, how: str) -> None:
    file = tmp_path / "elastinet" / "elastinet.toml" if how == "own" else tmp_path / "elastinet.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("bandwidth_scale = 0.5\n")
    words = ("--config", "elastinet.toml") if how == "option" else ()
    variables = {"ELASTINET_CONFIG": str(file)} if how == "variable" else {}
    done = run(*IDLE, *words, **variables)
    at = ("--port", str(told(done)["port"]))
    assert json.loads(run("status", "--json", *at).stdout)["bandwidth_scale"] == 0.5
    assert done.stderr == ""


@pytest.mark.parametrize("words", [("--config", "nothing.toml"), ("--config", ".")])
def test_a_file_that_was_asked_for_must_be_there(run: Run, words: tuple[str, ...]) -> None:
    refused(run("start", *words), 2, words[1])
    refused(run("status", ELASTINET_CONFIG=words[1]), 2, words[1])


# --- programs that lie there ----------------------------------------------------------------------

MODULES = ("json", "ctypes", "msgspec", "uvicorn", "argparse", "elastinet")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder with modules that leave a trace if somebody imports them."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in MODULES:
        (folder / f"{name}.py").write_text(
            f"open({str(tmp_path / 'trace')!r}, 'a').write('{name} ')\nraise SystemExit(9)"
        )
    return folder


def programs() -> dict[str, list[str]]:
    """What elastinet starts of its own, up to the module."""
    nowhere = Path("/nonexistent")
    agent, client = launch.agent_command(nowhere, nowhere), guests._command(nowhere, "i-1", ["true"])
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        supervisor = Supervisor(Config(state=":memory:"), other, one)
        engine, _ = supervisor._engine()
        with contextlib.suppress(OSError):  # a server that was killed had this port, and its log lies there
            supervisor.run.rmdir()
    found = {"agent": agent, "client": client, "engine": engine}
    return {name: words[words.index(sys.executable) : words.index("-m") + 2] for name, words in found.items()}


@pytest.mark.parametrize("name", ["agent", "client", "engine"])
def test_no_module_of_the_working_folder_is_run(hostile: Path, tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [*programs()[name], "--help"], cwd=hostile, capture_output=True, text=True, check=False
    )
    assert not (tmp_path / "trace").exists(), done


def test_a_server_in_the_foreground_there(hostile: Path, tmp_path: Path) -> None:
    program = str(Path(sys.executable).with_name("elastinet"))
    words = [
        program,
        "start",
        "--foreground",
        "--fabric",
        "none",
        "--port",
        "0",
        "--state",
        str(tmp_path / "state"),
    ]
    with Program(words, cwd=hostile, stderr=subprocess.PIPE) as started:
        assert started.stderr is not None
        wait_until(lambda: b"Started server" in started.stderr.readline() or (tmp_path / "trace").exists())
        started.terminate()
    assert not (tmp_path / "trace").exists()
