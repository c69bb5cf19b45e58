"""What leads out of a VPC: internet, egress-only and NAT gateways, peering connections, gateway endpoints."""

from typing import Any

from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway
from elastinet.rules.explaining.command import Command
from elastinet.twin.both import Both, Step, Steps, do, make, say


def doors_made(both: Both) -> Steps:
    """New internet gateways, attached to nothing yet."""
    for gateway in both.made(InternetGateway):
        yield make(gateway, "InternetGateway.InternetGatewayId", "CreateInternetGateway")


def closed(both: Both) -> Steps:
    """NAT gateways, endpoints, peering connections and egress-only gateways that are gone."""
    for nat in both.gone(NatGateway):
        yield do(nat, "DeleteNatGateway", NatGatewayId=nat.id)
        yield do(nat, "wait nat-gateway-deleted", NatGatewayIds=[nat.id])
    for endpoint in both.gone(VpcEndpoint):
        yield do(endpoint, "DeleteVpcEndpoints", VpcEndpointIds=[endpoint.id])
    for peering in both.gone(Peering):
        yield do(peering, "DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering.id)
    for gateway in both.gone(EgressOnlyGateway):
        given = {"EgressOnlyInternetGatewayId": gateway.id}
        yield do(gateway, "DeleteEgressOnlyInternetGateway", **given)


def detached(both: Both) -> Steps:
    """Internet gateways that are in another VPC, in none, or gone; by then no address leads through them."""
    for old in both.before.all(InternetGateway):
        new = both.after.get(InternetGateway, old.id)
        if old.vpc_id and (new is None or new.vpc_id != old.vpc_id):
            yield do(old, "DetachInternetGateway", InternetGatewayId=old.id, VpcId=old.vpc_id)
        if new is None:
            yield do(old, "DeleteInternetGateway", InternetGatewayId=old.id)


def attached(both: Both) -> Steps:
    """Internet gateways in the VPC where they are now, and new egress-only ones."""
    for new in both.after.all(InternetGateway):
        old = both.before.get(InternetGateway, new.id)
        if new.vpc_id and (old is None or new.vpc_id != old.vpc_id):
            yield do(new, "AttachInternetGateway", InternetGatewayId=new.id, VpcId=new.vpc_id)
    for gateway in both.made(EgressOnlyGateway):
        take = "EgressOnlyInternetGateway.EgressOnlyInternetGatewayId"
        yield make(gateway, take, "CreateEgressOnlyInternetGateway", VpcId=gateway.vpc_id)


def opened(both: Both) -> Steps:
    """New NAT gateways and peering connections, and those that are accepted now."""
    for nat in both.made(NatGateway):
        given = {"SubnetId": nat.subnet_id, "ConnectivityType": nat.connectivity}
        given |= {"PrivateIpAddress": nat.private_ip}
        given |= {"AllocationId": nat.allocation_id} if nat.allocation_id else {}
        yield make(nat, "NatGateway.NatGatewayId", "CreateNatGateway", **given)
        yield do(nat, "wait nat-gateway-available", NatGatewayIds=[nat.id])
    for peering in both.made(Peering):
        given = {"VpcId": peering.requester.vpc_id, "PeerVpcId": peering.accepter.vpc_id}
        given |= {"PeerOwnerId": peering.accepter.owner, "PeerRegion": peering.accepter.region}
        take = "VpcPeeringConnection.VpcPeeringConnectionId"
        yield make(peering, take, "CreateVpcPeeringConnection", **given)
    for peering in both.after.all(Peering):
        old = both.before.get(Peering, peering.id)
        if peering.status == "active" and (old is None or old.status != "active"):
            given = {"VpcPeeringConnectionId": peering.id}
            accept = Command("AcceptVpcPeeringConnection", given, peering.accepter.region)
            yield Step(accept, owner=peering.accepter.owner)


def endpoints(both: Both) -> Steps:
    """New gateway endpoints, and other tables or policies of those that are there."""
    for new in both.made(VpcEndpoint):
        if new.kind != "Gateway":
            yield say(f"the interface endpoint {new.id} of {new.service_name}: no command is made for it")
            continue
        given: dict[str, Any] = {"VpcId": new.vpc_id, "ServiceName": new.service_name}
        given |= {"RouteTableIds": list(new.route_tables)} if new.route_tables else {}
        take = "VpcEndpoint.VpcEndpointId"
        yield make(new, take, "CreateVpcEndpoint", **given, PolicyDocument=new.policy)
    for old, new in both.kept(VpcEndpoint):
        changes: dict[str, Any] = {}
        if add := [table for table in new.route_tables if table not in old.route_tables]:
            changes["AddRouteTableIds"] = add
        if remove := [table for table in old.route_tables if table not in new.route_tables]:
            changes["RemoveRouteTableIds"] = remove
        if new.policy != old.policy:
            changes["PolicyDocument"] = new.policy
        if changes:
            yield do(new, "ModifyVpcEndpoint", VpcEndpointId=new.id, **changes)
