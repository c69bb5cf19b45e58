"""VPCs with both families, to try things in."""

from types import SimpleNamespace
from typing import Any

from place import make_place


def dual_stack_vpc(ec2: Any, shown: bool = False) -> str:
    """A VPC with an IPv6 block: its id, or with `shown` the block."""
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = made["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    return str(block if shown else made["VpcId"])


def first_subnet_block(ec2: Any, vpc: str) -> str:
    """The first /64 of a VPC's IPv6 block."""
    block = describe(ec2, "vpcs", vpc)["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    return str(block).replace("/56", "/64")


def describe(ec2: Any, kind: str, id: str) -> dict[str, Any]:
    """One noun as its describe shows it."""
    singular = {"vpcs": "Vpc", "subnets": "Subnet", "security_groups": "Group"}
    member = "".join(word.capitalize() for word in kind.split("_"))
    ids = f"{singular.get(kind, member.removesuffix('s'))}Ids"
    (found,) = getattr(ec2, f"describe_{kind}")(**{ids: [id]})[member]
    return dict(found)


def default_acl(ec2: Any, vpc: str) -> dict[str, Any]:
    """A VPC's default network ACL."""
    asked = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
    (found,) = ec2.describe_network_acls(Filters=asked)["NetworkAcls"]
    return dict(found)


def default_group(ec2: Any, vpc: str) -> dict[str, Any]:
    """A VPC's default security group."""
    asked = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (found,) = ec2.describe_security_groups(Filters=asked)["SecurityGroups"]
    return dict(found)


def make_dual_stack_place(ec2: Any) -> SimpleNamespace:
    """A place (of place.py) where one subnet has an IPv6 block."""
    place = make_place(ec2, whole=True)
    ec2.associate_vpc_cidr_block(VpcId=place.vpc, AmazonProvidedIpv6CidrBlock=True)
    place.block = first_subnet_block(ec2, place.vpc)
    made = ec2.associate_subnet_cidr_block(SubnetId=place.subnet, Ipv6CidrBlock=place.block)
    place.association = made["Ipv6CidrBlockAssociation"]["AssociationId"]
    place.base = place.block.removesuffix("/64")
    return place


def addresses6(shown: dict[str, Any]) -> list[str]:
    """The IPv6 addresses that an interface shows."""
    return [one["Ipv6Address"] for one in shown["Ipv6Addresses"]]


def prefixes(shown: dict[str, Any], version: int) -> list[str]:
    """The prefixes of one family that an interface shows."""
    return [one[f"Ipv{version}Prefix"] for one in shown.get(f"Ipv{version}Prefixes", ())]
