"""Who faces the network has none of root's powers, files or name: the engine, dnsmasq, relays."""

import json
import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commands import PROGRAM
from elastinet.fabric.guest import ids
from family import below, told
from machine import Machine
from parts import ALL, eni, group, guest, network, table

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="what root starts")
POWERS = {"engine": 0, "dnsmasq": 0x3400, "relay": 0}
"""The capabilities of each: dnsmasq has those over its network (net_admin, net_raw, net_bind_service)."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A server of root's whose state lies where only root may enter."""
    state = tmp_path_factory.mktemp("private") / "state"
    begun = subprocess.run(
        [*PROGRAM, "start", "--port", "0", "--state", state, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(begun.stdout)
    try:
        yield told | {"state": state}
    finally:
        subprocess.run([*PROGRAM, "stop", "--state", state], check=True, capture_output=True)


def child(pid: int, word: str) -> int:
    """A process below another that runs this."""
    return next(found for found in below(pid) if word in told(Path(f"/proc/{found}/cmdline")).split("\0"))


def status(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: text.split() for name, _, text in (line.partition(":") for line in lines)}


def as_engine(pid: int, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the engine could: among its mounts, as its user, without powers."""
    user = status(pid)["Uid"][0]
    who = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--bounding-set=-all", "--"]
    words = ["nsenter", "-t", str(pid), "-m", "--", *who, *command]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_the_engine_is_nobody(server: dict[str, Any]) -> None:
    pid = child(server["pid"], "elastinet.serve.server")
    found = status(pid)
    assert set(found["Uid"] + found["Gid"]) == {str(ids.engine())}
    assert found.get("Groups", []) == []
    assert {found[name][0] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert found["NoNewPrivs"] == ["1"]


@pytest.mark.parametrize(
    "command",
    [
        "cat /etc/shadow",
        "ls /root/.ssh /root/.bashrc",
        "ls /proc/1/fd",
        "touch /tmp/x",
        "touch /etc/x",
        "touch {package}/x",
        "ls {state}/disks/i-1/root",
        "kill -0 1",
        "mount -t tmpfs none /mnt",
    ],
)
def test_what_the_engine_cannot_do(server: dict[str, Any], command: str) -> None:
    pid = child(server["pid"], "elastinet.serve.server")
    (server["state"] / "disks" / "i-1" / "root").mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chown(server["state"] / "disks" / "i-1" / "root", 12345, 12345)
    words = command.format(package=Path(ids.__file__).parent, state=server["state"]).split()
    assert as_engine(pid, *words).returncode != 0


def test_what_the_engine_writes_is_root_s_on_the_disk(server: dict[str, Any]) -> None:
    pid = child(server["pid"], "elastinet.serve.server")
    assert as_engine(pid, "touch", f"{server['state']}/written").returncode == 0
    found = (server["state"] / "written").stat()
    assert (found.st_uid, found.st_gid) == (0, 0)


def test_it_ends_with_who_keeps_it(server: dict[str, Any], tmp_path: Path) -> None:
    begun = subprocess.run(
        [*PROGRAM, "start", "--port", "0", "--state", tmp_path / "s", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    keeper = json.loads(begun.stdout)["pid"]
    engine = child(keeper, "elastinet.serve.server")
    fd = os.pidfd_open(engine)
    try:
        os.kill(keeper, 9)
        assert select.select([fd], [], [], 30)[0], "it goes on alone"
    finally:
        os.close(fd)


def test_the_agent_s_helpers_are_nobody() -> None:
    with closing(Machine("root")) as machine:
        objects = (network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10", mediated=True))
        machine.boot(*objects)
        names = {told(Path(f"/proc/{pid}/comm")).strip(): pid for pid in below(machine.agent_pid())}
        for name in ("dnsmasq", "relay"):
            found = status(names[name])
            assert set(found["Uid"]) == {str(ids.unused() + 2 * ids.COUNT)}, name
            assert int(found["CapEff"][0], 16) == POWERS[name], name
            assert int(found["CapPrm"][0], 16) == POWERS[name], name
