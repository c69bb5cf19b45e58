"""A guest's root tries to break out, and finds nothing to break."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from machine import Machine
from parts import ALL, eni, group, guest, network, table

ATTEMPTS = {
    "another view of all devices": "mkdir /tmp/d && mount -t devtmpfs none /tmp/d",
    "a disk of the host": "mknod /tmp/disk b {major} {minor} && head -c1 /tmp/disk",
    "a device node": "mknod /tmp/null c 1 3",
    "the kernel's knobs": "echo x > /proc/sys/kernel/core_pattern",
    "the knobs below the guard": "umount /proc/sys || mount -o remount,rw,bind /proc/sys",
    "another /proc's knobs": "mkdir /tmp/p && mount -t proc proc /tmp/p && echo x > /tmp/p/sys/kernel/core_pattern",
    "the same in one more namespace": "unshare -Urpmf sh -c 'mount -t proc proc /mnt && echo x > /mnt/sys/kernel/core_pattern'",
    "what lies below the guard": "unshare -Urm sh -c 'umount -l /proc'",
    "the folder under an overlay": "umount /etc",
    "a writable /sys": "mkdir /tmp/s && mount -t sysfs sysfs /tmp/s && touch /tmp/s/kernel/uevent_helper && test -w /tmp/s/kernel/uevent_seqnum",
    "a remounted /sys": "mount -o remount,rw /sys || mount -o remount,rw,bind /sys",
    "the host's control groups": "unshare -C mount -t cgroup2 none /mnt && mkdir /mnt/mine",
    "another's place in them": "unshare -C mount -t cgroup2 none /mnt && echo $$ > /mnt/cgroup.procs",
    "its cgroups from a namespace of its own": "unshare -UrCm sh -c 'mount -t cgroup2 none /mnt && mkdir /mnt/mine'",
    "more of what is counted": "echo 9 > /proc/sys/user/max_cgroup_namespaces",
    "the kernel's log": "head -c1 /proc/kmsg | grep -q .",
    "the kernel's memory": "head -c4 /proc/kcore | grep -q ELF",
    "the clock": "date -s '2001-01-01'",
    "the magic keys": "echo s > /proc/sysrq-trigger",
    "an interrupt's place": "echo 1 > /proc/irq/default_smp_affinity",
    "the disks' folder": "ls {disks} {run}",
    "the agent's socket": "test -S {run}/agent.sock || busybox nc local:{run}/agent.sock < /dev/null",
    "the process outside": "kill -0 {outside}",
    "other processes": "cat /proc/[0-9]*/comm | grep -E 'python|dnsmasq|elastinet'",
    "the first process's home": "test $(readlink /proc/1/ns/mnt) != $(readlink /proc/self/ns/mnt)",
    "the agent's namespaces": "nsenter -t 1 -n -m -p -- ls {disks}",
    "the namespaces outside": "nsenter -t {outside} -n true",
    "another root": "chroot /proc/1/root ls {disks}",
}  # fmt: skip


@pytest.fixture
def up(machine: Machine) -> Machine:
    machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20"))
    return machine


@contextmanager
def outside_process() -> Iterator[int]:
    """A process of the host's, of the same user."""
    with subprocess.Popen(["sleep", "4343"]) as process:
        yield process.pid
        assert process.poll() is None, "it was killed"
        process.kill()


def nothing_leads_out(up: Machine) -> None:
    """Try all ways out of the first guest of an agent's."""
    disk = next(os.stat(path).st_dev for path in ("/", str(up.disks)))
    with outside_process() as outside:
        words = {
            "disks": up.disks,
            "run": up.run,
            "outside": outside,
            "major": os.major(disk),
            "minor": os.minor(disk),
        }
        broken = {
            name: text
            for name, command in ATTEMPTS.items()
            if (text := up.exec("i-1", f"{command.format(**words)} && echo BROKEN"))[1].endswith("BROKEN\n")
        }
    assert not broken


def test_nothing_leads_out(up: Machine) -> None:
    nothing_leads_out(up)


def test_its_root_may_power_it_off(up: Machine) -> None:
    up.facts.clear()
    up.exec("i-1", "busybox poweroff -f")
    gone = up.wait(lambda fact: fact["type"] == "gone")
    assert (gone["guest"], gone["asked"]) == ("i-1", False)


def test_its_files_stay_its_own(up: Machine) -> None:
    before = Path("/etc/hostname").read_bytes()
    up.ok("i-1", "echo mine > /etc/hostname; echo mine > /usr/local/bin/mine; chmod 4755 /usr/local/bin/mine")
    assert Path("/etc/hostname").read_bytes() == before
    assert not Path("/usr/local/bin/mine").exists()
    assert up.ok("i-2", "cat /etc/hostname") == "host-2\n"
    assert up.disks.stat().st_mode & 0o077 == 0, "nobody else can run what a guest marked as root's"


def test_its_network_is_its_own(up: Machine) -> None:
    """Filters and knobs work inside, and are not felt outside."""
    up.ok(
        "i-1",
        "nft add table inet mine; sysctl -qw net.ipv4.ip_default_ttl=33 || busybox sysctl -w net.ipv4.ip_default_ttl=33",
    )
    assert "mine" not in up.inside("vpc-1", "nft", "list", "tables")
    assert "mine" not in up.ok("i-2", "nft list tables")
    assert up.ok("i-2", "cat /proc/sys/net/ipv4/ip_default_ttl") == "64\n"
    assert Path("/proc/sys/net/ipv4/ip_default_ttl").read_text() == "64\n"


def test_guests_have_user_namespaces_of_their_own(up: Machine) -> None:
    ours = os.readlink("/proc/self/ns/user")
    names = {up.ok(guest, "readlink /proc/self/ns/user").strip() for guest in ("i-1", "i-2")}
    assert len(names - {ours}) == 2
    assert up.ok("i-1", "readlink /proc/1/ns/user").strip() in names


def test_a_guest_s_root_may_do_what_an_instance_s_root_does(up: Machine) -> None:
    up.ok("i-1", "mkdir -p /tmp/a && mount -t tmpfs none /tmp/a && touch /tmp/a/x && umount /tmp/a")
    up.ok("i-1", "ip link add v0 type veth peer name v1 && ip link del v0")
    up.ok("i-1", "touch /usr/new && rm /usr/new && mkdir /var/lib/new && test -d /sys/class/net/eth0")
    if up.mode == "root":
        up.ok("i-1", "chown 1000:1000 /tmp && stat -c %u:%g /tmp | grep -q 1000:1000")
