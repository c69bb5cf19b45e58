"""The default user from the first boot, and port 22, whose server starts when somebody knocks."""

import os
import time

import pytest

import login_pair
from elastinet.fabric.kernel.features import find
from login_pair import BASE, NEEDS, SSH, logs_in
from machine import Machine
from parts import eni, guest

pytestmark = NEEDS
running, keys, pair = login_pair.running, login_pair.keys, login_pair.pair
LISTENS = "grep -q ':0016 0*:0000 0A' /proc/net/tcp /proc/net/tcp6"


def test_the_user_is_there_before_user_data(pair: Machine, keys: dict[str, tuple[str, str]]) -> None:
    note = f"ec2-user\n{keys['mine'][1]}\n"
    pair.until(lambda: pair.exec("i-1", "cat /root/note")[1] == note, "user data")
    look = "stat -c '%U %G %a' /home/ec2-user /home/ec2-user/.ssh /home/ec2-user/.ssh/authorized_keys"
    modes = "ec2-user ec2-user 750\nec2-user ec2-user 700\nec2-user ec2-user 600\n"
    assert pair.ok("i-1", look) == modes
    assert pair.exec("i-2", "id ec2-user")[0] != 0
    pair.ok("i-1", "useradd -m another; su another -c 'test ! -r /etc/shadow'")
    assert pair.ok("i-1", "getent shadow ec2-user").startswith("ec2-user:*:")


@pytest.mark.skipif(not find("sudo"), reason="sudo is not installed")
def test_the_user_is_root_by_sudo_where_sudo_works(pair: Machine) -> None:
    """An ordinary user's instances see the machine's as nobody's."""
    status, said = pair.exec("i-1", "su ec2-user -c 'sudo -n id -u'")
    assert (status, said) == (0, "0\n") if pair.mode == "root" else status != 0


def test_who_knocks_first_starts_the_server(pair: Machine) -> None:
    assert pair.exec("i-1", "pgrep -x sshd")[0] != 0
    assert logs_in(pair, "whoami") == (0, "ec2-user\n")
    pair.until(lambda: pair.exec("i-1", f"pgrep -x sshd >/dev/null && {LISTENS}")[0] == 0, "its server")
    assert logs_in(pair, "whoami") == (0, "ec2-user\n")
    for who, key in (("ec2-user", "other"), ("root", "mine"), ("daemon", "mine")):
        command = SSH.format(key, "true").replace("ec2-user@", f"{who}@")
        status, said = pair.exec("i-2", command)
        assert (status, "Permission denied (publickey)" in said) == (255, True), who


def test_many_may_knock_at_once(pair: Machine) -> None:
    both = " & ".join([SSH.format("mine", "whoami")] * 3)
    assert pair.ok("i-2", f"{both} & wait") == "ec2-user\n" * 3


def test_a_group_decides_who_may_knock(pair: Machine) -> None:
    pair.desire(eni(1, "10.0.1.10", groups=("sg-2",)))
    assert pair.exec("i-2", "timeout 1 bash -c '</dev/tcp/10.0.1.10/22'")[0] == 124
    assert pair.exec("i-1", "pgrep -x sshd")[0] != 0


def test_what_its_user_changes_stays(pair: Machine) -> None:
    """Also the server that one of the instance's own programs has put in place of the machine's."""
    pair.ok("i-1", ">/home/ec2-user/.ssh/authorized_keys")
    assert logs_in(pair, "whoami")[0] == 255
    again = guest(1, boot=2, login_user="ec2-user", login_key="ssh-ed25519 another")
    pair.boot(again)
    assert pair.ok("i-1", "cat /home/ec2-user/.ssh/authorized_keys") == ""
    assert logs_in(pair, "whoami")[0] == 255


def test_without_a_key_nobody_listens(pair: Machine) -> None:
    pair.boot(guest(3, login_user="admin"), eni(3, "10.0.1.30"))
    assert pair.ok("i-3", "ls -A /home/admin/.ssh; id -un admin") == "admin\n"
    assert pair.exec("i-3", LISTENS)[0] != 0
    pair.boot(guest(4, login_key="ssh-ed25519 without-a-user"), eni(4, "10.0.1.40"))
    assert pair.exec("i-4", LISTENS)[0] != 0


def test_a_name_that_is_none_is_refused(machine: Machine) -> None:
    failed = machine.desire(*BASE, guest(1, login_user="../etc", login_key="k"), eni(1, "10.0.1.10"))
    assert "no name of a user: '../etc'" in failed["guest:i-1"]
    machine.boot(guest(2), eni(2, "10.0.1.20"), drop=("guest:i-1", "interface:eni-1"))


def test_a_start_that_was_broken_off_is_no_obstacle(
    machine: Machine, keys: dict[str, tuple[str, str]]
) -> None:
    """As by a kill while a new disk was made."""
    if machine.mode == "root":  # only then its owner is as it would be
        os.makedirs(machine.disks / "i-7" / "fresh/home/admin/.ssh")
    one = guest(7, login_user="admin", login_key=keys["mine"][1])
    machine.boot(*BASE, one, eni(7, "10.0.1.70"))
    assert machine.ok("i-7", "cat /home/admin/.ssh/authorized_keys").strip() == keys["mine"][1]


def test_a_failure_is_of_whom_it_was(machine: Machine) -> None:
    """Not of another guest by the same name, nor of the next boot; they come when the pause is over."""
    bad = guest(1, login_user="../etc", login_key="k")
    assert machine.desire(*BASE, bad, eni(1, "10.0.1.10"))
    time.sleep(1)  # it is tried again and again, with longer pauses
    machine.boot(guest(1, boot=2))
    assert machine.desire(drop=("guest:i-1",)) == {}
    assert machine.desire(guest(1, boot=3, login_user="../etc", login_key="k"))
    time.sleep(1)
    assert machine.desire(drop=("guest:i-1",)) == {}
    machine.boot(guest(1, boot=3))
