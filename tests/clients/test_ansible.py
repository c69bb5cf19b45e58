"""Ansible's amazon.aws modules: what they make they find again, what they remove stays removed."""

import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from served import Served, new_account

BOOKS = Path(__file__).parent / "ansible"
PLAYBOOK = shutil.which("ansible-playbook", path=str(Path(sys.executable).parent))
# The module calls a NAT gateway removed as often as EC2 lets it be deleted, and EC2 does not mind.
FORGETFUL = {"no NAT gateway": ["changed", "changed"]}
COLLECTION = "ansible_collections/amazon/aws/"

pytestmark = [
    pytest.mark.skipif(PLAYBOOK is None, reason="no Ansible beside this Python: make setup installs it"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the collection amazon.aws, out of the package that has a hundred others too."""
    folder = tmp_path_factory.getbasetemp().parent / "collections"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:  # the tests' workers fetch it once for all
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / COLLECTION).is_dir():
            fetch_collection(folder)
    return folder


def fetch_collection(folder: Path) -> None:
    """Have pip fetch the package, and keep the collection."""
    fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    exactly = ["--no-deps", "--require-hashes", "--requirement", str(BOOKS / "collection.txt")]
    command = [*fetch, *exactly, "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    if done.returncode:
        pytest.skip(f"no Ansible collections to be had: {done.stderr.strip().splitlines()[-1]}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as package:
        package.extractall(folder, [name for name in package.namelist() if name.startswith(COLLECTION)])
    wheel.unlink()


def environ_of_ours() -> dict[str, str]:
    """The environment without what a user may have set for these programs."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}


@pytest.fixture
def python(collections: Path, tmp_path: Path) -> Iterator[Path]:
    """A Python for the modules: most of a module's time is what it imports, and forks have that already."""
    forks, socket, program = str(BOOKS / "forks.py"), str(tmp_path / "forks"), tmp_path / "python"
    program.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, '-IS', forks, socket])}\n")
    program.chmod(0o700)
    command = [sys.executable, forks, socket, str(collections)]
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env=environ_of_ours(), **piped) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield program


def play(book: str, server: Served, collections: Path, python: Path) -> dict[str, list[str]]:
    """Play a book in an account of its own; gives for each task how it ended, each time it was done."""
    environ = environ_of_ours() | {
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_HOME": str(python.parent),
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "1",
    }
    variables = {"url": server.url, "account": new_account(), "ansible_python_interpreter": str(python)}
    given = ["--extra-vars", json.dumps(variables)]
    command = [str(PLAYBOOK), "--inventory", "localhost,", *given, str(BOOKS / f"{book}.yml")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ends: dict[str, list[str]] = {}
    for task, end in re.findall(r"^TASK \[(.+)\] \**\n(changed|ok):", done.stdout, re.MULTILINE):
        ends.setdefault(task, []).append(end)
    return ends


@pytest.mark.in_turn(3)
@pytest.mark.parametrize(("book", "count"), [("network", 21), ("machine", 14), ("peering", 11)])
def test_twice_changes_once(book: str, count: int, server: Served, collections: Path, python: Path) -> None:
    ends = play(book, server, collections, python)
    seen = [ends.pop(task) for task in list(ends) if task.startswith(("see ", "assert"))]
    assert set(map(tuple, seen)) == {("ok",)}
    odd = {task: end for task, end in ends.items() if end != ["changed", "ok"]}
    assert odd == (FORGETFUL if book == "network" else {})
    assert len(ends) == count
