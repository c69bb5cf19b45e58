"""Ways out of a guest that its root tries."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from machine import Machine
from programs import Program

ATTEMPTS = {
    "another view of all devices": "mkdir /tmp/d && mount -t devtmpfs none /tmp/d",
    "a disk of the host": "mknod /tmp/disk b {major} {minor} && head -c1 /tmp/disk",
    "a device node": "mknod /tmp/null c 1 3",
    "the kernel's sysctls": "echo x > /proc/sys/kernel/core_pattern",
    "the sysctls below the guard": "umount /proc/sys || mount -o remount,rw,bind /proc/sys",
    "another /proc's sysctls": "mkdir /tmp/p && mount -t proc proc /tmp/p && echo x > /tmp/p/sys/kernel/core_pattern",
    "the same in one more namespace": "unshare -Urpmf sh -c 'mount -t proc proc /mnt && echo x > /mnt/sys/kernel/core_pattern'",
    "what lies below the guard": "unshare -Urm sh -c 'umount -l /proc'",
    "the folder under an overlay": "umount /etc",
    "a writable /sys": "mkdir /tmp/s && mount -t sysfs sysfs /tmp/s && touch /tmp/s/kernel/uevent_helper && test -w /tmp/s/kernel/uevent_seqnum",
    "a remounted /sys": "mount -o remount,rw /sys || mount -o remount,rw,bind /sys",
    "the host's control groups": "unshare -C mount -t cgroup2 none /mnt && find /mnt | grep -qE 'elastinet-|i-1'",
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


@contextmanager
def outside_process() -> Iterator[int]:
    """A process of the host's, of the same user."""
    with Program(["sleep", "4343"]) as process:
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
    assert not broken, broken
