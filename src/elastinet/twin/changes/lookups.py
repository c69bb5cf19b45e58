"""What comes with something new, and has an id that only a describe tells."""

from typing import Any

from elastinet.model.noun import Noun
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules.explaining.command import Command
from elastinet.twin.both import Step, make


def of_vpc(noun: Noun, vpc: Vpc, list_: str, id: str, filters: dict[str, str]) -> Step:
    """The default group, network ACL or main table of a new VPC, which is this noun."""
    asked = [_filter("vpc-id", vpc.id), *(_filter(name, value) for name, value in filters.items())]
    return make(noun, f"{list_}[0].{id}", f"Describe{list_}", Filters=asked)


def association_of(subnet: Subnet, called: str) -> Step:
    """The association of a new subnet with its network ACL."""
    asked = {"Filters": [_filter("association.subnet-id", subnet.id)]}
    take = f'NetworkAcls[0].Associations[?SubnetId==`"{subnet.id}"`]|[0].NetworkAclAssociationId'
    return Step(Command("DescribeNetworkAcls", asked, subnet.region, take), makes=called, owner=subnet.owner)


def of_instance(interface: Noun, instance_id: str) -> Step:
    """The primary interface of a new instance."""
    asked = [_filter("attachment.instance-id", instance_id), _filter("attachment.device-index", "0")]
    take = "NetworkInterfaces[0].NetworkInterfaceId"
    return make(interface, take, "DescribeNetworkInterfaces", Filters=asked)


def _filter(name: str, value: str) -> dict[str, Any]:
    return {"Name": name, "Values": [value]}
