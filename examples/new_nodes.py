"""Nodes from a launch template by one fleet; a new version of it, and new nodes in place of the old ones."""

import base64
from typing import Any

from region import WEB, Region, check

NAMED = {"LaunchTemplateName": "node"}


def script(answer: str) -> dict[str, str]:
    """User data of a node that serves an answer."""
    return {"UserData": base64.b64encode(f"#!/bin/sh\n{WEB.format(answer, 80)}".encode()).decode()}


def fleet(capacity: int) -> dict[str, Any]:
    """Ask for nodes of the latest version, all at once."""
    latest = {"LaunchTemplateSpecification": NAMED | {"Version": "$Latest"}}
    made = region.ec2.create_fleet(
        Type="instant",
        LaunchTemplateConfigs=[latest | {"Overrides": [{"SubnetId": vpc.subnets[0]}]}],
        TargetCapacitySpecification={
            "TotalTargetCapacity": capacity,
            "DefaultTargetCapacityType": "on-demand",
        },
    )
    region.settle()
    return made


def answers() -> list[str]:
    """What the nodes say to a client; EC2 itself has tagged them."""
    asked = {"tag-key": "aws:ec2:fleet-id", "instance-state-name": "running"}
    filters = [{"Name": name, "Values": [value]} for name, value in asked.items()]
    found = region.ec2.describe_instances(Filters=filters)["Reservations"]
    nodes = [instance["PrivateIpAddress"] for reservation in found for instance in reservation["Instances"]]
    return sorted(
        region.run(client.id, f"curl -s --retry 20 --retry-all-errors {ip}").strip() for ip in nodes
    )


with Region() as region:
    vpc = region.network("10.0.1.0/24", "10.0.2.0/24")
    client = region.launch(vpc.subnets[1], vpc.group)
    data = {"ImageId": region.image, "InstanceType": "c5.large", "SecurityGroupIds": [vpc.group]}
    region.ec2.create_launch_template(**NAMED, LaunchTemplateData=data | script("one"))
    first = fleet(2)
    check("two nodes of the first version answer", answers() == ["one", "one"])
    region.ec2.create_launch_template_version(**NAMED, SourceVersion="1", LaunchTemplateData=script("two"))
    fleet(2)
    check("a new version has the rest from the old one", answers() == ["one", "one", "two", "two"])
    region.ec2.delete_fleets(FleetIds=[first["FleetId"]], TerminateInstances=True)
    region.settle()
    check("the old nodes go with their fleet", answers() == ["two", "two"])
