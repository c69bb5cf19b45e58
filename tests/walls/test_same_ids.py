"""A machine that cannot map ids: a guest's root has the machine's, so masks and read-only binds are the wall."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from test_ids import DEVICES

from escapes import ATTEMPTS, nothing_leads_out
from machine import Machine
from parts import ALL, eni, group, guest, network, table

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="an agent of the machine's root")
OVERLAY = "mkdir /run/o /run/w; mount -t overlay o -o lowerdir=/usr,upperdir=/run/o,workdir=/run/w /usr"
BEFORE = f"mount -t tmpfs none /run; {OVERLAY}"
"""An overlay cannot be mapped: so it is for root in a container, too."""
SAID: dict[str, Any] = {}


@pytest.fixture(scope="module")
def up() -> Iterator[Machine]:
    machine = Machine("root", before=BEFORE)
    try:
        SAID.update(machine.wait(lambda fact: fact["type"] == "hello"))
        machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
        yield machine
    finally:
        machine.close()


def test_it_says_so(up: Machine) -> None:
    assert "cannot map ids" in SAID["features"]["ids"]
    assert up.ok("i-1", "cat /proc/self/uid_map").split() == ["0", "0", "4294967295"]


def test_nothing_leads_out_all_the_same(up: Machine) -> None:
    assert len(ATTEMPTS) > 20
    nothing_leads_out(up)


@pytest.mark.parametrize("attempt", ["chmod 600", "chown 1:1", "touch -d 2001-01-01"])
def test_no_device_or_mask_of_the_machine_s_is_changed(up: Machine, attempt: str) -> None:
    masks = [f"/proc/{name}" for name in ("kcore", "keys", "timer_list") if os.path.exists(f"/proc/{name}")]
    for path in (*(f"/dev/{name}" for name in DEVICES if os.path.exists(f"/dev/{name}")), *masks):
        before = os.stat("/dev/null")
        assert up.exec("i-1", f"{attempt} {path}")[0] != 0, path
        after = os.stat("/dev/null")
        assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)
    assert up.ok("i-1", "cat /proc/keys /proc/timer_list") == ""


def test_a_mounted_proc_has_no_hole(up: Machine) -> None:
    for command in (
        "mkdir /tmp/p && mount -t proc proc /tmp/p",
        "unshare -Urpmf mount -t proc proc /mnt",
        "unshare -C true",
    ):
        assert up.exec("i-1", command)[0] != 0, command
