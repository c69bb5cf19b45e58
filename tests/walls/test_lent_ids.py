"""An ordinary user's instances with the ids that /etc/subuid lends him: users inside, and walls as high."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_room import BOMB, MOST, SMALL

from elastinet.deletion import remove_tree
from elastinet.fabric.contract.objects import Guest
from machine import NOBODY, Machine
from parts import ALL, eni, group, guest, network, table
from root_tars import content, package, userland

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="lending ids takes root")
LENT = 0x6F000000


@pytest.fixture(scope="module")
def up() -> Iterator[Machine]:
    machine = Machine("rootless", lent=True)
    try:
        small = guest(1, memory_mib=SMALL)
        machine.boot(
            network(), table(), group(ALL), small, eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20")
        )
        yield machine
    finally:
        machine.stop()
        remove_tree(machine.folder)


def test_there_are_users(up: Machine) -> None:
    """Whom this machine's own passwd knows: a user may not read its shadow, so none can be added there."""
    up.ok(
        "i-1",
        "install -d -o daemon /srv/daemon; setpriv --reuid daemon --clear-groups touch /srv/daemon/mine",
    )
    up.ok("i-1", "stat -c %U /srv/daemon/mine | grep -x daemon; unshare -pfm --mount-proc true")
    (file,) = up.disks.rglob("daemon/mine")
    assert file.stat().st_uid == LENT


def test_root_inside_is_the_user_who_has_started_it(up: Machine) -> None:
    up.ok("i-1", "cp /bin/sh /root/mine; chmod 4755 /root/mine; id -G | grep -x 0")
    assert next(up.disks.rglob("root/mine")).stat().st_uid == NOBODY


@pytest.mark.parametrize("who", ["0 1000 1001", "1000 nested"])
def test_all_users_of_a_guest_have_no_more_than_it(up: Machine, who: str) -> None:
    up.ok("i-1", f"cat > /root/bomb.py <<'END'\n{BOMB}\nEND")
    counts = [int(word) for word in up.ok("i-1", f"python3 /root/bomb.py {who}").split()]
    assert MOST // 2 < sum(counts) < MOST
    assert up.ok("i-2", "for i in 1 2 3 4 5; do sleep 0.1 & done; wait; echo fine") == "fine\n"


def test_groups_and_memory_of_cgroups_are_not_had(up: Machine) -> None:
    assert up.exec("i-1", "unshare -C true")[0] != 0


def test_package_with_a_user_in_an_image(up: Machine, tmp_path: Path) -> None:
    image = content(up, userland().bytes())
    up.boot(Guest("i-3", "host-3", boot=1, layers=(image,)))
    deb = base64.b64encode(package(tmp_path / "service")).decode()
    up.ok(
        "i-3",
        f"/dev/.elastinet/busybox base64 -d >/root/service.deb <<END\n{deb}\nEND\ndpkg -i /root/service.deb",
    )
    assert up.ok("i-3", "stat -c %U:%G /var/lib/service/data").strip() == "service:service"
    assert up.ok("i-3", "useradd bob; id -un bob").strip() == "bob"
    (file,) = up.disks.rglob("service/data")
    assert file.stat().st_uid > LENT
