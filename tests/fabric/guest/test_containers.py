"""What containers need in an instance: a folder that overlays can lie in, and groups, or the word that there are none."""

import pytest

from elastinet.fabric.guest import cgroups, containers, diskwatch
from machine import Machine
from parts import guest
from root_tars import APPLETS, content, root

PLACE = containers.PLACE
FOLDERS = f"cd {PLACE}; mkdir -p lower upper work merged; echo below >lower/file"
OVERLAY = f"{FOLDERS}; mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr none merged"


@pytest.fixture(scope="module")
def small(running: Machine) -> str:
    return content(
        running, root(applets=(*APPLETS, "grep", "sync", "unshare")).folder("var", "var/lib", "mnt").bytes()
    )


def image(*layers: str, boot: int = 1) -> object:
    return guest(1, boot=boot, layers=layers)


def again(machine: Machine, *layers: str) -> None:
    """End the instance and have it boot again, from its disk."""
    machine.desire(drop=("guest:i-1",))
    machine.boot(image(*layers, boot=2))


def test_overlays_of_a_guests_own(machine: Machine, small: str) -> None:
    machine.boot(image(small))
    machine.ok("i-1", f"{OVERLAY} && echo above >merged/file && rm merged/file && touch merged/new")
    assert machine.ok("i-1", f"ls {PLACE}/upper; stat -c %F {PLACE}/upper/file").splitlines() == [
        "file", "new", "character special file",
    ]  # fmt: skip
    assert machine.ok("i-1", f"stat -c '%a %u' {PLACE}").split() == ["700", "0"]


def test_they_stay_over_a_reboot(machine: Machine, small: str) -> None:
    machine.boot(image(small))
    machine.ok("i-1", f"echo kept >{PLACE}/note")
    again(machine, small)
    machine.ok("i-1", f"grep -x kept {PLACE}/note && {OVERLAY}")


def test_they_count_as_the_disks(machine: Machine, small: str) -> None:
    """Who fills this machine's disk is found by that."""
    machine.boot(image(small))
    before = diskwatch.usage(machine.disks / "i-1")
    machine.ok("i-1", f"cat /bin/busybox /bin/busybox >{PLACE}/big; sync")
    assert diskwatch.usage(machine.disks / "i-1") - before > 1 << 20


def test_what_is_kept_already_stays_seen(machine: Machine) -> None:
    for path, is_seen in (("overlay-images/images.json", True), ("overlay-images/images.lock", False)):
        tar = root().folder("var", "var/lib", PLACE[1:], f"{PLACE[1:]}/storage", "mnt")
        mine = content(machine, tar.add(f"{PLACE[1:]}/storage/{path}", b"[]").bytes())
        machine.boot(guest(2 + is_seen, layers=(mine,)))
        assert (machine.exec(f"i-{2 + is_seen}", f"test -e {PLACE}/storage/{path}")[0] == 0) is is_seen


def counted(machine: Machine) -> set[str]:
    """The controllers that instances divide."""
    own = (parent / f"{cgroups.NAME}{machine.process.pid}" for parent in cgroups.parents())
    return cgroups.divided(tuple(path for path in own if path.is_dir()))


def test_word_of_groups(machine: Machine, small: str) -> None:
    """Those of a user have an empty place for them; a /sys of a container's own can be mounted."""
    machine.boot(image(small))
    kind = machine.ok("i-1", f"grep ' {containers.GROUPS} ' /proc/mounts || echo x x none").split()[2]
    said = machine.exec("i-1", f"cat {containers.SETTINGS}")[1]
    if machine.mode == "root":
        assert kind in ("cgroup2", "none")
        assert "disabled" not in said
        assert ("pids_limit = 0" in said) is not ("pids" in counted(machine))
    else:
        assert (kind, 'cgroups = "disabled"' in said) == ("tmpfs", True)
        assert machine.ok("i-1", f"ls {containers.GROUPS}") == ""
        assert machine.exec("i-1", f"touch {containers.GROUPS}/x")[0] != 0
    machine.ok("i-1", "unshare -n -m mount -t sysfs -o ro,nosuid,nodev,noexec none /mnt")
