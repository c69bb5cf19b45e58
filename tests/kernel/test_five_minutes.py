"""The page of the first five minutes, as a reader types it."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from elastinet.serve import places

PAGE = Path(__file__).parents[2] / "docs" / "five-minutes.md"
BESIDE = str(Path(sys.executable).parent)


def commands() -> list[str]:
    """What the page has typed, step by step."""
    return re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A terminal of somebody who has never used elastinet."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ELASTINET_", "AWS_"))}
    own = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    return (
        kept | own | {"PATH": f"{BESIDE}:{os.environ['PATH']}", "ELASTINET_PORT": str(port), "COLUMNS": "160"}
    )


def test_the_page(tmp_path: Path, environ: dict[str, str]) -> None:
    if shutil.which("aws", path=environ["PATH"]) is None:
        pytest.skip("the AWS CLI is not installed")
    script = tmp_path / "page.sh"  # and not the shell's input, which commands in instances would read
    script.write_text("\necho '--- next'\n".join(commands()))
    try:
        done = subprocess.run(
            ["bash", "-u", str(script)],
            cwd=tmp_path,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        alive = places.find(int(environ["ELASTINET_PORT"]), None, 0)
    finally:
        stop = [f"{BESIDE}/elastinet", "stop"]
        subprocess.run(stop, env=environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    start, lab, made, blocked, why, passed, table, _ = done.stdout.split("--- next\n")
    assert "ready at" in start
    assert "A bastion" in lab
    assert re.search(r"\bno\b *│$", lab, re.MULTILINE) is None
    assert len(set(re.findall(r"\bi-[0-9a-f]+", made))) == 2
    assert "100% packet loss" in blocked
    assert "does not reach" in why
    assert "aws ec2 authorize-security-group-ingress" in why
    assert " 0% packet loss" in passed
    assert table.count("pass") >= 4, table
    assert "fail" not in table
    assert alive is None
