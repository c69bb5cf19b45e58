"""A machine that lacks something is told so in one line, and nothing is started."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from world import ELASTINET

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hiding a program from a server needs root")


def library() -> str:
    """Where libnftables lies."""
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    (line,) = [line for line in listed.splitlines() if "libnftables.so.1 " in line]
    return line.split("=> ")[1]


def start_without(path: str, tmp_path: Path, stand_in: str = "/dev/null") -> subprocess.CompletedProcess[str]:
    """Start a server where something else stands in a file's place, seen by this server only."""
    script = f'mount --bind {stand_in} "$1" && exec "$2" start --port 0 --state "$3"'
    words = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
        os.path.realpath(path),
        ELASTINET,
        str(tmp_path / "s"),
    ]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        (shutil.which("dnsmasq", path="/usr/sbin:/usr/bin"), "install the package dnsmasq-base"),
        (shutil.which("busybox", path="/usr/sbin:/usr/bin:/bin"), "install the package busybox"),
        (library(), "install the package libnftables1"),
    ],
)
def test_a_missing_part(path, advice, tmp_path):
    done = start_without(path, tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert advice in done.stderr
    assert "--fabric none" in done.stderr


def test_a_kernel_without_overlays(tmp_path):
    known = tmp_path / "filesystems"
    lines = Path("/proc/filesystems").read_text().splitlines()
    known.write_text("\n".join(line for line in lines if "overlay" not in line))
    done = start_without("/proc/filesystems", tmp_path, str(known))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "modprobe overlay" in done.stderr
