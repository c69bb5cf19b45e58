"""The wheel and the sdist, built from this tree, and a virtual environment with the wheel."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from packaging.metadata import Metadata

ROOT = Path(__file__).parents[2]
NOT_OURS = shutil.ignore_patterns(".*", "*.egg-info", "__pycache__", "build", "dist")
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"


class Built(NamedTuple):
    """What `python -m build` makes: the sdist of the tree, and the wheel of the sdist."""

    wheel: Path
    sdist: Path

    @property
    def metadata(self) -> Metadata:
        """The wheel's, which must be valid."""
        with zipfile.ZipFile(self.wheel) as files:
            (name,) = [name for name in files.namelist() if name.endswith(".dist-info/METADATA")]
            return Metadata.from_email(files.read(name))


def build(what: str, tree: Path, into: Path) -> None:
    """Ask the build backend, in a process of its own that does not see this tree."""
    words = [sys.executable, "-P", "-c", BUILD, what, str(into)]
    done = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stderr
    assert "Deprecat" not in done.stderr


def environment(**more: str) -> dict[str, str]:
    """This one's without what leads to the tree, or to another server."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("ELASTINET_", "PYTHON"))
    }
    return kept | more


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    tree, made = folder / "tree", folder / "made"
    shutil.copytree(ROOT, tree, ignore=NOT_OURS)
    made.mkdir()
    build("build_sdist", tree, made)
    (sdist,) = made.glob("*.tar.gz")
    subprocess.run(["tar", "-xf", sdist, "-C", folder], check=True)  # Debian 12's tarfile has no filters
    build("build_wheel", folder / sdist.name.removesuffix(".tar.gz"), made)
    (wheel,) = made.glob("*.whl")
    return Built(wheel, sdist)


class Installed(NamedTuple):
    """A virtual environment that has the wheel, and a folder to be in that is not the tree."""

    python: Path
    folder: Path

    def run(self, program: str, *words: str) -> str:
        """What one of its programs prints."""
        state = {"XDG_STATE_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}
        done = subprocess.run(
            [str(self.python.with_name(program)), *words],
            cwd=self.folder,
            env=environment(**state),
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Installed by its name from a folder that stands in for an index."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    install = [
        "install",
        "-q",
        "--no-index",
        "--find-links",
        str(built.wheel.parent),
        "--no-deps",
        "elastinet",
    ]
    subprocess.run([*pip, *install], check=True, cwd=folder, env=environment())
    (lib,) = folder.glob("venv/lib/python*/site-packages")
    (lib / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (folder / "elsewhere").mkdir()
    return Installed(python, folder / "elsewhere")


Serve = Callable[..., dict[str, Any]]


@pytest.fixture
def serve(installed: Installed) -> Iterator[Serve]:
    """Start servers of the wheel's, which are stopped in the end."""
    started: list[int] = []

    def start(*words: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(
            installed.run("elastinet", "start", "--port", "0", "--state", ":memory:", "--json", *words)
        )
        started.append(told["port"])
        return told

    yield start
    for port in started:
        installed.run("elastinet", "stop", "--port", str(port))
