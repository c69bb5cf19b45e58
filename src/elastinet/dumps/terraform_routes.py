"""Route tables of a Terraform state, and what their routes may lead to beside what is in subnets."""

from typing import Any

from elastinet.dumps.item import Item
from elastinet.dumps.terraform_lists import Lists, Reader, picked

TARGETS = {
    "gateway_id": "GatewayId",
    "nat_gateway_id": "NatGatewayId",
    "network_interface_id": "NetworkInterfaceId",
    "instance_id": "InstanceId",
    "transit_gateway_id": "TransitGatewayId",
    "vpc_peering_connection_id": "VpcPeeringConnectionId",
    "egress_only_gateway_id": "EgressOnlyInternetGatewayId",
    "local_gateway_id": "LocalGatewayId",
    "carrier_gateway_id": "CarrierGatewayId",
    "core_network_arn": "CoreNetworkArn",
    "vpc_endpoint_id": "GatewayId",
}
INSIDE = {
    "cidr_block": "DestinationCidrBlock",
    "ipv6_cidr_block": "DestinationIpv6CidrBlock",
    "destination_prefix_list_id": "DestinationPrefixListId",
}
ALONE = {
    "destination_cidr_block": "DestinationCidrBlock",
    "destination_ipv6_cidr_block": "DestinationIpv6CidrBlock",
    "destination_prefix_list_id": "DestinationPrefixListId",
    "origin": "Origin",
    "state": "State",
}


def _table(lists: Lists, item: Item) -> None:
    id, vpc_id = item.text("id"), item.text("vpc_id")
    vpc = lists.find("Vpcs", vpc_id) or {}
    main = vpc.get("MainRouteTableId") == id
    own = [picked(one, INSIDE | TARGETS) for one in item.items("route")]
    lists.add(
        "RouteTables",
        id,
        item,
        RouteTableId=id,
        VpcId=vpc_id,
        Routes=own,
        Associations=[{"Main": True}] if main else [],
    )


def _route(lists: Lists, item: Item) -> None:
    own = picked(item, ALONE | TARGETS)
    table = lists.need("RouteTables", item.text("route_table_id"), f"the route {item.text('id')}")
    if table and _destination(own) not in map(_destination, table["Routes"]):
        table["Routes"].append(own)


def _destination(route: dict[str, Any]) -> str:
    return next((str(value) for name, value in route.items() if name.startswith("Destination")), "")


def _association(lists: Lists, item: Item) -> None:
    id = item.text("id")
    if table := lists.need("RouteTables", item.text("route_table_id"), f"the association {id}"):
        names = {"id": "RouteTableAssociationId", "subnet_id": "SubnetId", "gateway_id": "GatewayId"}
        table["Associations"].append(picked(item, names))


def _main(lists: Lists, item: Item) -> None:
    """A table in the place of the one that a VPC came with."""
    vpc_id = item.text("vpc_id")
    for one in lists.lists.get("RouteTables", ()):
        if one.get("VpcId") == vpc_id:
            one["Associations"] = [a for a in one["Associations"] if not a.get("Main")]
    if table := lists.need("RouteTables", item.text("route_table_id"), f"the main table of {vpc_id}"):
        table["Associations"].insert(0, {"Main": True, "RouteTableAssociationId": item.text("id") or None})


def _peering(lists: Lists, item: Item) -> None:
    id, vpc_id = item.text("id"), item.text("vpc_id")
    vpc = lists.find("Vpcs", vpc_id) or {}
    peer = lists.find("Vpcs", item.text("peer_vpc_id")) or {}
    far = {
        "VpcId": item.text("peer_vpc_id"),
        "OwnerId": item.text("peer_owner_id") or None,
        "Region": item.text("peer_region") or None,
        "CidrBlock": peer.get("CidrBlock"),
    }
    lists.add(
        "VpcPeeringConnections",
        id,
        item,
        VpcPeeringConnectionId=id,
        RequesterVpcInfo={"VpcId": vpc_id, "OwnerId": vpc.get("OwnerId"), "CidrBlock": vpc.get("CidrBlock")},
        AccepterVpcInfo=far,
        Status={"Code": item.text("accept_status", "active")},
    )


def _accepter(lists: Lists, item: Item) -> None:
    id = item.text("vpc_peering_connection_id") or item.text("id")
    if found := lists.need("VpcPeeringConnections", id, "the accepter of a peering connection"):
        found["Status"] = {"Code": item.text("accept_status", "active")}


def _endpoint(lists: Lists, item: Item) -> None:
    id, listed = item.text("id"), item.text("prefix_list_id")
    lists.add(
        "VpcEndpoints",
        id,
        item,
        VpcEndpointId=id,
        VpcId=item.text("vpc_id"),
        ServiceName=item.text("service_name"),
        VpcEndpointType=item.text("vpc_endpoint_type"),
        PolicyDocument=item.text("policy"),
        RouteTableIds=item.texts("route_table_ids"),
        NetworkInterfaceIds=item.texts("network_interface_ids"),
    )
    if listed and lists.find("PrefixLists", listed) is None:
        cidrs = item.texts("cidr_blocks")
        named = {"PrefixListId": listed, "PrefixListName": item.text("service_name"), "Cidrs": cidrs}
        lists.add("PrefixLists", listed, Item({}), **named)


def _foreign(lists: Lists, item: Item, name: str, member: str, theirs: str) -> None:
    lists.add(name, item.text(theirs), item, **{member: item.text(theirs)})


READERS: dict[str, Reader] = {
    "aws_route_table": _table,
    "aws_default_route_table": _table,
    "aws_vpc_peering_connection": _peering,
    "aws_vpc_endpoint": _endpoint,
    "aws_ec2_transit_gateway": lambda lists, item: _foreign(
        lists, item, "TransitGateways", "TransitGatewayId", "id"
    ),
    "aws_vpn_gateway": lambda lists, item: _foreign(lists, item, "VpnGateways", "VpnGatewayId", "id"),
    "aws_lb": lambda lists, item: _foreign(lists, item, "LoadBalancers", "LoadBalancerArn", "arn"),
}
LATER: dict[str, Reader] = {
    "aws_route": _route,
    "aws_route_table_association": _association,
    "aws_main_route_table_association": _main,
    "aws_vpc_peering_connection_accepter": _accepter,
}
