"""A VPC to try things in."""

from types import SimpleNamespace
from typing import Any


def make_place(ec2: Any, *, whole: bool = False) -> SimpleNamespace:
    """A VPC with two subnets in two zones, a gateway, a group, and an image.

    The lower half of the left subnet is set aside, unless it is to be `whole`: what a test asks for by
    name there is never picked for something else of its own.
    """
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    left, right = (
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")[
            "Subnet"
        ]
        for n, zone in ((1, "a"), (2, "b"))
    )
    if not whole:
        lower = {"SubnetId": left["SubnetId"], "Cidr": "10.0.1.0/25", "ReservationType": "explicit"}
        ec2.create_subnet_cidr_reservation(**lower)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    group = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)["GroupId"]
    (image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
        "Images"
    ]
    (bare,) = ec2.describe_images(Filters=[{"Name": "ena-support", "Values": ["false"]}])["Images"]
    return SimpleNamespace(
        vpc=vpc, subnet=left["SubnetId"], other=right["SubnetId"], gateway=gateway, group=group,
        image=image["ImageId"], no_ena=bare["ImageId"],
    )  # fmt: skip


def launch(ec2: Any, place: SimpleNamespace, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    """Launch instances in the place and give them as they are when they run."""
    given = {"ImageId": place.image, "InstanceType": "c5.large", "MinCount": count, "MaxCount": count}
    if "NetworkInterfaces" not in more:
        given["SubnetId"] = place.subnet
    ids = [i["InstanceId"] for i in ec2.run_instances(**(given | more))["Instances"]]
    return instances(ec2, *ids)


def instances(ec2: Any, *ids: str) -> list[dict[str, Any]]:
    """These instances, in this order."""
    found = [i for r in ec2.describe_instances(InstanceIds=list(ids))["Reservations"] for i in r["Instances"]]
    return sorted(found, key=lambda i: ids.index(i["InstanceId"]))


def interface(ec2: Any, id: str) -> dict[str, Any]:
    """One network interface."""
    (found,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[id])["NetworkInterfaces"]
    return found
