"""Instances call EC2 by AWS's own names, with the credentials of their roles and no setting."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import sdk_inside
from sdk_inside import AWS, FOLDER, PYTHON
from world import World

REGION = "--region us-east-1"
PROFILE = {"Arn": "arn:aws:iam::000000000000:instance-profile/worker"}
WAITING = "for n in $(seq 100); do {} && exit 0; sleep 0.1; done; exit 1"


@pytest.fixture(scope="module")
def place(world: World) -> Iterator[SimpleNamespace]:
    """A public instance with a role and AWS's clients, one with a role and no way out, a public one without."""
    vpc = world.vpc()
    world.ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": True})
    public = {"DeviceIndex": 0, "SubnetId": vpc.left, "Groups": [vpc.group], "AssociatePublicIpAddress": True}
    (caller,) = world.launch("", "", NetworkInterfaces=[public], IamInstanceProfile=PROFILE)
    (hidden,) = world.launch(vpc.left, vpc.group, IamInstanceProfile=PROFILE)
    (nobody,) = world.launch("", "", NetworkInterfaces=[public])
    sdk_inside.install(world, caller.id)
    yield SimpleNamespace(vpc=vpc, caller=caller, hidden=hidden, nobody=nobody)
    world.cli("reset")


def aws(world: World, instance: Any, words: str) -> Any:
    """What the unmodified command line answers inside an instance."""
    return json.loads(world.out(instance.id, f"{AWS} {words}") or "null")


def test_the_aws_cli_sees_its_own_region(world: World, place: SimpleNamespace) -> None:
    told = aws(world, place.caller, f"ec2 describe-instances {REGION}")
    ids = {i["InstanceId"] for r in told["Reservations"] for i in r["Instances"]}
    assert ids == {place.caller.id, place.hidden.id, place.nobody.id}
