"""EFA's bypass between instances with real libfabric: who gets it, live changes, and what is told of it."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from programs import Program
from world import ELASTINET, World

pytestmark = pytest.mark.skipif(shutil.which("fi_pingpong") is None, reason="libfabric-bin is not installed")
KIND = "c5n.18xlarge"
LONG = ("-I", "3000000", "-S", "65536")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.cli("stop", check=False)


@pytest.fixture(scope="module")
def vpc(world: World) -> SimpleNamespace:
    return world.vpc_for_efa()


@pytest.fixture
def place(world: World, vpc: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """The VPC; what a test launches in it is terminated."""
    vpc.launched = []
    yield vpc
    world.ec2.terminate_instances(InstanceIds=vpc.launched)


def launch(world: World, place: Any, count: int, subnet: str = "", kind: str = "efa") -> list[Any]:
    card = {
        "DeviceIndex": 0,
        "SubnetId": subnet or place.left,
        "Groups": [place.group],
        "InterfaceType": kind,
    }
    made = world.launch("", "", count, InstanceType=KIND, NetworkInterfaces=[card])
    place.launched += [one.id for one in made]
    return made


class PingPong:
    """libfabric's own ping-pong between two instances, its server already listening."""

    def __init__(self, world: World, server: Any, client: Any, *words: str, provider: str = "shm") -> None:
        self.world = world
        # Both ends wait busily: with a low priority they leave other tests the processors.
        way = ("-p", provider, "-e", "rdm" if provider == "shm" else "msg")
        words = ("nice", "-n", "5", "fi_pingpong", *way, *words)
        self.server = self.run(server.id, *words)
        listening = "grep -q ':B9E8 .* 0A ' /proc/net/tcp /proc/net/tcp6"  # its control port, 47592
        world.out(server.id, f"for i in $(seq 1200); do {listening} && exit; sleep 0.05; done; exit 1")
        self.client = self.run(client.id, *words, server.ip)

    def wait(self, where: Any) -> None:
        """Wait until both ends have their part of the memory, as an instance sees it."""
        self.world.out(where.id, "until [ $(ls /dev/shm | grep -c :) = 2 ]; do sleep 0.02; done")

    def run(self, id: str, *words: str) -> "subprocess.Popen[str]":
        command = [ELASTINET, "exec", "--port", str(self.world.port), id, "--", *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end(self, seconds: float = 90) -> tuple[int, int, str]:
        """The exit codes of both, and what the client said."""
        said, _ = self.client.communicate(timeout=seconds)
        self.server.communicate(timeout=seconds)
        return self.client.returncode, self.server.returncode, said

    @property
    def is_on(self) -> bool:
        return self.client.poll() is None and self.server.poll() is None


@contextmanager
def beating(world: World, one: Any, other: Any) -> Iterator[Callable[[], bool]]:
    """A program of the first that writes on in the memory; asks whether the other instance sees it do so."""
    write = "while echo $((++n)) > /dev/shm/.beat && mv /dev/shm/.beat /dev/shm/beat; do sleep 0.02; done"
    command = [ELASTINET, "exec", "--port", str(world.port), one.id, "--", "bash", "-c", write]
    with Program(command) as program:
        world.out(
            other.id, "for i in $(seq 1200); do test -e /dev/shm/beat && exit; sleep 0.05; done; exit 1"
        )

        def goes_on() -> bool:
            changed = "[ $(cat /dev/shm/beat) -gt $was ] && exit; sleep 0.05"
            looks = f"was=$(cat /dev/shm/beat) && for i in $(seq 600); do {changed}; done; exit 1"
            return world.sh(other.id, looks).returncode == 0 and program.poll() is None

        try:
            yield goes_on
        finally:
            program.terminate()


def check(world: World, *names: str) -> tuple[int, list[dict[str, Any]]]:
    done = efa(world, "check", *names, "--json")
    return done.returncode, json.loads(done.stdout)["pairs"]


def efa(world: World, verb: str, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [ELASTINET, "efa", verb, "--port", str(world.port), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def faults(pair: dict[str, Any]) -> list[str]:
    return [condition["fault"] for condition in pair["conditions"] if condition["fault"]]


def test_two_that_may_go_past_the_kernel(world: World, place: Any) -> None:
    """No packet of the transfer is on the interface; over TCP the same program's are."""
    one, other = launch(world, place, 2)
    code, (pair,) = check(world, one.id, other.id)
    assert (code, pair["transport"], faults(pair)) == (0, "efa", [])

    def carried() -> int:
        return int(world.out(one.id, "cat /sys/class/net/eth0/statistics/rx_bytes"))

    before = carried()
    done = PingPong(world, one, other, "-I", "10", "-S", "1048576").end()
    assert done[:2] == (0, 0), done
    between = carried()
    assert between - before < 1_000_000 < 10 * 1048576
    done = PingPong(world, one, other, "-I", "10", "-S", "1048576", provider="tcp").end()
    assert done[:2] == (0, 0), done
    assert carried() - between > 10 * 1048576
    assert world.out(one.id, "ls /dev/shm") == ""


def test_one_outside(world: World, place: Any) -> None:
    """Without an EFA, or in another subnet, the memory is not there: the program falls back to TCP."""
    one, other = launch(world, place, 2)
    (plain,), (far,) = launch(world, place, 1, kind="interface"), launch(world, place, 1, place.right)
    world.out(one.id, "echo hi > /dev/shm/secret")
    assert world.out(other.id, "cat /dev/shm/secret") == "hi\n"
    for outside in (plain, far):
        assert world.sh(outside.id, "cat /dev/shm/secret").returncode != 0
        assert world.out(outside.id, "ls -A /dev/shm") == ""
        code, pairs = check(world, one.id, other.id, outside.id)
        assert (code, [pair["transport"] for pair in pairs]) == (1, ["efa", "tcp", "tcp"])
        done = PingPong(world, one, outside, "-I", "10", "-S", "64", provider="tcp").end()
        assert done[:2] == (0, 0), done
    (pair,) = check(world, one.id, plain.id)[1]
    assert faults(pair) == [f"{plain.id} has no EFA"]
    shown = efa(world, "check", one.id, far.id)
    assert shown.returncode == 1
    assert re.search(r"the same subnet +no +EFA stays in one subnet", shown.stdout), shown.stdout


@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_a_rule_revoked_in_mid_transfer(world: World, place: Any, way: str) -> None:
    """The transfer stops at both ends and nothing of it stays; others go on; with the rule it works again."""
    one, other = launch(world, place, 2)
    second = world.ec2.create_security_group(GroupName=f"second for {way}", Description="d", VpcId=place.id)[
        "GroupId"
    ]
    own = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": second}]}
    for verb in ("authorize_security_group_ingress", "authorize_security_group_egress"):
        getattr(world.ec2, verb)(GroupId=second, IpPermissions=[own])
    third, fourth = launch(world, SimpleNamespace(**vars(place) | {"group": second}), 2)
    transfer = PingPong(world, one, other, *LONG)
    transfer.wait(one)
    with beating(world, third, fourth) as goes_on:
        assert goes_on()
        assert transfer.is_on
        getattr(world.ec2, f"revoke_security_group_{way}")(**place.own)
        assert transfer.end()[:2] == (137, 137)
        world.settle()
        assert goes_on()
    assert world.out(one.id, "ls /dev/shm; grep -c ' /dev/shm ' /proc/mounts") == "1\n"
    assert faults(check(world, one.id, other.id)[1][0]) == [
        f"{place.group} does not let all traffic in from and out to itself"
    ]
    getattr(world.ec2, f"authorize_security_group_{way}")(**place.own)
    world.settle()
    assert PingPong(world, one, other, "-I", "10", "-S", "64").end()[:2] == (0, 0)


def test_an_instance_terminated_in_mid_transfer(world: World, place: Any) -> None:
    """What it left in the memory goes with it; two others of the same set go on."""
    one, other, third, fourth = launch(world, place, 4)
    transfer = PingPong(world, one, other, *LONG)
    transfer.wait(one)
    with beating(world, third, fourth) as goes_on:
        assert goes_on()
        endpoints = "ls /dev/shm | grep -c :"
        assert world.out(third.id, endpoints) == "2\n"
        world.ec2.terminate_instances(InstanceIds=[one.id])
        wait = {"Delay": 0.1, "MaxAttempts": 1200}
        world.ec2.get_waiter("instance_terminated").wait(InstanceIds=[one.id], WaiterConfig=wait)
        assert transfer.server.wait(90) != 0
        assert world.out(third.id, endpoints) == "1\n"
        assert goes_on()
    transfer.client.terminate()
    transfer.end()


def test_groups_changed_by_hand(world: World, place: Any) -> None:
    """An interface that leaves the group loses the memory, one that comes back has it again."""
    one, other = launch(world, place, 2)
    world.out(other.id, "echo hi > /dev/shm/secret")
    eni = one.shown["NetworkInterfaces"][0]["NetworkInterfaceId"]
    alone = world.ec2.create_security_group(GroupName="alone", Description="d", VpcId=place.id)["GroupId"]
    for group, found in ((alone, False), (place.group, True)):
        world.ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[group])
        world.settle()
        assert (world.sh(one.id, "cat /dev/shm/secret").returncode == 0) == found


def test_stopped_and_started_with_an_efa(world: World, place: Any) -> None:
    """An EFA that is attached while the instance is stopped gives it the memory at its start."""
    (one,) = launch(world, place, 1)
    (plain,) = launch(world, place, 1, kind="interface")
    world.out(one.id, "echo hi > /dev/shm/secret")
    world.ec2.stop_instances(InstanceIds=[plain.id])
    wait = {"Delay": 0.1, "MaxAttempts": 1200}
    world.ec2.get_waiter("instance_stopped").wait(InstanceIds=[plain.id], WaiterConfig=wait)
    asked = {"SubnetId": place.left, "Groups": [place.group], "InterfaceType": "efa"}
    eni = world.ec2.create_network_interface(**asked)["NetworkInterface"]["NetworkInterfaceId"]
    world.ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=plain.id, DeviceIndex=1)
    world.ec2.start_instances(InstanceIds=[plain.id])
    world.ec2.get_waiter("instance_running").wait(InstanceIds=[plain.id], WaiterConfig=wait)
    assert world.out(plain.id, "cat /dev/shm/secret") == "hi\n"
    assert check(world, one.id, plain.id)[0] == 0
