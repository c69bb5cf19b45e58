"""VPCs with both families, to try things in."""

from typing import Any


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
