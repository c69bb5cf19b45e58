"""Archives become root file systems, and guests run on them."""

import base64
import gzip
import os
import shutil
import subprocess
import tarfile
from functools import cache
from pathlib import Path

import pytest

from elastinet.fabric.agent.launch import has_lent_ids
from elastinet.fabric.contract import boot_record
from elastinet.fabric.contract import content as contents
from elastinet.fabric.contract.messages import Capture
from elastinet.fabric.contract.objects import Guest
from elastinet.fabric.guest import systemd
from machine import Machine
from parts import ALL, eni, group, guest, network, table
from root_tars import Tar, bring, content, indexed, left, oci, root, saved, saved_flat

REGION = (network(), table(), group(ALL))


@pytest.fixture(scope="module")
def small(running: Machine) -> str:
    """The content of a small root file system."""
    return content(running, root().bytes())


def other(number: int, layers: tuple[str, ...], **fields: object) -> Guest:
    return Guest(f"i-{number}", f"host-{number}", boot=1, layers=layers, **fields)


def test_guest_runs_on_it(machine: Machine, small: str) -> None:
    machine.boot(*REGION, other(1, (small,)), eni(1, "10.0.1.10"))
    assert machine.ok("i-1", "cat /etc/os-release").startswith("ID=ubuntu")
    assert machine.ok("i-1", "test -e /usr/bin/python3 || echo no").strip() == "no"
    assert "10.0.1.10" in machine.ok("i-1", "ip -4 addr show eth0")
    assert machine.ok("i-1", "cat /etc/resolv.conf").startswith("search")
    assert machine.ok("i-1", "hostname; cat /etc/hostname").split() == ["host-1", "host-1"]
    assert machine.ok("i-1", "id -u").strip() == "0"


def test_what_a_guest_writes_is_its_own(machine: Machine, small: str) -> None:
    machine.boot(other(1, (small,)), other(2, (small,)))
    machine.ok("i-1", "echo mine >/etc/os-release; rm -r /root; mkdir /new")
    assert machine.ok("i-2", "cat /etc/os-release; ls /").split()[0] == "ID=ubuntu"
    assert "new" not in machine.ok("i-2", "ls /")
    machine.desire(drop=("guest:i-1",))
    machine.boot(Guest("i-1", "host-1", boot=2, layers=(small,)))
    assert machine.ok("i-1", "cat /etc/os-release; ls /").split()[0] == "mine"
    assert "root" not in machine.ok("i-1", "ls /").split()


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz"])
def test_packings_are_one_content(running: Machine, small: str, packing: str) -> None:
    assert content(running, root(packing).bytes(), piped=packing == "gz") == small


def test_zstd(running: Machine, small: str) -> None:
    assert shutil.which("zstd"), "scripts/system-packages installs it"
    packed = subprocess.run(["zstd", "-qc"], input=root().bytes(), capture_output=True, check=True).stdout
    assert content(running, packed) == small
    assert content(running, oci(packed)) == small


@cache
def zipped() -> bytes:
    """The root as a layer; once for all, and quickly, as it is only read."""
    return gzip.compress(root().bytes(), 1)


@pytest.mark.parametrize("piped", [False, True])
@pytest.mark.parametrize("archive", [oci, indexed, saved, saved_flat])
def test_archive_of_one_layer_is_that_content(running: Machine, small: str, archive, piped: bool) -> None:
    assert content(running, archive(zipped()), piped=piped) == small


def test_layers_take_away(running: Machine) -> None:
    below = root().folder("d").add("d/old", b"1").add("gone", b"1").folder("whole").add("whole/x", b"1")
    below.link("link", "/etc")
    above = Tar().add(".wh.gone").folder("d").add("d/new", b"2").add("d/.wh..wh..opq").add(".wh.whole")
    above.add("link/motd", b"through the link")
    found = running.folder / "images" / content(running, oci(below.bytes(), above.bytes())) / "root"
    assert sorted(os.listdir(found / "d")) == ["new"]
    assert not (found / "gone").exists()
    assert not (found / "whole").exists()
    assert (found / "etc/motd").read_bytes() == b"through the link"


def test_same_content_is_kept_once(running: Machine, small: str) -> None:
    told = bring(running, root().bytes())
    assert (told["content"], told["is_new"]) == (small, False)
    assert left(running).count(small) == 1


def test_what_was_found(running: Machine, small: str) -> None:
    about = contents.read(running.folder / "images", small)
    assert (about.user, about.name, about.cloud_init, about.systemd) == ("ubuntu", "Small 1", False, False)
    more = root().add("usr/bin/cloud-init", b"#!/bin/sh\n").add("lib/systemd/systemd", b"\x7fELF")
    found = contents.read(running.folder / "images", content(running, more.bytes()))
    assert (found.cloud_init, found.systemd) == (True, True)


def test_copy_of_a_disk(machine: Machine, small: str) -> None:
    machine.boot(other(1, (small,)))
    machine.ok("i-1", "rm /etc/os-release; mkdir /data; echo x >/data/f; ln /data/f /data/g; echo y >/root/y")
    machine.desire(capture=(Capture("snap-1", "i-1", (small,)),))
    told = machine.wait(lambda fact: fact["type"] == "captured")
    assert not told["error"], told
    machine.boot(other(2, (told["content"], small)))
    assert machine.ok("i-2", "cat /data/f /root/y; ls /etc; stat -c %h /data/g").split()[:2] == ["x", "y"]
    assert "os-release" not in machine.ok("i-2", "ls /etc")
    assert machine.ok("i-2", "stat -c %h /data/g").strip() == "2"
    assert machine.ok("i-2", "hostname; cat /etc/hostname").split() == ["host-2", "host-2"]


def test_copy_of_a_disk_over_this_machine(machine: Machine) -> None:
    machine.boot(guest(1))
    machine.ok(
        "i-1", "mkdir /data; echo x >/data/f; echo y >/root/y; echo z >/usr/local/bin/z; rm /etc/hosts"
    )
    machine.desire(capture=(Capture("snap-2", "i-1"),))
    told = machine.wait(lambda fact: fact["type"] == "captured")
    assert not told["error"], told
    machine.boot(other(2, (told["content"],)))
    assert machine.ok("i-2", "cat /data/f /root/y /usr/local/bin/z").split() == ["x", "y", "z"]
    assert machine.ok("i-2", "stat -c %a /root").strip() == "700"


def test_quiet_copy_is_made_while_the_guest_is_down(machine: Machine, small: str) -> None:
    machine.boot(other(1, (small,)))
    machine.ok("i-1", "echo before >/root/y")
    again = Guest("i-1", "host-1", boot=2, layers=(small,))
    machine.desire(again, capture=(Capture("snap-3", "i-1", (small,), quiet=True),))
    kinds = [fact["type"] for fact in machine.facts if fact["type"] in ("captured", "running")]
    assert kinds == ["captured", "running"]


def test_content_goes_when_no_guest_has_it(machine: Machine) -> None:
    mine = content(machine, root().add("mine", b"1").bytes())
    machine.boot(other(1, (mine,)))
    machine.desire(discard=(mine,))
    assert mine in left(machine)
    machine.ok("i-1", "cat /mine")
    machine.desire(drop=("guest:i-1",))
    machine.until(lambda: mine not in left(machine), "the deletion")


def test_guest_whose_content_is_gone(machine: Machine) -> None:
    (why,) = machine.desire(other(1, ("0" * 64,))).values()
    assert "the file system of its image is gone" in why


def test_owners_are_kept_as_far_as_ids_go(running: Machine) -> None:
    tar = root().add("of-33", b"", uid=33, gid=34).add("of-many", b"", uid=3_000_000, gid=2)
    tar.add("setuid", b"", mode=0o4755)
    running.boot(other(9, (content(running, tar.bytes()),)))
    told = running.ok("i-9", "stat -c '%u %g %a' /of-33 /of-many /setuid").splitlines()
    kept = running.mode == "root" or bool(running.lent) or (os.geteuid() != 0 and has_lent_ids())
    assert told == (["33 34 755", "65534 2 755", "0 0 4755"] if kept else ["0 0 755"] * 2 + ["0 0 4755"])
    running.desire(drop=("guest:i-9",))


def test_disk_image_of_a_guest_shares_the_content(machine: Machine, small: str) -> None:
    machine.boot(*(other(number, (small,)) for number in range(1, 6)))
    for number in range(1, 6):
        disk = machine.disks / f"i-{number}"
        used = sum(p.lstat().st_blocks * 512 for p in Path(disk).rglob("*"))
        assert used < 1 << 20


def test_device_is_left_out(running: Machine) -> None:
    tar = root().add("disk", kind=tarfile.BLKTYPE, devmajor=8).add("dev/null", kind=tarfile.CHRTYPE)
    tar.add("pipe", kind=tarfile.FIFOTYPE)
    found = running.folder / "images" / content(running, tar.bytes()) / "root"
    assert not (found / "disk").exists()
    assert not (found / "dev").exists()
    assert (found / "pipe").is_fifo()


RECORDER = (
    b'#!/bin/sh\necho "$@" >>/root/stages; echo "cloud-init $1 says so"; [ "$1" != modules ] || exit 3\n'
)


def test_cloud_init_runs_its_stages(machine: Machine) -> None:
    tar = root().add("usr/bin/cloud-init", RECORDER).folder("etc/cloud")
    tar.add("etc/cloud/cloud.cfg", b"system_info:\n   default_user:\n     name: clouder\n", mode=0o644)
    mine = content(machine, tar.bytes())
    assert contents.read(machine.folder / "images", mine).user == "clouder"
    data = base64.b64encode(b"#!/bin/sh\necho ours >>/root/stages\n").decode()
    guest = other(1, (mine,), user_data=data, cloud_init=True)
    machine.boot(guest)
    machine.until(lambda: "user data: ended with status 3" in console(machine), "the last stage")
    told = machine.ok("i-1", "cat /root/stages").splitlines()
    assert told == ["init --local", "init", "modules --mode=config", "modules --mode=final"]
    assert "cloud-init init says so" in console(machine)
    assert machine.ok("i-1", "cat /sys/hypervisor/uuid").startswith("ec2")
    assert "eth" not in machine.ok("i-1", "ls /sys/class/net /sys/devices /dev/.elastinet/sys/class")
    dmi = machine.ok(
        "i-1", "cd /sys/class/dmi/id; cat sys_vendor board_asset_tag product_uuid product_serial"
    )
    *said, number, serial = dmi.splitlines()
    assert (*said, number[:3], serial) == ("Amazon EC2", "i-1", "ec2", number)
    assert machine.ok("i-1", "stat -Lc '%a %u' /sys/class/dmi/id/product_uuid").split() == ["400", "0"]
    assert "datasource_list: [Ec2, None]" in machine.ok("i-1", "cat /etc/cloud/cloud.cfg.d/99-elastinet.cfg")
    ended = boot_record.read(machine.disks / "i-1").ended
    assert list(ended.values()) == [0, 0, 0, 3, 3]
    assert (
        machine.exec(
            "i-1",
            "touch /sys/x || touch /sys/class/x || echo y >/sys/hypervisor/uuid || rm /sys/class/dmi/id/sys_vendor",
        )[0]
        != 0
    )


def console(machine: Machine) -> str:
    return (machine.disks / "i-1" / "console.log").read_text()


def test_cloud_init_runs_at_each_boot(machine: Machine) -> None:
    mine = content(machine, root().add("usr/bin/cloud-init", RECORDER).bytes())
    for boot in (1, 2):
        machine.boot(Guest("i-1", "h", boot=boot, layers=(mine,), cloud_init=True))
        machine.until(
            lambda n=boot: console(machine).count("user data: ended with status 3\n") >= n, "the last stage"
        )
    assert len(machine.ok("i-1", "cat /root/stages").splitlines()) == 8


# --- an image with systemd -------------------------------------------------------------------------------

STAND_IN = rb"""#!/bin/sh
mkdir /sys/fs/cgroup/init.scope
echo 1 > /sys/fs/cgroup/init.scope/cgroup.procs
read first < /sys/fs/cgroup/init.scope/cgroup.procs
echo $container $first > /root/told
trap 'echo bye > /dev/console; exit' 38
while :; do sleep 0.1; done
"""
"""Does what systemd needs: divides its control groups, and shuts down at SIGRTMIN+4."""


@pytest.fixture
def with_systemd(machine: Machine) -> tuple[str]:
    tar = root().folder("sbin", "lib/systemd", "sys").add("lib/systemd/systemd", STAND_IN)
    return (content(machine, tar.link("sbin/init", "/lib/systemd/systemd").bytes()),)


def test_systemd_is_first_where_it_can_be(machine: Machine, with_systemd: tuple[str]) -> None:
    machine.boot(*REGION, other(3, with_systemd, init="plain"), eni(3, "10.0.1.30"))
    if machine.exec("i-3", "test -e /sys/fs/cgroup/cgroup.procs")[0]:  # it has no groups of its own
        machine.boot(other(1, with_systemd), eni(1, "10.0.1.10"))
        assert machine.ok("i-1", "cat /proc/1/comm") == "init\n"
        failed = machine.desire(other(2, with_systemd, init="systemd"))
        assert failed["guest:i-2"] == systemd.NO_GROUPS
        return
    machine.boot(other(1, with_systemd), eni(1, "10.0.1.10"))
    machine.until(lambda: machine.exec("i-1", "cat /root/told")[1] == f"{systemd.CONTAINER} 1\n", "systemd")
    assert "init" in machine.ok("i-1", "cat /proc/1/cmdline")
    assert machine.ok("i-1", "cat /proc/self/cgroup").splitlines()[-1] == "0::/init"
    machine.desire(other(1, with_systemd, shuts_down=True))
    machine.wait(lambda fact: fact["type"] == "gone", "the end")
    assert "bye\n" in (machine.disks / "i-1" / "console.log").read_text()


def test_systemd_is_not_first_where_it_need_not_be(machine: Machine, with_systemd: tuple[str]) -> None:
    machine.boot(*REGION, other(1, with_systemd, init="plain"), eni(1, "10.0.1.10"))
    assert machine.ok("i-1", "cat /proc/1/comm; test ! -e /root/told") == "init\n"
