"""A guest's root is nobody outside: what it writes, what it finds open, what it may do all the same."""

import os
import stat
import struct
import subprocess
from pathlib import Path

import pytest

from elastinet.fabric.guest import ids
from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="an agent of the machine's root")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "net/tun")
OPENED = r"""
import os, sys
for top in ("/proc", "/sys"):
    for folder, names, files in os.walk(top):
        if folder == "/proc":
            names[:] = [name for name in names if not name.isdecimal() and name not in ("self", "thread-self")]
        for name in files:
            path = os.path.join(folder, name)
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:
                continue
            print(path)
"""
SYSCTLS = r"""
import os, sys
for folder, _, names in os.walk("/proc/sys"):
    for path in (os.path.join(folder, name) for name in sorted(names)):
        try:
            with open(path, "r+" if sys.argv[1:] else "r") as sysctl:
                words = sysctl.read(200).split()
                if sys.argv[1:] and len(words) == 1 and words[0].isdecimal():
                    for value in (int(words[0]) + 1, int(words[0]) - 1, 1 - int(words[0])):
                        try:
                            sysctl.seek(0)
                            sysctl.write(str(value))
                            sysctl.flush()
                            break
                        except (OSError, ValueError):
                            continue
                print(path, words)
        except (OSError, UnicodeDecodeError):
            continue
"""
OURS = (
    "/proc/sys/net/",
    "/proc/sys/user/",
    "/proc/sys/fs/mqueue/",
    "/proc/sys/kernel/",
    "/proc/fs/nfsd/",
    "/proc/net/",
    "/proc/pressure/",
    "/proc/mounts",
    *(
        f"/sys/fs/cgroup/{folder}{name}"
        for folder in ("", "init/")
        for name in ("cgroup.procs", "cgroup.threads", "cgroup.subtree_control")
    ),
)
IPC = {"msg_next_id", "msgmax", "msgmnb", "msgmni", "sem", "sem_next_id", "shm_next_id", "shm_rmid_forced"}
PER_NAMESPACE = IPC | {
    "shmall",
    "shmmax",
    "shmmni",
    "auto_msgmni",
    "pid_max",
    "ns_last_pid",
    "domainname",
    "hostname",
}
"""What of the kernel's sysctls the kernel keeps by namespace (proc_sys_kernel(5), pid_namespaces(7))."""


@pytest.fixture
def up(machine: Machine) -> Machine:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    return machine


def test_no_device_of_the_machine_s_is_changed(up: Machine) -> None:
    """Reading and writing go on; mode, owner and times are the machine's."""
    for name in DEVICES:
        if not Path("/dev", name).exists():
            continue
        before = os.stat(f"/dev/{name}")
        for attempt in ("chmod 600", "chown 1:1", "touch -d 2001-01-01", "setfattr -n user.x -v 1"):
            assert up.exec("i-1", f"{attempt} /dev/{name}")[0] != 0, f"{attempt} {name}"
        after = os.stat(f"/dev/{name}")
        assert (after.st_mode, after.st_uid, after.st_atime_ns // 10**12) == (
            before.st_mode,
            before.st_uid,
            before.st_atime_ns // 10**12,
        )
    up.ok("i-1", "echo x > /dev/null; head -c4 /dev/urandom | wc -c; ! echo x > /dev/full 2>/dev/null")
    if os.access("/dev/net/tun", os.W_OK) and up.mode == "root":
        up.ok("i-1", "ip tuntap add mode tun name tun7 && ip link del tun7")


def test_what_opens_for_writing_is_the_guest_s_own(up: Machine) -> None:
    """Every file of /proc and /sys is tried: those that open are the network's, and of namespaces of its own."""
    found = up.ok("i-1", f"cat > /tmp/opened.py <<'END'\n{OPENED}\nEND\npython3 /tmp/opened.py").split()
    assert len([path for path in found if path.startswith("/proc/sys/net/")]) > 100, "it looked"
    foreign = [path for path in found if not path.startswith(OURS)]
    foreign += [
        path
        for path in found
        if path.startswith("/proc/sys/kernel/") and path.rpartition("/")[2] not in PER_NAMESPACE
    ]
    assert foreign == []


def test_knobs_that_it_turns_turn_nowhere_else(up: Machine) -> None:
    """Each of the sysctls that open is given another value; the machine's and another guest's stay."""
    up.boot(guest(2), eni(2, "10.0.1.20"))
    up.ok("i-1", f"cat > /tmp/sysctls.py <<'END'\n{SYSCTLS}\nEND")
    up.ok("i-2", f"cat > /tmp/sysctls.py <<'END'\n{SYSCTLS}\nEND")
    read = "python3 /tmp/sysctls.py"
    before, outside = up.ok("i-2", read), host_sysctls()
    mine = up.ok("i-1", read)
    up.ok("i-1", f"{read} turn")
    turned = changed(mine, up.ok("i-1", read))
    assert len(turned) > 50, "it did turn"
    assert not changed(before, up.ok("i-2", read))
    assert not changed(outside, host_sysctls())


MOVING = (
    "ns_last_pid",
    "file-nr",
    "inode-nr",
    "inode-state",
    "dentry-state",
    "nf_conntrack_count",
    "nr",
    "uuid",
    "entropy_avail",
    "aio-nr",
    "hung_task_detect_count",
    "perf_event_max_sample_rate",
)
"""What moves by itself, or because one looks."""


def host_sysctls() -> str:
    """The machine's own sysctls and what they say."""
    return subprocess.run(["python3", "-c", SYSCTLS], capture_output=True, text=True, check=True).stdout


def changed(before: str, after: str) -> set[str]:
    """The sysctls of which two looks differ."""
    was, now = (dict(line.split(" ", 1) for line in look.splitlines()) for look in (before, after))
    paths = {path for path in was.keys() & now.keys() if was[path] != now[path]}  # devices come and go
    still = {path for path in paths if path.rpartition("/")[2] not in MOVING}
    return {path for path in still if not path.startswith("/proc/sys/fs/quota/")}


def test_an_administrator_s_work_is_possible(up: Machine) -> None:
    """What masks, and ids that were the machine's, forbade."""
    up.ok("i-1", "unshare -pfm --mount-proc sh -c 'test $$ = 1 -a $(ls -d /proc/[0-9]* | wc -l) -lt 5'")
    if up.mode != "root":
        return  # of one id there is no other: users need a line in /etc/subuid
    up.ok("i-1", "useradd -m wren && su wren -c 'id -un; touch ~/mine' | grep -x wren")
    up.ok("i-1", "stat -c %U /home/wren/mine | grep -x wren")
    up.ok("i-1", "chown 1000:1000 /tmp && chmod 4755 /usr/bin/env")
    up.ok("i-1", "! command -v setcap || setcap cap_net_raw+ep /usr/bin/env")
    package = "mkdir -p /tmp/p/DEBIAN && printf 'Package: wren\nVersion: 1\nArchitecture: all\nMaintainer: w\nDescription: w\n'"
    up.ok("i-1", f"{package} > /tmp/p/DEBIAN/control && dpkg-deb -b /tmp/p /tmp/p.deb && dpkg -i /tmp/p.deb")


@ROOT_ONLY
def test_a_setuid_file_of_a_guest_s_is_nobody_s_outside() -> None:
    machine = Machine("root")
    try:
        machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
        machine.ok(
            "i-1",
            "cp /bin/sh /root/mine; cp /bin/sh /usr/local/bin/mine; chmod 4755 /root/mine /usr/local/bin/mine",
        )
        files = [found for found in machine.disks.rglob("mine") if found.is_file()]
        assert len(files) == 2
        for file in files:
            assert file.stat().st_mode & stat.S_ISUID
            assert file.stat().st_uid == ids.unused() >= 0x80000
    finally:
        machine.close()


@ROOT_ONLY
def test_a_disk_of_before_is_given_to_its_guest() -> None:
    """Owners move, modes and capabilities stay, links are not followed, no depth is too deep."""
    machine = Machine("root")
    try:
        machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
        machine.ok("i-1", "touch /root/file; ln -s /etc/shadow /root/link; cp /bin/true /root/suid")
        machine.ok(
            "i-1", "chmod 4755 /root/suid; chown 1000:1000 /root/file; ln -s /dev/null /usr/local/link"
        )
        machine.ok(
            "i-1",
            "cd /root; i=0; while [ $i -lt 300 ]; do mkdir aaaaaaaaaaaaaaaaaaaa; cd aaaaaaaaaaaaaaaaaaaa; i=$((i+1)); done; touch end",
        )
        machine.desire(drop=("guest:i-1", "interface:eni-1"))
        disk = machine.disks / "i-1"
        as_before(disk)
        machine.boot(guest(1, boot=2), eni(1, "10.0.1.10"))
        assert machine.ok("i-1", "stat -c %u:%g:%a /root/file /root/suid /root").split() == [
            "1000:1000:644",
            "0:0:4755",
            "0:0:700",
        ]
        deepest = "cd /root; while cd aaaaaaaaaaaaaaaaaaaa 2>/dev/null; do :; done; stat -c %u end"
        assert machine.ok("i-1", deepest) == "0\n"
        assert (disk / "root/root/suid").stat().st_uid == ids.unused()
        assert os.stat("/etc/shadow").st_uid == 0
        powers = os.getxattr(disk / "root/root/suid", "security.capability")
        assert struct.unpack("<I", powers[-4:])[0] == ids.unused()
    finally:
        machine.close()


def as_before(disk: Path) -> None:
    """Make a disk one of an elastinet whose guests had the machine's ids."""
    first = int((disk / "ids").read_text())
    (disk / "ids").unlink()
    for top in ("root", "upper"):
        for folder, names, files, fd in os.fwalk(disk / top):
            for name in (".", *names, *files):
                found = os.stat(name, dir_fd=fd, follow_symlinks=False)
                if found.st_uid >= first:
                    os.chown(
                        name, found.st_uid - first, found.st_gid - first, dir_fd=fd, follow_symlinks=False
                    )
                if name == "suid":
                    os.chmod(name, 0o4755, dir_fd=fd)
                    net_raw = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)
                    os.setxattr(Path(folder, name), "security.capability", net_raw)
