"""VPCs, subnets, gateways, interfaces and instances of a Terraform state."""

from typing import Any

from elastinet.dumps.item import Item
from elastinet.dumps.terraform_lists import Lists, Reader


def _vpc(lists: Lists, item: Item) -> None:
    six = item.text("ipv6_cidr_block")
    blocks = (
        [{"Ipv6CidrBlock": six, "AssociationId": item.text("ipv6_association_id") or None}] if six else []
    )
    id = item.text("id")
    lists.add(
        "Vpcs",
        id,
        item,
        VpcId=id,
        CidrBlock=item.text("cidr_block"),
        Ipv6CidrBlockAssociationSet=blocks,
        InstanceTenancy=item.text("instance_tenancy"),
        DhcpOptionsId=item.text("dhcp_options_id"),
        EnableDnsHostnames=item.flag("enable_dns_hostnames"),
        EnableDnsSupport=item.flag("enable_dns_support", True),
        IsDefault=item.flag("default"),
        MainRouteTableId=item.text("main_route_table_id"),
        DefaultNetworkAclId=item.text("default_network_acl_id"),
    )


def _block(lists: Lists, item: Item) -> None:
    """One more block of a VPC."""
    cidr = item.text("cidr_block")
    if vpc := lists.need("Vpcs", item.text("vpc_id"), f"the block {cidr}"):
        own = {"CidrBlock": cidr, "AssociationId": item.text("id") or None}
        vpc.setdefault("CidrBlockAssociationSet", []).append(own)


def _subnet(lists: Lists, item: Item) -> None:
    six = item.text("ipv6_cidr_block")
    own = item.text("ipv6_cidr_block_association_id") or None
    id = item.text("id")
    lists.add(
        "Subnets",
        id,
        item,
        SubnetId=id,
        VpcId=item.text("vpc_id"),
        CidrBlock=item.text("cidr_block"),
        Ipv6CidrBlockAssociationSet=[{"Ipv6CidrBlock": six, "AssociationId": own}] if six else [],
        AvailabilityZone=item.text("availability_zone"),
        MapPublicIpOnLaunch=item.flag("map_public_ip_on_launch"),
        AssignIpv6AddressOnCreation=item.flag("assign_ipv6_address_on_creation"),
        EnableDns64=item.flag("enable_dns64"),
    )


def _internet_gateway(lists: Lists, item: Item) -> None:
    id, vpc = item.text("id"), item.text("vpc_id")
    attached = [{"State": "available", "VpcId": vpc}] if vpc else []
    lists.add("InternetGateways", id, item, InternetGatewayId=id, Attachments=attached)


def _gateway_attachment(lists: Lists, item: Item) -> None:
    gateway = lists.need("InternetGateways", item.text("internet_gateway_id"), "an attachment of a gateway")
    if gateway is not None:
        gateway["Attachments"] = [{"State": "available", "VpcId": item.text("vpc_id")}]


def _egress_gateway(lists: Lists, item: Item) -> None:
    id, attached = item.text("id"), [{"State": "attached", "VpcId": item.text("vpc_id")}]
    lists.add("EgressOnlyInternetGateways", id, item, EgressOnlyInternetGatewayId=id, Attachments=attached)


def _nat(lists: Lists, item: Item) -> None:
    names = {
        "NetworkInterfaceId": "network_interface_id",
        "PrivateIp": "private_ip",
        "PublicIp": "public_ip",
        "AllocationId": "allocation_id",
        "AssociationId": "association_id",
    }
    id, address = item.text("id"), {member: item.text(name) or None for member, name in names.items()}
    lists.add(
        "NatGateways",
        id,
        item,
        NatGatewayId=id,
        SubnetId=item.text("subnet_id"),
        ConnectivityType=item.text("connectivity_type"),
        NatGatewayAddresses=[address],
    )


def _eip(lists: Lists, item: Item) -> None:
    id = item.text("allocation_id") or item.text("id")
    lists.add(
        "Addresses",
        id,
        item,
        AllocationId=id,
        Domain="vpc",
        PublicIp=item.text("public_ip"),
        AssociationId=item.text("association_id"),
        NetworkInterfaceId=item.text("network_interface"),
        PrivateIpAddress=item.text("private_ip"),
    )


def _eip_association(lists: Lists, item: Item) -> None:
    address = lists.need("Addresses", item.text("allocation_id"), "an association of an Elastic IP")
    if address is not None:
        names = {
            "AssociationId": "id",
            "NetworkInterfaceId": "network_interface_id",
            "PrivateIpAddress": "private_ip_address",
        }
        address.update({member: text for member, name in names.items() if (text := item.text(name))})


def _interface(lists: Lists, item: Item) -> None:
    id, primary = item.text("id"), item.text("private_ip")
    addresses = [primary, *(one for one in item.texts("private_ips") if one != primary)]
    attached = [
        {
            "InstanceId": one.text("instance"),
            "AttachmentId": one.text("attachment_id") or None,
            "DeviceIndex": one.number("device_index", 0, 255, 0),
        }
        for one in item.items("attachment")
    ]
    lists.add(
        "NetworkInterfaces",
        id,
        item,
        NetworkInterfaceId=id,
        SubnetId=item.text("subnet_id"),
        MacAddress=item.text("mac_address"),
        Description=item.text("description"),
        InterfaceType=item.text("interface_type"),
        SourceDestCheck=item.flag("source_dest_check", True),
        Groups=[{"GroupId": group} for group in item.texts("security_groups")],
        PrivateIpAddresses=_private(list(filter(None, addresses))),
        Ipv6Addresses=[{"Ipv6Address": one} for one in item.texts("ipv6_addresses")],
        Ipv4Prefixes=[{"Ipv4Prefix": one} for one in item.texts("ipv4_prefixes")],
        Attachment=attached[0] if attached else None,
    )


def _private(addresses: list[str]) -> list[dict[str, Any]]:
    return [{"PrivateIpAddress": one, "Primary": number == 0} for number, one in enumerate(addresses)]


def _attachment(lists: Lists, item: Item) -> None:
    interface = lists.need(
        "NetworkInterfaces", item.text("network_interface_id"), "an attachment of an interface"
    )
    if interface is not None:
        interface["Attachment"] = {
            "InstanceId": item.text("instance_id"),
            "AttachmentId": item.text("attachment_id") or None,
            "DeviceIndex": item.number("device_index", 0, 255, 0),
        }


def _group_attachment(lists: Lists, item: Item) -> None:
    id, group = item.text("network_interface_id"), item.text("security_group_id")
    interface = lists.need("NetworkInterfaces", id, f"the group {group} of an interface")
    if interface is not None and {"GroupId": group} not in interface["Groups"]:
        interface["Groups"].append({"GroupId": group})


def _instance(lists: Lists, item: Item) -> None:
    id, interface = item.text("id"), item.text("primary_network_interface_id")
    subnet = lists.find("Subnets", item.text("subnet_id")) or {}
    lists.add(
        "Instances",
        id,
        item,
        InstanceId=id,
        ImageId=item.text("ami"),
        InstanceType=item.text("instance_type"),
        State={"Name": item.text("instance_state")} if item.has("instance_state") else None,
        VpcId=subnet.get("VpcId"),
        SubnetId=item.text("subnet_id"),
        PrivateIpAddress=item.text("private_ip"),
        KeyName=item.text("key_name"),
        Placement={
            "AvailabilityZone": item.text("availability_zone"),
            "Tenancy": item.text("tenancy") or None,
        },
        NetworkInterfaces=[_primary(item, interface)] if interface else [],
    )


def _primary(item: Item, interface: str) -> dict[str, Any]:
    """An instance's primary interface, as far as the instance tells of it."""
    addresses = _private(list(filter(None, (item.text("private_ip"), *item.texts("secondary_private_ips")))))
    if addresses and (public := item.text("public_ip")):
        addresses[0]["Association"] = {"PublicIp": public, "PublicDnsName": item.text("public_dns")}
    return {
        "NetworkInterfaceId": interface,
        "SubnetId": item.text("subnet_id"),
        "SourceDestCheck": item.flag("source_dest_check", True),
        "Groups": [{"GroupId": group} for group in item.texts("vpc_security_group_ids")],
        "PrivateIpAddresses": addresses,
        "Ipv6Addresses": [{"Ipv6Address": one} for one in item.texts("ipv6_addresses")],
        "Attachment": {"DeviceIndex": 0},
    }


READERS: dict[str, Reader] = {
    "aws_vpc": _vpc,
    "aws_default_vpc": lambda lists, item: _vpc(lists, Item({**item.members, "default": True})),
    "aws_subnet": _subnet,
    "aws_default_subnet": _subnet,
    "aws_internet_gateway": _internet_gateway,
    "aws_egress_only_internet_gateway": _egress_gateway,
    "aws_nat_gateway": _nat,
    "aws_eip": _eip,
    "aws_network_interface": _interface,
}
LATER: dict[str, Reader] = {
    "aws_vpc_ipv4_cidr_block_association": _block,
    "aws_internet_gateway_attachment": _gateway_attachment,
    "aws_eip_association": _eip_association,
    "aws_network_interface_attachment": _attachment,
    "aws_network_interface_sg_attachment": _group_attachment,
    "aws_instance": _instance,
}
