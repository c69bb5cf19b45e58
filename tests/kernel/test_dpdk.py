"""DPDK in an instance, as its user runs it: on its own interfaces, under the rules that hold outside of it."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commands import wait_until
from elastinet.fabric.contract import client
from elastinet.fabric.guest import seccomp
from elastinet.serve.places import runtime_folder
from programs import Program
from world import ELASTINET, World

pytestmark = pytest.mark.skipif(not shutil.which("dpdk-testpmd"), reason="no dpdk-testpmd: package dpdk-dev")
READY = "Press enter"
ECHO = ("testpmd", "--", "--forward-mode=icmpecho", "--auto-start")
STATE = """
    ip -o link show dev eth1 | sed 's/qlen.*//'; ip -o address show dev eth1; ip rule
    ip route show table all dev eth1; nft list tables; pidof busybox
"""
EFA_TYPE = "c5n.18xlarge"


class Quick(World):
    """A world whose instances are asked without a process of the command line for each question."""

    def sh(self, where: str, script: str) -> Any:
        out, null = os.memfd_create("out"), os.open("/dev/null", os.O_RDONLY)
        try:
            words = ["sh", "-c", script]
            code = client.run(runtime_folder(self.port), where, words, stdin=null, stdout=out, stderr=out)
            return SimpleNamespace(returncode=code, stdout=os.pread(out, 1 << 20, 0).decode(), stderr="")
        finally:
            os.close(out)
            os.close(null)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A client in one subnet, and in the other an instance with a second interface."""
    world = Quick(tmp_path_factory.mktemp("dpdk"), "--rules", "2026")
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    (peer,) = world.launch(vpc.left, vpc.group)
    yield SimpleNamespace(world=world, vpc=vpc, client=peer, **vars(with_second(world, vpc)))
    world.stop()


def with_second(world: World, vpc: Any) -> SimpleNamespace:
    """An instance with a second interface in the other subnet."""
    own = [{"DeviceIndex": n, "SubnetId": vpc.right, "Groups": [vpc.group]} for n in range(2)]
    (made,) = world.launch(vpc.right, vpc.group, NetworkInterfaces=own)
    _, second = sorted(made.shown["NetworkInterfaces"], key=lambda one: one["Attachment"]["DeviceIndex"])
    return SimpleNamespace(id=made.id, eni=second["NetworkInterfaceId"], address=second["PrivateIpAddress"],
                           attachment=second["Attachment"]["AttachmentId"])  # fmt: skip


@contextmanager
def dpdk(world: World, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """A DPDK program that runs while the block does, once its ports are there."""
    command = [ELASTINET, "dpdk", "--port", str(world.port), "--tty", *words]
    with Program(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if READY in line:
                break
        try:
            yield process
        finally:
            process.communicate(timeout=60)


def pings(place: SimpleNamespace, address: str = "") -> bool:
    """Whether something answers the client, however late."""
    asked = f"ping -c1 -i0.2 -w30 {address or place.address}"
    return place.world.sh(place.client.id, asked).returncode == 0


def refused(done: Any, code: int, *parts: str) -> None:
    """One line, and the exit code of the other verbs."""
    assert done.returncode == code, done
    said = [line for line in done.stderr.splitlines() if not line.startswith("port ")]
    assert len(said) == 1, said
    for part in parts:
        assert part in said[0]


@pytest.mark.parametrize(
    ("end", "code"),
    [(None, 0), (signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["input ends", "Ctrl-C", "SIGTERM", "kill -9 of the client"],
)
def test_dpdk_has_the_interface_until_it_ends(place, end, code):
    world = place.world
    before = world.out(place.id, STATE)
    with dpdk(world, place.id, "--", *ECHO) as process:
        assert pings(place)
        assert "elastinet_eth1" in world.out(place.id, "nft list tables")
        assert world.sh(place.id, f"ping -c1 -W0.3 -I eth1 {place.client.ip}").returncode != 0
        if end:
            process.send_signal(end)
    assert process.returncode == code
    wait_until(lambda: world.out(place.id, STATE) == before)
    assert pings(place)


@pytest.mark.parametrize(
    ("first", "wild"),
    [
        ("", "ip link set eth1 name wild0; ip link set wild0 mtu 1300 address 0e:00:00:00:00:01"),
        ("", "ip link add br8 type bridge; ip link set br8 up; ip link set eth1 master br8"),
        ("ip link add br9 type bridge; ip link set eth1 master br9", "ip link set eth1 nomaster"),
    ],
    ids=["another name", "a bridge's port", "a bridge's port no more"],
)
def test_whatever_a_program_does_to_the_link_it_is_as_it_was(place, first, wild):
    world = place.world
    world.out(place.id, first or "true")
    before = world.out(place.id, STATE)
    world.out(place.id, f"printf '#!/bin/sh -e\n{wild}' > /root/wild; chmod +x /root/wild")
    world.cli("dpdk", place.id, "--interface", "eth1", "--", "/root/wild")
    assert world.out(place.id, STATE) == before
    world.cli("dpdk", place.id, "--interface", "eth1", "--", "true")
    world.out(place.id, "for bridge in br8 br9; do ip link delete $bridge; done; true")


def test_the_program_s_exit_code_and_its_eal_options(place):
    world = place.world
    world.out(place.id, "printf '#!/bin/sh\nexit 7\n' > /root/seven; chmod +x /root/seven")
    assert world.cli("dpdk", place.id, "--", "/root/seven", check=False).returncode == 7
    shown = world.cli("dpdk", place.id, "--interface", "eth1", "--cores", "1", "--", "echo", "--log-level=8")
    assert f"port 0: eth1 ({place.eni}), net_af_packet, MTU 1500" in shown.stderr
    assert "--lcores=0 " in shown.stdout
    assert shown.stdout.strip().endswith("--log-level=8")


def test_af_xdp_cannot_be_in_an_instance(place):
    refused(place.world.cli("dpdk", place.id, "--driver", "af_xdp", "--", *ECHO, check=False), 2, "CAP_BPF")
    # Should a kernel or a library come to allow it, this tells. So few buffers may be locked here.
    command = (
        "dpdk-testpmd --no-huge -m 128 --no-pci --no-shconf --vdev={}0,iface=eth1 -- --total-num-mbufs=2048"
    )
    packet, xdp = (
        place.world.sh(place.id, command.format(driver)) for driver in ("net_af_packet", "net_af_xdp")
    )
    assert packet.returncode == 0, packet.stdout
    assert xdp.returncode != 0
    refusal = (
        "Operation not permitted(1). Couldn't load trivial BPF program"
        if seccomp.fault()
        else "to create umem"
    )
    assert refusal in xdp.stdout, xdp.stdout


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["i-0123", "--", "testpmd"], 1, "there is no instance i-0123"),
        (["{0}", "--interface", "eth7", "--", "testpmd"], 2, "has no interface eth7: it has eth0, eth1"),
        (["{client}", "--", "testpmd"], 2, "--interface eth0"),
        (["{0}", "--", "no-such-program"], 127, "no-such-program: No such file"),
        (["{0}", "--", "dpdk-l9fwd"], 1, "package dpdk-dev"),
        (["{0}", "--cores", "99", "--", "testpmd"], 2, "the processors here"),
    ],
)
def test_what_cannot_be(place, words, code, part):
    before = place.world.out(place.id, STATE)
    given = [word.format(place.id, client=place.client.id) for word in words]
    refused(place.world.cli("dpdk", *given, check=False), code, part)
    assert place.world.out(place.id, STATE) == before


def test_dpdk_is_not_installed(place):
    world = place.world
    world.out(place.client.id, "rm /usr/bin/dpdk-testpmd")
    done = world.cli("dpdk", place.client.id, "--interface", "eth0", "--", "testpmd", check=False)
    refused(done, 1, "dpdk-testpmd is not installed", "package dpdk-dev")


def test_an_interface_is_taken_once(place):
    with dpdk(place.world, place.id, "--", *ECHO):
        refused(place.world.cli("dpdk", place.id, "--", *ECHO, check=False), 1, "eth1", "taken")
        assert pings(place)


def test_a_stopped_instance_and_an_efa_without_ip(place):
    world, vpc = place.world, place.vpc
    own = [
        {"DeviceIndex": 0, "SubnetId": vpc.left, "Groups": [vpc.group]},
        {"DeviceIndex": 1, "SubnetId": vpc.left, "Groups": [vpc.group], "InterfaceType": "efa-only"},
    ]
    (made,) = world.launch(vpc.left, vpc.group, NetworkInterfaces=own, InstanceType=EFA_TYPE)
    (efa,) = (
        i["NetworkInterfaceId"] for i in made.shown["NetworkInterfaces"] if i["InterfaceType"] == "efa-only"
    )
    refused(world.cli("dpdk", made.id, "--interface", efa, "--", *ECHO, check=False), 2, efa, "EFA-only")
    world.ec2.stop_instances(InstanceIds=[made.id])
    world.ec2.get_waiter("instance_stopped").wait(InstanceIds=[made.id], WaiterConfig={"Delay": 0.1})
    refused(world.cli("dpdk", made.id, "--", *ECHO, check=False), 1, "stopped, not running")
    world.ec2.terminate_instances(InstanceIds=[made.id])


def test_an_instance_without_a_device_of_its_own(place):
    (made,) = place.world.launch(place.vpc.left, place.vpc.group, InstanceType="t2.micro")
    done = place.world.cli("dpdk", made.id, "--interface", "eth0", "--", *ECHO, check=False)
    refused(done, 1, "the hypervisor carries its packets")
    place.world.ec2.terminate_instances(InstanceIds=[made.id])


def counted(place: SimpleNamespace, source: str, seconds: float) -> int:
    """How many packets that DPDK sends under some source arrive, at most after some seconds."""
    world, target = place.world, place.client
    count = "nft list table ip t | grep -o 'packets [0-9]*' | cut -d' ' -f2"
    rule = "nft add table ip t; nft flush table ip t; nft add chain ip t c '{ type filter hook input priority -500; }'"
    world.out(target.id, f"{rule}; nft add rule ip t c ip saddr {source} udp dport 4000 counter drop")
    gateway = world.out(place.id, "ip neigh show dev eth0 | grep -o '0e:[0-9a-f:]*' | head -1").strip()
    own = (
        "--forward-mode=txonly",
        f"--tx-ip={source},{target.ip}",
        "--tx-udp=4000,4000",
        f"--eth-peer=0,{gateway}",
    )
    with dpdk(world, place.id, "--", "testpmd", "--", *own, "--burst=1", "--auto-start"):
        deadline = time.monotonic() + seconds
        while not int(found := world.out(target.id, count)) and time.monotonic() < deadline:
            time.sleep(0.05)
    return int(found)


def test_groups_and_the_source_check_hold_for_dpdk(place):
    world, foreign = place.world, "10.9.9.9"
    world.out(place.id, f"ping -c1 -w30 {place.client.ip}")
    assert not counted(place, place.address, 1)  # the group lets in ICMP only
    world.allow(place.vpc.group, "udp", 4000)
    world.settle()
    assert counted(place, place.address, 30)
    assert not counted(place, foreign, 1)
    world.ec2.modify_network_interface_attribute(
        NetworkInterfaceId=place.eni, SourceDestCheck={"Value": False}
    )
    world.settle()
    assert counted(place, foreign, 30)


def engine(supervisor: int) -> int:
    """The supervisor's child that serves the API."""
    for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        if b"elastinet.serve.server" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    raise LookupError("no engine")


def test_the_engine_comes_back_and_mends_nothing_of_it(place):
    world = place.world
    with dpdk(world, place.id, "--", *ECHO):
        assert pings(place)
        first = engine(world.pid)
        os.kill(first, signal.SIGKILL)
        healthy = ["curl", "-sf", f"{world.url}/_elastinet/health"]
        wait_until(lambda: subprocess.run(healthy, capture_output=True, check=False).returncode == 0)
        world.settle()
        assert engine(world.pid) != first
        assert pings(place)
        assert "elastinet_eth1" in world.out(place.id, "nft list tables")
    assert pings(place)


def test_the_interface_goes_elsewhere_and_the_instance_ends(place):
    world, ec2 = place.world, place.world.ec2
    made = with_second(world, place.vpc)
    with dpdk(world, made.id, "--", *ECHO) as process:
        assert pings(place, made.address)
        ec2.detach_network_interface(AttachmentId=made.attachment)
        world.settle()
        ec2.attach_network_interface(NetworkInterfaceId=made.eni, InstanceId=place.client.id, DeviceIndex=1)
        world.settle()
        world.out(place.id, f"ping -c1 -w30 {made.address}")  # the other instance's kernel answers
        assert process.poll() is None
        ec2.terminate_instances(InstanceIds=[made.id])
    assert process.returncode == 0  # it has time to end when the instance shuts down
