"""What only some users of the machine may read is not an instance's to read, whoever its root is."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from elastinet.fabric.guest.veil import OPAQUE, WHITEOUT, Veil
from machine import Machine
from parts import ALL, eni, group, guest, network, table

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root's agent could read them")
MARK = "-----BEGIN OPENSSH PRIVATE KEY-----"


@pytest.fixture(scope="module")
def up() -> Iterator[Machine]:
    """An instance of root's agent, on a machine with files of its own below /etc and /var."""
    script = (
        "mkdir -p {disks}.etc/wg {disks}.work; printf '%s' '" + MARK + "' > {disks}.etc/wg/key; "
        "chmod 600 {disks}.etc/wg/key; cp -a /etc/. {disks}.etc/; mount --bind {disks}.etc /etc"
    )
    machine = Machine("root", before=script)
    machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
    yield machine
    machine.close()


def test_a_key_of_the_machine_is_not_there(up: Machine) -> None:
    assert up.exec("i-1", "cat /etc/wg/key")[0] != 0
    assert "key" not in up.ok("i-1", "ls -a /etc/wg")
    assert up.exec("i-1", "grep -rs 'BEGIN [A-Z ]*PRIVATE KEY' /etc/wg /etc/ssh /var/lib")[0] != 0


def test_nobodys_password_is_there(up: Machine) -> None:
    shadow = up.ok("i-1", "cat /etc/shadow").splitlines()
    assert {line.split(":")[0] for line in shadow} >= {"root"}
    assert {line.split(":")[1] for line in shadow} == {"*"}
    assert up.exec("i-1", "test -e /etc/shadow-")[0] != 0


def test_accounts_are_still_made(up: Machine) -> None:
    up.ok("i-1", "useradd -m trial && su trial -s /bin/sh -c 'id -un' | grep trial")


def test_nothing_that_is_closed_to_others_is_read(up: Machine) -> None:
    """Over all that there is: each file is as everybody on the machine could have read it."""
    find = "find /etc /opt /var /usr/local -xdev -type f ! -perm -o=r -size +0 -newermt @0 2>/dev/null"
    found = set(up.ok("i-1", find).split())
    assert found <= {"/etc/shadow", "/etc/gshadow", "/etc/sudoers", *made(found)}, found


def made(found: set[str]) -> set[str]:
    """What useradd has written in the instance itself, and sudo's rules."""
    return {path for path in found if path.startswith(("/etc/sudoers.d/", "/etc/shadow", "/etc/gshadow"))}


def test_the_rule(tmp_path: Path) -> None:
    machine, layer = tmp_path / "machine", tmp_path / "layer"
    files = {
        "etc/passwd": ("root:x:0:0::/root:/bin/sh\n", 0o644),
        "etc/shadow": ("root:$6$secret:1:2:3:4:::\n", 0o640),
        "etc/hosts": ("hosts", 0o644),
        "etc/app/token": ("secret", 0o600),
        "etc/app/lock": ("", 0o600),
        "etc/sudoers": ("rules", 0o440),
        "var/lib/db/data": ("secret", 0o644),
        "var/tmp/anybody's": ("secret", 0o644),
        "usr/local/etc/key": ("secret", 0o640),
        "usr/lib/thing": ("a package's", 0o600),
    }
    for path, (text, mode) in files.items():
        (machine / path).parent.mkdir(parents=True, exist_ok=True)
        (machine / path).write_text(text)
        (machine / path).chmod(mode)
    (machine / "var/lib/db").chmod(0o750)
    (machine / "var/tmp").chmod(0o1777)
    (machine / "etc/link").symlink_to("/etc/shadow")
    (machine / "etc/app").chmod(0o755)
    assert Veil(layer, machine).lay() == {"etc", "var", "usr"}
    laid = {str(path.relative_to(layer)) for path in layer.rglob("*") if not path.is_dir()}
    assert laid == {"etc/shadow", "etc/app/token", "usr/local/etc/key"}
    for path in ("etc/app/token", "usr/local/etc/key"):
        found = (layer / path).lstat()
        assert stat.S_ISCHR(found.st_mode), path
        assert found.st_rdev == WHITEOUT, path
    for path, mode in (("var/lib/db", 0o750), ("var/tmp", 0o1777)):
        assert os.getxattr(layer / path, OPAQUE) == b"y"
        assert stat.S_IMODE((layer / path).stat().st_mode) == mode
    assert stat.S_IMODE((layer / "etc/app").stat().st_mode) == 0o755
    assert (layer / "etc/shadow").read_text() == "root:*:20000:0:99999:7:::\n"
    assert stat.S_IMODE((layer / "etc/shadow").stat().st_mode) == 0o640


def test_where_all_is_open_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "machine/etc").mkdir(parents=True)
    assert Veil(tmp_path / "layer", tmp_path / "machine").lay() == set()
