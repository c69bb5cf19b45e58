"""A pytest run of somebody else's tests, who has the plugin, and nothing else of ours."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def environ(**variables: str) -> dict[str, str]:
    """An environment in which pytest has the plugins that it is told to have."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "ELASTINET_"))
    }
    return kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200"} | variables


def command(*words: str) -> list[str]:
    """The words that run pytest with the plugin."""
    plugins = ["-p", "elastinet.testing.plugin", "-p", "no:cacheprovider"]
    return [sys.executable, "-m", "pytest", "-rs", "--strict-markers", "-W", "error", *plugins, *words]


def write(folder: Path, text: str, name: str = "test_theirs.py") -> Path:
    """A file of tests; a pytest.ini beside it keeps pytest from looking further up."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / name).write_text(text)
    return folder


def run(folder: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the tests in a folder to their end."""
    return subprocess.run(
        command(*words),
        cwd=folder,
        env=environ(**variables),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def begin(folder: Path, *words: str, **variables: str) -> "subprocess.Popen[str]":
    """Run the tests in a folder beside us."""
    own: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command(*words), cwd=folder, env=environ(**variables), **own)


def passed(done: "subprocess.CompletedProcess[str]", *parts: str) -> str:
    """The output of a run that must have passed."""
    assert done.returncode == 0, done.stdout + done.stderr
    for part in parts:
        assert part in done.stdout, done.stdout
    return done.stdout
