"""Subnets."""

import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from elastinet.catalog import regions
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.cidrs import read_ipv6_block
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set, tags_if_any
from elastinet.ec2.vpc.network_acls import associate_default, dissociate
from elastinet.ec2.vpc.subnet_reservations import forget_reservations
from elastinet.ec2.vpc.vpcs import block
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.model.routes import RouteTable
from elastinet.model.view import StateView
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules import addressing, ipv6, naming

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import HostnameTypeType, SubnetCidrBlockStateCodeType
    from mypy_boto3_ec2.type_defs import SubnetIpv6CidrBlockAssociationTypeDef, SubnetTypeDef


def view(tx: Transaction, subnet: Subnet) -> StateView:
    """A subnet in the shape of the API."""
    free = addressing.free_count(tx.state, subnet)
    return tx.views.of(subnet, (_number(free),), lambda: tags_if_any(_view(subnet, free)))


_numbers: dict[int, int] = {}


def _number(value: int) -> int:
    # Views compare what they are made of by identity; this gives equal numbers one identity.
    return _numbers.setdefault(value, value)


def _view(subnet: Subnet, free: int) -> "SubnetTypeDef":
    zone = regions.zone(subnet.region, subnet.zone)
    ipv4: SubnetTypeDef = {} if subnet.ipv6_native else {"CidrBlock": subnet.cidr}
    return ipv4 | {
        "SubnetId": subnet.id,
        "SubnetArn": naming.arn(subnet.region, subnet.owner, "subnet", subnet.id),
        "State": "available",
        "VpcId": subnet.vpc_id,
        "OwnerId": subnet.owner,
        "AvailableIpAddressCount": free,
        "AvailabilityZone": subnet.zone,
        "AvailabilityZoneId": zone.id if zone else "",
        "DefaultForAz": subnet.default_for_az,
        "MapPublicIpOnLaunch": subnet.map_public_ip,
        "MapCustomerOwnedIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": subnet.assign_ipv6,
        "Ipv6CidrBlockAssociationSet": [
            *([ipv6_association(subnet.cidr6_association, subnet.cidr6)] if subnet.cidr6 else []),
            *(ipv6_association(b.association, b.cidr, "disassociated") for b in subnet.former_blocks6),
        ],
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        "Ipv6Native": subnet.ipv6_native,
        "EnableDns64": subnet.dns64,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": cast("HostnameTypeType", subnet.hostname_type),
            "EnableResourceNameDnsARecord": subnet.resource_name_a_record,
            "EnableResourceNameDnsAAAARecord": subnet.resource_name_aaaa_record,
        },
        "Tags": tag_set(subnet),
    }


def ipv6_association(
    id: str, cidr: str, state: "SubnetCidrBlockStateCodeType" = "associated"
) -> "SubnetIpv6CidrBlockAssociationTypeDef":
    """A subnet's IPv6 block in the shape of the API."""
    return {
        "AssociationId": id,
        "Ipv6CidrBlock": cidr,
        "Ipv6CidrBlockState": {"State": state},
        "Ipv6AddressAttribute": "public",
        "IpSource": "amazon",
    }


SUBNETS = Describable(
    Subnet,
    "subnet",
    "Subnets",
    "SubnetIds",
    view,
    paths(
        """
        availability-zone availability-zone-id available-ip-address-count cidr-block default-for-az
        customer-owned-ipv4-pool enable-dns64 enable-lni-at-device-index ipv6-native
        ipv6-cidr-block-association.ipv6-cidr-block ipv6-cidr-block-association.association-id
        map-customer-owned-ip-on-launch map-public-ip-on-launch
        outpost-arn owner-id private-dns-name-options-on-launch.hostname-type
        private-dns-name-options-on-launch.enable-resource-name-dns-a-record
        private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record
        state subnet-arn subnet-id vpc-id
        """,
        {
            "ipv6-cidr-block-association": "Ipv6CidrBlockAssociationSet",
            "enable-resource-name-dns-a-record": "EnableResourceNameDnsARecord",
            "enable-resource-name-dns-aaaa-record": "EnableResourceNameDnsAAAARecord",
        },
        availabilityZone="AvailabilityZone",
        cidr="CidrBlock",
        cidrBlock="CidrBlock",
        defaultForAz="DefaultForAz",
        ipv6_cidr_block_association__state="Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State",
    ),
    {"vpc-id": "vpc-id"},
)


OF_IPV6 = {
    "assign_ipv6": "assign-ipv6-address-on-creation",
    "dns64": "enable-dns64",
    "resource_name_aaaa_record": "enable-resource-name-dns-aaaa-record-on-launch",
}
"""A subnet's attributes that it has only with an IPv6 block, by their names in EC2's refusals."""


IPV6_ONLY: dict[str, Any] = {"assign_ipv6": True, "hostname_type": "resource-name"}
"""What a subnet without IPv4 has, for life."""
OF_IPV4 = {
    "map_public_ip": "map-public-ip-on-launch",
    "resource_name_a_record": "enable-resource-name-dns-a-record-on-launch",
}
"""A subnet's attributes that it has only with IPv4."""


def describe_subnets(tx: Transaction, request: Request) -> Answer:
    """Subnets by id or filter."""
    return describe(tx, request, SUBNETS)


def create_subnet(tx: Transaction, request: Request) -> Answer:
    """A subnet in one zone, of a part of its VPC's addresses that no other subnet has."""
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    cidr = _ipv4_block(tx, vpc, request)
    zone = asked_zone(tx, request)
    fields: dict[str, Any] = {"tags": tags_for(tx, request, "subnet")} | ({} if cidr else IPV6_ONLY)
    if (given := request.get("Ipv6CidrBlock")) is not None:
        fields |= ipv6_fields(tx, vpc, given)
    subnet = make_subnet(tx, vpc, cidr, zone, **fields)
    return {"Subnet": view(tx, subnet)}


def _ipv4_block(tx: Transaction, vpc: Vpc, request: Request) -> str:
    """The IPv4 block of a new subnet, "" for one that is to have IPv6 only."""
    given = request.get("CidrBlock")
    if request.get("Ipv6Native"):
        if request.get("Ipv6CidrBlock") is None:
            sentence = "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided."
            raise Fault("MissingParameter", sentence)
        if given is not None:
            sentence = (
                "When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native"
            )
            raise faults.combination(f"{sentence} to true.")
        return ""
    if given is None:
        raise faults.missing_parameter("cidrBlock")
    cidr = block(given, "InvalidSubnet.Range")
    _check_range(tx, vpc, cidr)
    return cidr


def ipv6_fields(tx: Transaction, vpc: Vpc, given: str) -> dict[str, str]:
    """The fields of a subnet with this IPv6 block; raises Fault if the subnet cannot have the block."""
    network = read_ipv6_block(given, "ipv6-cidr-block")
    if network.prefixlen != ipv6.SUBNET_PREFIX:
        raise Fault("InvalidParameterValue", f"invalid value for parameter ipv6-cidr-block: {given}")
    if not any(network.subnet_of(ipv6.network(own)) for own in vpc.cidrs6):
        raise Fault("InvalidSubnet.Range", f"The IPv6 CIDR '{network}' is invalid.")
    if any(str(network) == other.cidr6 for other in tx.where(Subnet, "vpc-id", vpc.id)):
        raise Fault("InvalidSubnet.Conflict", f"The IPv6 CIDR '{network}' conflicts with another subnet")
    return {"cidr6": str(network), "cidr6_association": tx.new_id("subnet-cidr-assoc")}


def asked_zone(tx: Transaction, request: Request) -> str:
    """The zone that a request names by name or by id, not by both."""
    name, id = request.get("AvailabilityZone"), request.get("AvailabilityZoneId")
    if name is not None and id is not None:
        raise faults.combination("Only one of availabilityZone and availabilityZoneId may be given.")
    return pick_zone(tx, name or id)


def pick_zone(tx: Transaction, name: str | None) -> str:
    """A zone of the region by name or id; the first where none is named."""
    if name is None:
        return regions.zones(tx.region)[0].name
    zone = regions.zone(tx.region, name)
    if zone is None:
        names = ", ".join(z.name for z in regions.zones(tx.region))
        sentence = f"Subnets can currently only be created in the following availability zones: {names}."
        raise faults.invalid(name, "availabilityZone", sentence)
    return zone.name


def _check_range(tx: Transaction, vpc: Vpc, cidr: str) -> None:
    network = ipaddress.IPv4Network(cidr)
    if not any(network.subnet_of(addressing.network(own)) for own in vpc.cidrs):
        raise Fault("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")
    for other in tx.where(Subnet, "vpc-id", vpc.id):
        if other.cidr and network.overlaps(addressing.network(other.cidr)):
            raise Fault("InvalidSubnet.Conflict", f"The CIDR '{cidr}' conflicts with another subnet")


def make_subnet(tx: Transaction, vpc: Vpc, cidr: str, zone: str, **fields: Any) -> Subnet:
    """A subnet, within the VPC's quota."""
    if tx.state.count(Subnet, "vpc-id", vpc.id) >= tx.settings.quotas.subnets_per_vpc:
        raise faults.quota("SubnetLimitExceeded", "subnets")
    subnet = tx.new(Subnet, "subnet", vpc_id=vpc.id, zone=zone, cidr=cidr, **fields)
    associate_default(tx, subnet)
    return subnet


def delete_subnet(tx: Transaction, request: Request) -> None:
    """Remove a subnet that nothing is in."""
    subnet = need(tx, Subnet, "subnet", request["SubnetId"])
    if tx.state.count(NetworkInterface, "subnet-id", subnet.id):
        raise faults.dependency(f"The subnet '{subnet.id}' has dependencies and cannot be deleted.")
    for table in tx.where(RouteTable, "association.subnet-id", subnet.id):
        kept = tuple(a for a in table.associations if a.subnet_id != subnet.id)
        tx.put(table.but(associations=kept))
    dissociate(tx, subnet)
    forget_reservations(tx, subnet)
    tx.drop(subnet)


def modify_subnet_attribute(tx: Transaction, request: Request) -> None:
    """Change one of a subnet's attributes; interfaces that are there already keep theirs."""
    subnet = need(tx, Subnet, "subnet", request["SubnetId"])
    given = {
        "map_public_ip": request.get("MapPublicIpOnLaunch"),
        "assign_ipv6": request.get("AssignIpv6AddressOnCreation"),
        "dns64": request.get("EnableDns64"),
        "resource_name_a_record": request.get("EnableResourceNameDnsARecordOnLaunch"),
        "resource_name_aaaa_record": request.get("EnableResourceNameDnsAAAARecordOnLaunch"),
    }
    changes: dict[str, Any] = {name: value.get("Value") for name, value in given.items() if value is not None}
    if hostname_type := request.get("PrivateDnsHostnameTypeOnLaunch"):
        changes["hostname_type"] = hostname_type
    if not changes and next(request.unread(), None) is None:
        raise faults.missing_parameter("attribute")
    if len(changes) > 1:
        raise faults.combination("Only one attribute may be modified in a request.")
    _check_has_ipv6(subnet, changes)
    _check_has_ipv4(subnet, changes)
    tx.put(subnet.but(**changes))


def _check_has_ipv6(subnet: Subnet, changes: Mapping[str, Any]) -> None:
    """Refuse to turn on what only a subnet with an IPv6 block can have."""
    for field, name in OF_IPV6.items():
        if changes.get(field) and not subnet.cidr6:
            raise Fault(
                "InvalidParameterValue",
                f"Invalid value 'true' for {name}. Cannot set {name} to true unless the subnet ({subnet.id}) "
                "has an IPv6 CIDR block associated with it.",
            )


def _check_has_ipv4(subnet: Subnet, changes: Mapping[str, Any]) -> None:
    """Refuse to a subnet of IPv6 only what needs IPv4, and to be without what it has for life."""
    if not subnet.ipv6_native:
        return
    needs = [name for field, name in OF_IPV4.items() if changes.get(field)]
    needs += [field for field, value in IPV6_ONLY.items() if changes.get(field, value) != value]
    if needs:
        raise Fault("InvalidParameterValue", f"{needs[0]} cannot be so: the subnet {subnet.id} is IPv6-only.")
