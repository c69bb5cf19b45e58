"""The folder for a guest's containers is mounted by the agent: no link of a guest's, or an image's, says where."""

import tarfile

import pytest

from elastinet.fabric.guest import containers
from machine import Machine
from parts import guest
from root_tars import APPLETS, content, root

TREE = root().folder("var", "var/lib").bytes()
LINKED = (
    root(applets=(*APPLETS, "grep"))
    .folder("var", "var/lib")
    .link(containers.PLACE[1:], "/etc", tarfile.SYMTYPE)
    .bytes()
)
NOTHING = "test $(grep -c -e ' /etc' -e ' /var' -e /plain /proc/mounts) = 0 && test -e /etc/os-release"


def test_link_of_an_image_is_not_followed(machine: Machine) -> None:
    machine.boot(guest(1, layers=(content(machine, LINKED),)))
    machine.ok("i-1", NOTHING)


@pytest.mark.parametrize("link", ["ln -s /etc /var", "mkdir /var && ln -s /etc /var/lib"])
def test_link_of_a_guest_is_not_followed(machine: Machine, link: str) -> None:
    layers = (content(machine, root(applets=(*APPLETS, "grep")).bytes()),)
    machine.boot(guest(1, layers=layers))
    machine.ok("i-1", f"{link} && mkdir -p /etc/lib")
    machine.desire(drop=("guest:i-1",))
    machine.boot(guest(1, boot=2, layers=layers))
    machine.ok("i-1", f"{NOTHING} && ! test -e /etc/lib/containers && ls /etc")
    assert "storage" not in machine.ok("i-1", "ls -d /etc/containers/* || true")


def test_a_guest_does_not_take_it_off(machine: Machine) -> None:
    """What is below it is the image's, and an overlay over it would be taken by nobody."""
    machine.boot(guest(1, layers=(content(machine, TREE),)))
    assert machine.exec("i-1", f"/dev/.elastinet/busybox umount {containers.PLACE}")[0] != 0
    assert machine.exec("i-1", f"rm -r {containers.PLACE}")[0] != 0
