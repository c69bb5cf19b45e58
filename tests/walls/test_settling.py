"""One instance's trouble is named to whoever waits, and holds up nobody else."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from commands import wait_until
from world import World


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A server, a VPC, and an instance that cannot start: where its disk should be there is a file."""
    world = World(tmp_path_factory.mktemp("settling") / "state")
    vpc = world.vpc()
    (broken,) = world.launch(vpc.left, vpc.group)
    world.ec2.stop_instances(InstanceIds=[broken.id])
    world.settle()
    disk = Path(world.state) / "disks" / broken.id
    shutil.move(disk, disk.with_name("kept"))
    disk.write_text("no disk")
    world.ec2.start_instances(InstanceIds=[broken.id])
    wait_until(lambda: status(world)["failed"])
    yield SimpleNamespace(world=world, vpc=vpc, broken=broken.id, disk=disk)
    world.stop()


def status(world: World) -> Any:
    with urlopen(f"{world.url}/_elastinet/status", timeout=30) as reply:
        return json.load(reply)


def settle(world: World, timeout: int) -> tuple[int, Any]:
    try:
        with urlopen(
            Request(f"{world.url}/_elastinet/settle?timeout={timeout}", method="POST"), timeout=90
        ) as reply:
            return reply.status, json.load(reply)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_others_are_not_held_up(place: SimpleNamespace) -> None:
    (other,) = place.world.launch(place.vpc.left, place.vpc.group)
    began = time.monotonic()
    code, told = settle(place.world, 60)
    assert time.monotonic() - began < 45
    assert (code, told["settled"], list(told["failed"])) == (200, False, [f"guest:{place.broken}"])
    assert told["failed"][f"guest:{place.broken}"]
    assert place.world.out(other.id, "hostname").strip()
    for _ in range(3):  # what comes later is waited for as ever
        made = place.world.ec2.create_network_interface(SubnetId=place.vpc.left, Groups=[place.vpc.group])
        eni = made["NetworkInterface"]["NetworkInterfaceId"]
        attachment = place.world.ec2.attach_network_interface(
            NetworkInterfaceId=eni, InstanceId=other.id, DeviceIndex=1
        )
        assert settle(place.world, 60)[0] == 200
        assert "eth1" in place.world.out(other.id, "ip -br link")
        place.world.ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
        assert settle(place.world, 60)[0] == 200
        place.world.ec2.delete_network_interface(NetworkInterfaceId=eni)


def test_who_is_still_to_come_is_waited_for(place: SimpleNamespace) -> None:
    (fresh,) = place.world.ec2.run_instances(
        ImageId=place.world.image, InstanceType="c5.large", MinCount=1, MaxCount=1, SubnetId=place.vpc.right
    )["Instances"]
    assert settle(place.world, 60)[0] == 200
    described = place.world.ec2.describe_instances(InstanceIds=[fresh["InstanceId"]])
    assert described["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"


def test_all_is_settled_once_the_trouble_is_over(place: SimpleNamespace) -> None:
    place.world.ec2.terminate_instances(InstanceIds=[place.broken])
    place.disk.unlink(missing_ok=True)  # the agent may have taken it away already
    wait_until(lambda: settle(place.world, 1) == (200, {"settled": True, "failed": {}}))
