"""A machine that lacks something is told so in one line, nothing is started, and the doctor says what mends it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from commands import PROGRAM
from elastinet.cli.doctor import packages
from elastinet.fabric.agent import agent
from elastinet.fabric.kernel import features

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="hiding a program from a server needs root")


def library() -> str:
    """Where libnftables lies."""
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    (line,) = [line for line in listed.splitlines() if "libnftables.so.1 " in line]
    return line.split("=> ")[1]


def without(path: str, *words: str, stand_in: str = "/dev/null") -> subprocess.CompletedProcess[str]:
    """Run a verb where something else stands in a file's place, seen by it only."""
    script = f'mount --bind {stand_in} "$1" && shift && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", os.path.realpath(path), *PROGRAM, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def start_without(path: str, tmp_path: Path, stand_in: str = "/dev/null") -> subprocess.CompletedProcess[str]:
    return without(path, "start", "--port", "0", "--state", str(tmp_path / "s"), stand_in=stand_in)


def found(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    """What the doctor has found, by name."""
    return {one["name"]: one for one in json.loads(done.stdout)["findings"]}


APT = "apt-get update && apt-get install -y --no-install-recommends "
PARTS = {
    "dnsmasq": shutil.which("dnsmasq", path="/usr/sbin:/usr/bin"),
    "busybox": shutil.which("busybox", path="/usr/sbin:/usr/bin:/bin"),
    "nftables": library(),
}


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        (PARTS["dnsmasq"], "install the package dnsmasq-base"),
        (PARTS["busybox"], "install the package busybox"),
        (PARTS["nftables"], "install the package libnftables1"),
    ],
)
def test_a_missing_part(path, advice, tmp_path):
    done = start_without(path, tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert advice in done.stderr
    assert "--fabric none" in done.stderr
    assert "elastinet doctor" in done.stderr


def test_a_kernel_without_overlays(tmp_path):
    known = tmp_path / "filesystems"
    lines = Path("/proc/filesystems").read_text().splitlines()
    known.write_text("\n".join(line for line in lines if "overlay" not in line))
    done = start_without("/proc/filesystems", tmp_path, str(known))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "modprobe overlay" in done.stderr


@pytest.mark.parametrize("part", PARTS)
def test_the_doctor_asks_what_start_asks(part, tmp_path):
    done, started = without(PARTS[part], "doctor", "--json"), start_without(PARTS[part], tmp_path)
    told = json.loads(done.stdout)
    assert (done.returncode, told["kernel_fabric"]) == (1, False)
    assert found(done)[part]["state"] == "missing"
    assert f"{part}: {found(done)[part]['why']}" in started.stderr
    assert packages.PACKAGES[part].debian in told["command"].split()
    assert "agent" not in found(done)
    assert found(done)["limits"]["state"] == "untried"


@pytest.mark.skipif(features.find("tayga") is None, reason="tayga is not installed: it cannot be hidden")
def test_what_is_not_needed_for_packets():
    done = without(str(features.find("tayga")), "doctor", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["kernel_fabric"]) == (0, True)
    assert found(done)["tayga"]["state"] == found(done)["nat64"]["state"] == "limited"
    assert "tayga" in told["command"].split()


def test_an_agent_that_cannot_start(tmp_path):
    """All that can be asked before it is there, and yet it ends."""
    program = tmp_path / "agent.py"
    program.write_text("raise SystemExit('no agent today')")
    done = without(str(agent.__file__), "doctor", "--json", stand_in=str(program))
    assert done.returncode == 1
    assert found(done)["agent"]["why"] == "the agent does not start: no agent today"


@pytest.mark.parametrize(
    ("release", "install", "package"),
    [
        ("ID=debian\n", APT, "dnsmasq-base"),
        ("ID=linuxmint\nID_LIKE='ubuntu debian'\n", APT, "dnsmasq-base"),
        ("ID=fedora\n", "dnf install -y ", "dnsmasq"),
        ("ID=rocky\nID_LIKE='rhel centos fedora'\n", "dnf install -y ", "dnsmasq"),
        ("ID=arch\n", "pacman -S --needed --noconfirm ", "dnsmasq"),
    ],
)
def test_the_command_is_the_distribution_s_own(release, install, package, tmp_path):
    command = told_on(release, tmp_path)["command"]
    assert command.startswith(install)
    assert package in command.split()


def test_a_distribution_that_nobody_knows(tmp_path):
    told = told_on("ID=other\nPRETTY_NAME='[red]Other'\n", tmp_path)
    assert told["command"] == ""
    assert told["system"].startswith("[red]Other, Linux ")


def told_on(release, tmp_path):
    """What the doctor says without dnsmasq, where /etc/os-release says this."""
    described = tmp_path / "os-release"
    described.write_text(release)
    script = 'mount --bind "$1" "$2" && mount --bind /dev/null "$3" && shift 3 && exec "$@"'
    hidden = (str(described), os.path.realpath("/etc/os-release"), os.path.realpath(PARTS["dnsmasq"]))
    words = ["unshare", "--mount", "sh", "-c", script, "sh", *hidden, *PROGRAM, "doctor", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout)
