"""EFAs on packets: an `efa` interface carries IP as any other, an EFA-only one is no link of the guest."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from world import World

MACS = "http://169.254.169.254/latest/meta-data/network/interfaces/macs"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"), "--rules", "2026")
    yield made
    made.cli("stop", check=False)


@pytest.fixture(scope="module")
def place(world: World) -> Any:
    """Two instances, each with an `efa` interface, an ordinary one, and an EFA-only one on its other card."""
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    cards = [
        {"NetworkCardIndex": card, "DeviceIndex": index, "SubnetId": subnet, "Groups": [vpc.group]}
        | {"InterfaceType": kind}
        for card, index, kind, subnet in (
            (0, 0, "efa", vpc.left),
            (0, 1, "interface", vpc.right),
            (1, 1, "efa-only", vpc.left),
        )
    ]
    one, other = world.launch("", "", 2, InstanceType="c6in.32xlarge", NetworkInterfaces=cards)
    world.settle()
    return SimpleNamespace(one=one, other=other, vpc=vpc)


def interfaces(world: World, instance: Any) -> list[dict[str, Any]]:
    (found,) = world.ec2.describe_instances(InstanceIds=[instance.id])["Reservations"]
    return list(found["Instances"][0]["NetworkInterfaces"])


def links(world: World, instance: Any) -> list[str]:
    return sorted(world.out(instance.id, "ls /sys/class/net").split())


def test_only_what_carries_ip_is_a_link(world: World, place: Any) -> None:
    assert links(world, place.one) == ["eth0", "eth1", "lo"]
    assert {i["Attachment"]["Status"] for i in interfaces(world, place.one)} == {"attached"}
    world.out(place.one.id, f"ping -c 1 -W 2 {place.other.ip}")
    told = json.loads(world.cli("nic", place.one.id, "--json").stdout)["interfaces"]
    assert [(i["device"], i["driver"], i["card"]) for i in told] == [
        ("eth0", "efa", 0), ("eth1", "ena", 0), (None, "efa", 1),
    ]  # fmt: skip
    assert "efa" in world.cli("nic", place.one.id).stdout
    counted = world.cli("nic", place.one.id, "--stats").stdout
    assert [line.split()[0] for line in counted.splitlines() if line.startswith("eth")] == ["eth0", "eth1"]


def test_metadata(world: World, place: Any) -> None:
    """Guests' agents take an interface without `local-ipv4s` for EFA-only."""
    first, _, only = interfaces(world, place.one)
    listed = world.out(place.one.id, f"curl -sf {MACS}/").split()
    assert sorted(listed) == sorted(f"{i['MacAddress']}/" for i in interfaces(world, place.one))
    assert world.out(place.one.id, f"curl -sf {MACS}/{first['MacAddress']}/local-ipv4s") == place.one.ip
    items = world.out(place.one.id, f"curl -sf {MACS}/{only['MacAddress']}/").split()
    assert not {"local-ipv4s", "ipv6s", "local-hostname", "public-ipv4s"} & {*items}
    for name, value in (("network-card", "1"), ("device-number", "1"), ("interface-id", None)):
        expected = value or only["NetworkInterfaceId"]
        assert world.out(place.one.id, f"curl -sf {MACS}/{only['MacAddress']}/{name}") == expected


def test_a_stopped_instance_gives_and_takes(world: World, place: Any) -> None:
    (attachment,) = (i["Attachment"]["AttachmentId"] for i in interfaces(world, place.other)[2:])
    world.ec2.stop_instances(InstanceIds=[place.other.id])
    world.settle()
    world.ec2.detach_network_interface(AttachmentId=attachment)
    asked = {"SubnetId": place.vpc.right, "Groups": [place.vpc.group], "InterfaceType": "efa"}
    made = world.ec2.create_network_interface(**asked)["NetworkInterface"]
    where = {"InstanceId": place.other.id, "DeviceIndex": 1, "NetworkCardIndex": 1}
    world.ec2.attach_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"], **where)
    world.ec2.start_instances(InstanceIds=[place.other.id])
    world.settle()
    assert links(world, place.other) == ["eth0", "eth1", "eth1n1", "lo"]
    world.out(place.one.id, f"ping -c 1 -W 2 {made['PrivateIpAddress']}")
