"""`elastinet efa`: the conditions of a pair, the list of all that have one, and what it does not know."""

from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from commands import NONE, Run, refused, told
from place import make_place

AT = ("--state", "state")


@pytest.fixture
def world(run: Run) -> SimpleNamespace:
    """A server without a fabric, and instances called one, two and plain; the last has no EFA."""
    server = told(run("start", *NONE, *AT))
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    ec2 = boto3.client("ec2", endpoint_url=server["url"], **key)
    place = make_place(ec2)
    own = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": place.group}]}
    place.own = {"GroupId": place.group, "IpPermissions": [own]}
    ec2.authorize_security_group_ingress(**place.own)
    ec2.authorize_security_group_egress(**place.own)
    ids = {name: launch(ec2, place, name) for name in ("one", "two", "plain")}
    return SimpleNamespace(ec2=ec2, place=place, ids=ids)


def launch(ec2: Any, place: Any, name: str) -> str:
    card = {"DeviceIndex": 0, "SubnetId": place.subnet, "Groups": [place.group]}
    card["InterfaceType"] = "interface" if name == "plain" else "efa"
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    given = {"ImageId": place.image, "InstanceType": "c5n.18xlarge", "MinCount": 1, "MaxCount": 1}
    made = ec2.run_instances(**given, NetworkInterfaces=[card], TagSpecifications=tags)
    id = made["Instances"][0]["InstanceId"]
    wait = {"Delay": 0.1, "MaxAttempts": 100}
    ec2.get_waiter("instance_running").wait(InstanceIds=[id], WaiterConfig=wait)
    return str(id)


def test_check_and_list(run: Run, world: SimpleNamespace) -> None:
    done = run("efa", "check", "one", "two", *AT)
    assert done.returncode == 0, done
    assert done.stdout.startswith(f"{world.ids['one']} and {world.ids['two']}: efa (past the kernel)")
    assert done.stdout.count(" yes") == 8
    done = run("efa", "check", "one", "two", "plain", *AT)
    assert done.returncode == 1
    assert [line.split(": ")[1] for line in done.stdout.splitlines()] == [
        "efa (past the kernel)", *[f"tcp (TCP, for {world.ids['plain']} has no EFA)"] * 2,
    ]  # fmt: skip
    listed = told(run("efa", "list", "--json", *AT))
    assert [one["name"] for one in listed] == ["one", "two"]
    assert {one["memory"] for one in listed} == {f"{world.place.subnet}+{world.place.group}"}
    world.ec2.revoke_security_group_egress(**world.place.own)
    assert run("efa", "check", "one", "two", *AT).returncode == 1
    assert run("efa", "list", *AT).stdout.count("its own") == 2


def test_what_it_does_not_know(run: Run, world: SimpleNamespace) -> None:
    refused(run("efa", "check", "one", "nobody", *AT), 2, "there is no instance nobody")
    refused(run("efa", "check", "one", "one", *AT), 2, "the same instance is named twice")
    refused(run("efa", "check", "one", *AT), 2, "two instances or more")
