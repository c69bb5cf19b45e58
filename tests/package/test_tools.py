"""pipx and uv install the wheel from a folder that stands in for an index, and run it; where they are installed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import elastinet
from wheels import ROOT, Built, environment

Verb = Callable[..., str]


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(tool), reason=f"{tool} is not installed")


@pytest.fixture(scope="session")
def index(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, and those of the packages that it needs, as they are pinned."""
    folder = tmp_path_factory.mktemp("index")
    pins = ("--require-hashes", "--requirement", str(ROOT / "constraints-image.txt"))
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(folder), *pins]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    if done.returncode:
        pytest.skip(f"the pinned packages cannot be fetched: {done.stderr.strip().splitlines()[-1]}")
    shutil.copy(built.wheel, folder)
    return folder


def said(words: list[str], folder: Path, **more: str) -> str:
    """What a program prints that must succeed, away from this tree and this user's own folders."""
    own = {
        name: str(folder / name.lower())
        for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    }
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment(**own, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def works(verb: Verb, tmp_path: Path) -> None:
    """It says its version; a server starts, answers and ends."""
    assert verb("--version") == f"elastinet {elastinet.__version__}\n"
    state = ("--state", str(tmp_path / "state"))
    told = json.loads(verb("start", "--fabric", "none", "--port", "0", "--json", *state))
    try:
        assert json.loads(verb("status", "--json", *state))["url"] == told["url"]
        assert f"AWS_ENDPOINT_URL_EC2={told['url']}" in verb("env", *state)
    finally:
        verb("stop", *state)


@needs("uvx")
def test_uvx(index: Path, tmp_path: Path) -> None:
    offline = ("--offline", "--no-index", "--find-links", str(index), "--python", sys.executable)
    program = ["uvx", *offline, "elastinet"]
    works(lambda *words: said([*program, *words], tmp_path), tmp_path)


@needs("uv")
def test_uv_tool_install(index: Path, tmp_path: Path) -> None:
    offline = ("--offline", "--no-index", "--find-links", str(index), "--python", sys.executable)
    places = {"UV_TOOL_BIN_DIR": str(tmp_path / "bin"), "UV_TOOL_DIR": str(tmp_path / "tools")}
    said(["uv", "tool", "install", *offline, "elastinet"], tmp_path, **places)
    works(lambda *words: said([str(tmp_path / "bin" / "elastinet"), *words], tmp_path), tmp_path)


@needs("pipx")
def test_pipx(index: Path, tmp_path: Path) -> None:
    places = {"PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
    offline = f"--no-index --find-links {index}"
    said(
        ["pipx", "install", "--python", sys.executable, "--pip-args", offline, "elastinet"],
        tmp_path,
        **places,
    )
    works(lambda *words: said([str(tmp_path / "bin" / "elastinet"), *words], tmp_path), tmp_path)
