"""Namespaces that lie in one another, and a device's number in the kernel's own form."""

import os
import subprocess

import pytest

from elastinet.fabric.revoke import devicenumber
from elastinet.fabric.revoke.lineage import lineage
from programs import Program

NESTED = ("unshare", "--user", "--map-root-user", "--pid", "--fork")


def opened(kind: str, pid: int | str = "self") -> int:
    return os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY)


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as told:
        return [int(child) for child in told.read().split()]


@pytest.mark.parametrize(("kind", "made"), [("user", "user"), ("pid", "pid_for_children")])
def test_a_namespace_two_below_has_both_above_it(kind: str, made: str) -> None:
    own = os.stat(f"/proc/self/ns/{kind}").st_ino
    assert lineage(opened(kind)) == [own]
    script = "echo; read end"
    with Program(
        [*NESTED, *NESTED, "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout
        assert first.stdin
        first.stdout.readline()
        (middle,) = children(first.pid)
        (inner,) = children(middle)
        above = [
            os.stat(path).st_ino for path in (f"/proc/{inner}/ns/{kind}", f"/proc/{first.pid}/ns/{made}")
        ]
        assert len({*above, own}) == 3
        assert lineage(opened(kind, inner)) == [*above, own]
        first.stdin.close()


def test_the_descriptor_is_taken() -> None:
    fd = opened("user")
    lineage(fd)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_device_s_number() -> None:
    """/dev/null is 1:3; minors above 255 are where makedev(3) has two parts of them."""
    null = os.stat("/dev/null").st_rdev
    assert devicenumber.inside(null) == 0x100003
    assert devicenumber.outside(0x100003) == null
    assert devicenumber.outside(devicenumber.inside(os.makedev(259, 70000))) == os.makedev(259, 70000)
