"""What a lab leaves behind in an account of somebody's server, and how it goes."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from botocore.exceptions import ClientError


class Kind(NamedTuple):
    """A noun: what shows it, its list and its id in the answer, what takes it away, by which parameter."""

    shown_by: str
    listed: str
    id: str
    taken_by: str
    parameter: str = ""


KINDS = (
    Kind("describe_instances", "Reservations", "InstanceId", "terminate_instances", "InstanceIds"),
    Kind("describe_addresses", "Addresses", "AllocationId", "release_address"),
    Kind(
        "describe_vpc_peering_connections",
        "VpcPeeringConnections",
        "VpcPeeringConnectionId",
        "delete_vpc_peering_connection",
    ),
    Kind(
        "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId", "delete_network_interface"
    ),
    Kind("describe_subnets", "Subnets", "SubnetId", "delete_subnet"),
    Kind("describe_route_tables", "RouteTables", "RouteTableId", "delete_route_table"),
    Kind(
        "describe_egress_only_internet_gateways",
        "EgressOnlyInternetGateways",
        "EgressOnlyInternetGatewayId",
        "delete_egress_only_internet_gateway",
    ),
    Kind("describe_internet_gateways", "InternetGateways", "InternetGatewayId", "delete_internet_gateway"),
    Kind("describe_security_groups", "SecurityGroups", "GroupId", "delete_security_group"),
    Kind("describe_vpcs", "Vpcs", "VpcId", "delete_vpc"),
    Kind("describe_placement_groups", "PlacementGroups", "GroupName", "delete_placement_group"),
)
"""In the order in which they can go."""
OVER = ("terminated", "deleted")
TRIES = 4
"""Groups that name each other go one after the other."""


def there(ec2: Any) -> frozenset[str]:
    """The ids of all that an account has of the nouns that labs make."""
    return frozenset(id for kind in KINDS for id in _shown(ec2, kind))


def remove(ec2: Any, before: frozenset[str], settle: Callable[[], None]) -> list[str]:
    """Take away what was not there before; gives the ids of what could not go."""
    left: list[str] = []
    for _ in range(TRIES):
        left = [id for kind in KINDS for id in _remove(ec2, kind, before)]
        settle()
        if not left:
            break
    return left


def _remove(ec2: Any, kind: Kind, before: frozenset[str]) -> Iterator[str]:
    for id in _shown(ec2, kind):
        if id in before:
            continue
        given = {kind.parameter: [id]} if kind.parameter else {kind.id: id}
        try:
            _part(ec2, kind, id)
            getattr(ec2, kind.taken_by)(**given)
        except ClientError:
            yield id  # something else that goes, too, still needs it


def _shown(ec2: Any, kind: Kind) -> list[str]:
    told = getattr(ec2, kind.shown_by)()[kind.listed]
    nouns = [one for noun in told for one in noun.get("Instances", [noun])]
    return [noun[kind.id] for noun in nouns if not _stays(noun)]


def _stays(noun: dict[str, Any]) -> bool:
    """Whether it goes by itself: what is over, and what a VPC has of its own."""
    states = [noun[name] for name in ("State", "Status") if isinstance(noun.get(name), dict)]
    return (
        any(state.get("Name", state.get("Code")) in OVER for state in states)
        or any(one.get("Main") for one in noun.get("Associations", ()))
        or ("IpPermissions" in noun and noun["GroupName"] == "default")
    )


def _part(ec2: Any, kind: Kind, id: str) -> None:
    """Part a gateway from its VPC, which EC2 does not do by itself."""
    if kind.id == "InternetGatewayId":
        (gateway,) = ec2.describe_internet_gateways(InternetGatewayIds=[id])["InternetGateways"]
        for attached in gateway["Attachments"]:
            ec2.detach_internet_gateway(InternetGatewayId=id, VpcId=attached["VpcId"])
