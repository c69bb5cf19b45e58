"""The control groups that an instance may divide: below its own, as many as are bounded, and it sees no others."""

from pathlib import Path

import pytest

from elastinet.fabric.guest import cgroups
from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))
ROOT = "/sys/fs/cgroup"


@pytest.fixture
def up(machine: Machine) -> Machine:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20"))
    return machine


def homes(up: Machine) -> list[Path]:
    """The groups of version 2 of the first instance."""
    own = (parent / f"{cgroups.NAME}{up.process.pid}/i-1" for parent in cgroups.parents())
    return [path for path in own if (path / "cgroup.subtree_control").exists()]


@pytest.fixture
def divided(up: Machine) -> Machine:
    if up.mode != "root" or not homes(up):
        pytest.skip("nobody lets us have control groups here")
    return up


def test_processes_of_its_own_kind_everywhere(up: Machine) -> None:
    up.ok("i-1", "unshare -pfm --mount-proc sh -c 'test $$ = 1 && test $(ls -d /proc/[0-9]* | wc -l) -le 4'")


def test_it_divides_what_it_has(divided: Machine) -> None:
    divided.ok(
        "i-1",
        f"mkdir -p {ROOT}/a/b && echo $$ > {ROOT}/a/b/cgroup.procs && grep -x 0::/a/b /proc/self/cgroup",
    )
    divided.ok(
        "i-1", f"unshare -C sh -c 'mount -t cgroup2 none /mnt && mkdir {ROOT}/c && ls /mnt/cgroup.procs'"
    )
    assert divided.ok("i-1", "cat /proc/1/cgroup | grep ^0::") == "0::/init\n"


def test_its_limits_are_not_its_own_to_change(divided: Machine) -> None:
    (home,) = homes(divided)
    own = {"cgroup.procs", "cgroup.threads", "cgroup.subtree_control"}
    files = {path.name for path in home.iterdir() if path.is_file()} - own
    before = {name: (home / name).stat() for name in files}
    for name in sorted(files):
        assert divided.exec("i-1", f"echo max > {ROOT}/{name}")[0] != 0, name
        assert divided.exec("i-1", f"chmod 666 {ROOT}/{name}")[0] != 0, name
    assert {name: (home / name).stat().st_mode for name in files} == {n: s.st_mode for n, s in before.items()}


def test_no_process_gets_out(divided: Machine) -> None:
    """By a mount of its own, from any place in it, it still is below its group, and names none beside."""
    (home,) = homes(divided)
    moves = "mount -t cgroup2 none /mnt; for place in /mnt /mnt/..; do echo 1 > $place/cgroup.procs; done"
    divided.exec("i-1", moves)
    assert any(path.read_text().split() for path in home.rglob("cgroup.procs"))
    found = divided.exec("i-1", f"ls /mnt/.. {ROOT}/..; find {ROOT} /mnt")[1]
    assert "i-1" not in found
    assert cgroups.NAME not in found


def test_of_other_hierarchies_it_sees_nothing(divided: Machine) -> None:
    """Version 1 has no delegation: what is shown of it is one folder, and closed."""
    kinds = "blkio cpu cpuset devices freezer memory pids"
    divided.exec("i-1", f"for k in {kinds}; do mkdir /mnt/$k; mount -t cgroup -o $k none /mnt/$k; done")
    assert divided.exec("i-1", "find /mnt -mindepth 2 2>/dev/null")[1] == ""
    for word in ("cat /mnt/*/tasks", "echo 1 > /mnt/memory/cgroup.event_control", "mkdir /mnt/pids/mine"):
        assert divided.exec("i-1", word)[0] != 0, word


def test_groups_without_number_are_bounded(divided: Machine) -> None:
    made = divided.exec(
        "i-1", f"cd {ROOT}; i=0; while mkdir g$i 2>/dev/null; do i=$((i + 1)); done; echo $i"
    )[1]
    assert 100 < int(made) <= int(cgroups.BOUNDS["cgroup.max.descendants"])
    made = divided.exec(
        "i-2", f"cd {ROOT}; i=0; while mkdir g 2>/dev/null && cd g; do i=$((i + 1)); done; echo $i"
    )[1]
    assert 10 < int(made) <= int(cgroups.BOUNDS["cgroup.max.depth"])


def test_nothing_is_left_of_them(divided: Machine) -> None:
    (home,) = homes(divided)
    divided.ok("i-1", f"mkdir -p {ROOT}/a/b/c; sleep 4343 & echo $! > {ROOT}/a/b/c/cgroup.procs")
    divided.desire(drop=("guest:i-1", "interface:eni-1"))
    divided.until(lambda: not home.exists(), "the end of its groups")


def test_an_ordinary_users_instances_have_none(up: Machine) -> None:
    """The user may own groups outside that a namespace would show."""
    if up.mode == "root":
        pytest.skip("root's have")
    assert up.exec("i-1", "unshare -C true")[0] != 0
    assert up.exec("i-1", "mount -t cgroup2 none /mnt && echo $$ > /mnt/cgroup.procs")[0] != 0
