"""A guest's root tries to break out, and finds nothing to break."""

import os
from pathlib import Path

import pytest

from escapes import nothing_leads_out
from machine import Machine
from parts import ALL, eni, group, guest, network, table


@pytest.fixture
def up(machine: Machine) -> Machine:
    machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20"))
    return machine


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
    """Filters and sysctls work inside, and are not felt outside."""
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
