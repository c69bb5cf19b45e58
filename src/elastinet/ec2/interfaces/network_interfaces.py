"""Network interfaces."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from elastinet.catalog import regions
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need, need_mine
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.once import once
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.public_addresses import association, forget_associations
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import UNMANAGED, shared, tag_set
from elastinet.ec2.interfaces import connection_tracking
from elastinet.ec2.interfaces.interface_spec import InterfaceSpec
from elastinet.ec2.interfaces.new_interface import create_interface, groups_of
from elastinet.model.fault import Fault
from elastinet.model.interface import Address, Attachment, EnaSrd, NetworkInterface
from elastinet.model.security import SecurityGroup
from elastinet.model.view import StateView
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules import naming
from elastinet.rules.interfaces import addresses_of

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import NetworkInterfaceStatusType, NetworkInterfaceTypeType
    from mypy_boto3_ec2.type_defs import (
        AttachmentEnaSrdSpecificationTypeDef,
        ConnectionTrackingConfigurationTypeDef,
        GroupIdentifierTypeDef,
        NetworkInterfaceAttachmentTypeDef,
        NetworkInterfacePrivateIpAddressTypeDef,
        NetworkInterfaceTypeDef,
        PublicIpDnsNameOptionsTypeDef,
    )


SERVICE_OWNER = "amazon-aws"
"""The owner, by alias, of what services' own interfaces are attached to."""


def view(tx: Transaction, interface: NetworkInterface) -> StateView:
    """A network interface in the shape of the API."""
    elastic = tuple(tx.state.where(Address, "network-interface-id", interface.id))
    vpc = tx.need(Vpc, interface.vpc_id)
    return tx.views.of(interface, (vpc, *elastic), lambda: _view(tx, interface, vpc))


def _view(tx: Transaction, interface: NetworkInterface, vpc: Vpc) -> "NetworkInterfaceTypeDef":
    zone = regions.zone(interface.region, interface.zone)
    addresses = private_addresses(tx, interface, vpc)
    shown: NetworkInterfaceTypeDef = {
        "NetworkInterfaceId": interface.id,
        "OwnerId": interface.owner,
        "VpcId": interface.vpc_id,
        "SubnetId": interface.subnet_id,
        "AvailabilityZone": interface.zone,
        "AvailabilityZoneId": zone.id if zone else "",
        "MacAddress": interface.mac,
        "Description": interface.description,
        "InterfaceType": cast("NetworkInterfaceTypeType", interface.interface_type),
        "Groups": group_set(tx, interface),
        "PrivateIpAddresses": addresses,
        "Ipv6Addresses": [
            {"Ipv6Address": address, "IsPrimaryIpv6": interface.has_primary6 and number == 0}
            for number, address in enumerate(interface.addresses6)
        ],
        "RequesterManaged": interface.requester_id is not None,
        "SourceDestCheck": interface.source_dest_check,
        "Status": status(interface),
        "Operator": UNMANAGED,
        "TagSet": tag_set(interface),
    }
    if addresses:
        shown["PrivateIpAddress"] = addresses[0]["PrivateIpAddress"]
        shown["PrivateDnsName"] = addresses[0]["PrivateDnsName"]
        shown |= public_part(addresses[0])
    if interface.addresses6 and not addresses:
        shown["Ipv6Native"] = True
    if interface.addresses6:
        shown["Ipv6Address"] = interface.addresses6[0]
    if interface.prefixes:
        shown["Ipv4Prefixes"] = [{"Ipv4Prefix": prefix} for prefix in interface.prefixes]
    if interface.prefixes6:
        shown["Ipv6Prefixes"] = [{"Ipv6Prefix": prefix} for prefix in interface.prefixes6]
    if requester := interface.requester_id or interface.creator_id:
        shown["RequesterId"] = requester
    if idle := connection_tracking.view(interface.idle):
        shown["ConnectionTrackingConfiguration"] = cast("ConnectionTrackingConfigurationTypeDef", idle)
    if interface.attachment is not None:
        shown["Attachment"] = _attachment(interface, interface.attachment)
    return shown


def group_set(tx: Transaction, interface: NetworkInterface) -> "list[GroupIdentifierTypeDef]":
    """The groups of an interface, by id and name; a group's name never changes."""
    return [_group(id, tx.need(SecurityGroup, id).group_name) for id in interface.groups]


@shared
def _group(id: str, name: str) -> "GroupIdentifierTypeDef":
    return {"GroupId": id, "GroupName": name}


def private_addresses(
    tx: Transaction, interface: NetworkInterface, vpc: Vpc
) -> "list[NetworkInterfacePrivateIpAddressTypeDef]":
    """An interface's private addresses with what leads to each from outside."""
    elastic = addresses_of(tx.state, interface)
    shown = []
    for address in interface.addresses:
        one: NetworkInterfacePrivateIpAddressTypeDef = {
            "PrivateIpAddress": address,
            "PrivateDnsName": naming.private_dns(address, interface.region),
            "Primary": address == interface.primary,
        }
        lent = interface.public_ip if one["Primary"] else None
        public = association(elastic.get(address), lent, vpc)
        if public:
            one["Association"] = public
        shown.append(one)
    return shown


def public_part(primary: "NetworkInterfacePrivateIpAddressTypeDef") -> "NetworkInterfaceTypeDef":
    """The part of a view about the public address that leads to the primary one."""
    public = primary.get("Association")
    if public is None:
        return {}
    if "PublicDnsName" not in public:
        return {"Association": public}
    name = public["PublicDnsName"]
    options: PublicIpDnsNameOptionsTypeDef = {
        "DnsHostnameType": "public-ipv4-dns-name",
        "PublicIpv4DnsName": name,
    }
    return {"Association": public, "PublicDnsName": name, "PublicIpDnsNameOptions": options}


def status(interface: NetworkInterface) -> "NetworkInterfaceStatusType":
    """available, attaching, in-use or detaching."""
    if interface.attachment is None:
        return "available"
    return "detaching" if interface.attachment.status == "detaching" else "in-use"


def _attachment(interface: NetworkInterface, attachment: Attachment) -> "NetworkInterfaceAttachmentTypeDef":
    shown: NetworkInterfaceAttachmentTypeDef = {
        "AttachmentId": attachment.id,
        "AttachTime": moment(attachment.time),
        "DeleteOnTermination": attachment.delete_on_termination,
        "DeviceIndex": attachment.device_index,
        "NetworkCardIndex": attachment.network_card,
        "Status": attachment.status,
        "InstanceOwnerId": interface.owner if interface.requester_id is None else SERVICE_OWNER,
    }
    if interface.requester_id is None:
        shown["InstanceId"] = attachment.instance_id
    if attachment.ena_srd:
        shown["EnaSrdSpecification"] = _express(attachment.ena_srd)
    return shown


def _express(ena_srd: EnaSrd) -> "AttachmentEnaSrdSpecificationTypeDef":
    return {
        "EnaSrdEnabled": ena_srd.enabled,
        "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": ena_srd.udp_enabled},
    }


NETWORK_INTERFACES = Describable(
    NetworkInterface,
    "eni",
    "NetworkInterfaces",
    "NetworkInterfaceIds",
    view,
    paths(
        """
        association.allocation-id association.association-id addresses.association.public-ip
        addresses.association.association-id addresses.association.allocation-id
        addresses.primary addresses.private-ip-address association.ip-owner-id association.public-ip
        association.public-dns-name attachment.attach-time attachment.attachment-id
        attachment.delete-on-termination attachment.device-index attachment.instance-id
        attachment.instance-owner-id attachment.status attachment.network-card-index availability-zone
        availability-zone-id description ipv6-addresses.ipv6-address interface-type mac-address
        network-interface-id operator.managed operator.principal owner-id private-dns-name
        private-ip-address requester-id requester-managed source-dest-check status subnet-id vpc-id
        """,
        {"addresses": "PrivateIpAddresses"},
        addresses__association__owner_id="PrivateIpAddresses.Association.IpOwnerId",
        group_id="Groups.GroupId",
        group_name="Groups.GroupName",
    ),
    {
        name: name
        for name in (
            "vpc-id", "subnet-id", "group-id", "mac-address", "private-ip-address",
            "addresses.private-ip-address", "attachment.instance-id", "attachment.attachment-id",
            "ipv6-addresses.ipv6-address",
        )
    },
)  # fmt: skip


def describe_network_interfaces(tx: Transaction, request: Request) -> Answer:
    """Network interfaces by id or filter."""
    request.accept("IncludeManagedResources")  # none is hidden, so asking for all changes nothing
    given = (f for f in request.get("Filters") or () if f.get("Name") == "attachment.attachment-id")
    attachments = {id for one in given for id in one.ids("Values")}
    shown = partial(_view_with_ended, attachments) if attachments else view
    return describe(tx, request, replace(NETWORK_INTERFACES, view=shown))


def _view_with_ended(attachments: set[str], tx: Transaction, interface: NetworkInterface) -> StateView:
    """Show an attachment that has ended to those who ask for it by its id: they wait for just that."""
    shown, ended = view(tx, interface), interface.ended
    if ended is None or ended.id not in attachments:
        return shown
    return StateView(shown, Attachment=_attachment(interface, ended))


def create_network_interface(tx: Transaction, request: Request) -> Answer:
    """An interface of its own, attached to nothing yet."""
    id = once(tx, "CreateNetworkInterface", request, lambda: _create(tx, request).id)
    made = view(tx, need(tx, NetworkInterface, "eni", id))
    token = request.get("ClientToken")
    return {"NetworkInterface": made | {"Status": "pending"}} | ({"ClientToken": token} if token else {})


def _create(tx: Transaction, request: Request) -> NetworkInterface:
    spec = InterfaceSpec.parse(request)
    tags = tags_for(tx, request, "network-interface")
    subnet = need(tx, Subnet, "subnet", request["SubnetId"])
    return create_interface(tx, subnet, spec, groups_of(tx, spec, subnet), tags, creator_id=tx.user_id)


def delete_network_interface(tx: Transaction, request: Request) -> None:
    """Remove an interface that is attached to nothing; its addresses are free again."""
    interface = need_mine(tx, request["NetworkInterfaceId"])
    if interface.attachment is not None:
        raise in_use(interface)
    remove_interface(tx, interface)


def remove_interface(tx: Transaction, interface: NetworkInterface) -> None:
    """Remove an interface and what leads to it."""
    forget_associations(tx, interface)
    tx.drop(tx.need(NetworkInterface, interface.id))


def in_use(interface: NetworkInterface) -> Fault:
    """The refusal to do to an attached interface what only a free one bears."""
    return Fault("InvalidParameterValue", f"Network interface '{interface.id}' is currently in use.")
