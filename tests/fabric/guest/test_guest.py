"""What an instance finds when it boots, and what stays of it."""

import base64
import os
import signal
import time
from pathlib import Path

from msgspec.structs import replace

from elastinet.serve import places
from family import below, told
from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))


def test_addresses_come_by_dhcp(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    text = machine.ok("i-1", "ip addr show eth0; ip route; cat /etc/resolv.conf; hostname")
    for part in ("mtu 9001", "02:00:00:00:00:01", "inet 10.0.1.10/24", "default via 10.0.1.1 dev eth0"):
        assert part in text
    assert "search ec2.internal\nnameserver 10.0.0.2\nhost-1\n" in text
    assert any(fact["type"] == "attached" and fact["interface"] == "eni-1" for fact in machine.facts)


def test_a_second_interface_answers_by_its_own_table(machine: Machine) -> None:
    second = eni(2, "10.0.2.20", guest="i-1", device="eth1")
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), second, guest(3), eni(3, "10.0.1.30"))
    assert "default via 10.0.2.1 dev eth1" in machine.ok("i-1", "ip route show table 10001")
    assert "default via 10.0.1.1 dev eth0" in machine.ok("i-1", "ip route")
    machine.ok("i-3", "ping -c1 -W2 10.0.2.20")


def test_an_interface_comes_and_goes_while_the_guest_runs(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20"))
    moved = eni(9, "10.0.2.90", guest="i-1", device="eth1")
    machine.desire(moved)
    machine.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-9")
    assert "02:00:00:00:00:09" in machine.ok("i-1", "ip addr show eth1")
    machine.desire(eni(9, "10.0.2.90", guest="i-2", device="eth1", attachment="attach-2"))
    machine.wait(lambda fact: fact["type"] == "detached" and fact["attachment"] == "attach-1")
    machine.wait(lambda fact: fact["type"] == "attached" and fact["attachment"] == "attach-2")
    assert machine.exec("i-1", "ip link show eth1")[0] != 0
    text = machine.ok("i-2", "ip addr show eth1")
    assert "02:00:00:00:00:09" in text
    assert "10.0.2.90/24" in text
    machine.ok("i-1", "ping -c1 -W2 10.0.2.90")


def test_secondary_addresses_follow(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20"))
    machine.desire(eni(1, "10.0.1.10", addresses=("10.0.1.10", "10.0.1.11")))
    machine.until(lambda: "10.0.1.11/32" in machine.ok("i-1", "ip addr show eth0"), "the address")
    machine.ok("i-2", "ping -c1 -W2 10.0.1.11")
    machine.desire(eni(1, "10.0.1.10"))
    machine.until(lambda: "10.0.1.11" not in machine.ok("i-1", "ip addr show eth0"), "its absence")
    assert machine.exec("i-2", "ping -c1 -W1 10.0.1.11")[0] != 0


def test_what_a_guest_writes_stays_with_it(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    machine.ok(
        "i-1", "echo kept > /root/file; echo '# kept' >> /etc/hosts; mkdir /var/log/kept; rm /etc/passwd"
    )
    machine.ok(
        "i-1",
        "echo true > /usr/local/bin/kept; ! touch /proc/sys/kernel/hostname-not-there; echo gone > /run/gone",
    )
    machine.boot(guest(1, boot=2))
    machine.ok("i-1", "test -d /var/log/kept -a -f /usr/local/bin/kept -a ! -e /etc/passwd -a ! -e /run/gone")
    assert "kept" in machine.ok("i-1", "cat /root/file; tail -1 /etc/hosts")
    with open("/etc/hosts") as hosts:
        assert "kept" not in hosts.read()


def test_nothing_of_the_host_is_in_reach(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    assert machine.ok("i-1", "ls -A /root /home /srv /mnt /media").split() == [
        "/home:",
        "/media:",
        "/mnt:",
        "/root:",
        "/srv:",
    ]
    assert machine.exec("i-1", f"ls {machine.disks}")[0] != 0
    assert machine.exec("i-1", f"ls {machine.run}")[0] != 0
    assert machine.exec("i-1", "mknod /tmp/disk b 8 0")[0] != 0
    assert machine.exec("i-1", "echo x > /proc/sys/kernel/core_pattern")[0] != 0
    machine.ok("i-1", "echo 1 > /proc/sys/net/ipv4/ip_forward")


def test_user_data_runs_once(machine: Machine) -> None:
    script = "#!/bin/sh\necho run >> /root/runs\necho said by $(hostname)\n"
    machine.boot(*BASE, guest(1, user_data=script), eni(1, "10.0.1.10"))
    log = machine.disks / "i-1" / "console.log"
    machine.until(lambda: "user data: ended with status 0" in log.read_text(), "the end of user data")
    assert "said by host-1" in log.read_text()
    machine.boot(guest(1, boot=2, user_data=script))
    assert machine.ok("i-1", "cat /root/runs") == "run\n"


def test_user_data_is_bytes(machine: Machine) -> None:
    """What is no UTF-8 runs as it is; what cannot be started runs at the next boot."""
    script = b"#!/bin/sh\nprintf '\xff\xfe\\n' > /root/bytes # \xe9\n"
    data = base64.b64encode(script).decode()
    machine.boot(*BASE, replace(guest(1), user_data=data), eni(1, "10.0.1.10"))
    log = machine.disks / "i-1" / "console.log"
    machine.until(lambda: "user data: ended with status 0" in log.read_text(), "the end of user data")
    assert machine.ok("i-1", "od -An -tx1 /root/bytes").split() == ["ff", "fe", "0a"]


def test_user_data_that_could_not_be_written_is_not_done(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    machine.ok("i-1", "mkdir -p /var/lib/cloud/instance/scripts/part-001/in-the-way")
    script = "#!/bin/sh\necho run >> /root/runs\n"
    machine.boot(guest(1, boot=2, user_data=script))
    log = machine.disks / "i-1" / "console.log"
    machine.until(lambda: "user data: [Errno" in log.read_text(), "a word of it")
    machine.ok("i-1", "rm -r /var/lib/cloud/instance/scripts/part-001")
    machine.boot(guest(1, boot=3, user_data=script))
    machine.until(lambda: "user data: ended with status 0" in log.read_text(), "the end of user data")
    assert machine.ok("i-1", "cat /root/runs") == "run\n"


def test_a_guest_that_ends_by_itself_is_told(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    machine.facts.clear()
    machine.exec("i-1", "kill -9 1; busybox poweroff -f")
    gone = machine.wait(lambda fact: fact["type"] == "gone")
    assert (gone["guest"], gone["boot"], gone["asked"]) == ("i-1", 1, False)


def test_a_guest_that_is_not_wanted_any_more_ends(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    machine.desire(drop=("guest:i-1", "interface:eni-1"))
    assert machine.wait(lambda fact: fact["type"] == "gone")["asked"] is True
    assert machine.wait(lambda fact: fact["type"] == "detached")["interface"] == "eni-1"


def test_a_guest_may_be_unwanted_at_any_moment_of_its_start(machine: Machine) -> None:
    """Its end may be wanted before its init is known."""
    machine.desire(*BASE)
    for moment in range(60):
        machine.say(guest(1, boot=moment + 1), eni(1, "10.0.1.10"))
        time.sleep(moment / 5000)
        assert not machine.desire(drop=("guest:i-1", "interface:eni-1"))
    machine.boot(guest(1, boot=99), eni(1, "10.0.1.10"))


def test_two_interfaces_in_one_subnet(machine: Machine) -> None:
    """The first speaks to it, whichever has come first."""
    second = eni(2, "10.0.1.20", guest="i-1", device="eth1")
    machine.boot(*BASE, guest(1), second)
    machine.boot(eni(1, "10.0.1.10"), guest(3), eni(3, "10.0.1.30"))
    assert "dev eth0 src 10.0.1.10" in machine.ok("i-1", "ip route get 10.0.1.30")
    for address in ("10.0.1.10", "10.0.1.20"):
        machine.ok("i-3", f"ping -c1 -w5 {address}")


def test_what_a_guest_writes_in_its_clients_name(machine: Machine) -> None:
    """Its root may write into the pipe by which the DHCP client tells of its lease."""
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    client = machine.ok("i-1", "grep -al '[u]dhcpc' /proc/[0-9]*/cmdline | head -n1").rpartition("/")[0]
    for text in (r"\377", r"\n", "10.0.9.9"):
        machine.ok("i-1", f"printf '{text}' > {client}/fd/5")
    machine.boot(guest(2), eni(2, "10.0.2.20"))
    machine.ok("i-1", "ping -c1 -w5 10.0.2.20")


def test_a_disk_that_takes_nothing(machine: Machine) -> None:
    """The guest without a place for its disk does not start, one without a console does, and others go on."""
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    with machine.as_user():
        (machine.disks / "i-2").write_text("in the way")
        (machine.disks / "i-3" / "console.log").mkdir(parents=True)
    failed = machine.desire(guest(2), eni(2, "10.0.2.20"))
    assert "File exists" in failed["guest:i-2"]
    (machine.disks / "i-2").unlink()
    machine.boot(guest(3), eni(3, "10.0.2.30"), drop=("guest:i-2", "interface:eni-2"))
    machine.ok("i-3", "ping -c1 -w5 10.0.1.10")


def test_one_that_ends_by_itself_as_it_is_dropped_may_come_again(machine: Machine) -> None:
    """The agent hears of the drop and of the end at once, in this order: the end is not kept for another guest."""
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    go = "touch /root/go; chmod 666 /root/go"
    end = "setsid sh -c 'until test -s /root/go; do sleep 0.02; done; exec busybox poweroff -f'"
    machine.ok("i-1", f"{go}; {end} >/dev/null 2>&1 </dev/null &")
    init = next(pid for pid in below(machine.agent_pid()) if is_init(pid))
    os.kill(machine.agent_pid(), signal.SIGSTOP)
    try:
        machine.say(drop=("guest:i-1", "interface:eni-1"))
        (machine.disks / "i-1" / "root" / "root" / "go").write_text("now")
        machine.until(lambda: not places.is_alive(int(init)), "its end")
    finally:
        os.kill(machine.agent_pid(), signal.SIGCONT)
    machine.wait(lambda fact: fact["type"] == "converged")
    machine.boot(guest(1), eni(1, "10.0.1.10"))
    machine.ok("i-1", "true")


def is_init(pid: int) -> bool:
    """Whether a process is the first one of a guest."""
    status = told(Path(f"/proc/{pid}/status"))
    return "\nName:\tinit\n" in f"\n{status}" and any(
        line.startswith("NSpid:") and line.endswith("\t1") for line in status.splitlines()
    )
