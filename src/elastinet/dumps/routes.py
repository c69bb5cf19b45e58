"""Route tables: each route by the kind of its target, or to something foreign that is named."""

from collections.abc import Iterator

from elastinet.dumps.item import Item, Odd
from elastinet.dumps.reading import Row
from elastinet.dumps.world import World, common, made_up
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.foreign import Foreign
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.routes import Association, Route, RouteTable, TargetKind
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Vpc
from elastinet.rules.interfaces import primary_of

NOUNS: dict[str, tuple[TargetKind, type[Noun], str]] = {
    "igw": ("gateway", InternetGateway, "internet-gateway"),
    "nat": ("nat", NatGateway, "nat-gateway"),
    "pcx": ("peering", Peering, "peering-connection"),
    "eigw": ("egress", EgressOnlyGateway, "egress-only-gateway"),
    "eni": ("interface", NetworkInterface, "network-interface"),
}
"""The targets that have nouns, by how their ids begin."""
FOREIGN = {
    "tgw": "transit-gateway",
    "vgw": "vpn-gateway",
    "lgw": "local-gateway",
    "cagw": "carrier-gateway",
    "vpce": "vpc-endpoint",
    "arn": "core-network",
}
TARGETS = (
    "NatGatewayId", "NetworkInterfaceId", "VpcPeeringConnectionId", "EgressOnlyInternetGatewayId",
    "TransitGatewayId", "LocalGatewayId", "CarrierGatewayId", "CoreNetworkArn", "OdbNetworkArn", "GatewayId",
)  # fmt: skip


def read(world: World) -> None:
    """Make them."""
    world.read("RouteTables", _table)


def _table(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    vpc_id = item.id("VpcId", "vpc")
    if world.state.get(Vpc, vpc_id) is None:
        raise Odd(f"its VPC {vpc_id} is not in the dump")
    where = common(row)
    table = RouteTable(
        id=item.id("RouteTableId", "rtb"), vpc_id=vpc_id, associations=tuple(_associations(item)), **where
    )
    found = (_route(world, row, table, one) for one in item.items("Routes"))
    routes = [route for route in found if route is not None]
    # Terraform does not write local routes down.
    there, vpc = {route.destination for route in routes}, world.state.need(Vpc, vpc_id)
    local = [Route(block, "local", "local", "CreateRouteTable") for block in (*vpc.cidrs, *vpc.cidrs6)]
    yield table.but(routes=(*(route for route in local if route.destination not in there), *routes))


def _associations(item: Item) -> Iterator[Association]:
    for one in item.items("Associations"):
        if one.part("AssociationState").text("State", "associated") not in ("associated", "associating"):
            continue
        subnet, gateway = one.id("SubnetId", "subnet", ""), one.foreign_id("GatewayId")
        id = one.foreign_id("RouteTableAssociationId") or made_up(
            "rtbassoc", item.text("RouteTableId"), subnet
        )
        if subnet or gateway or one.flag("Main"):
            yield Association(id, subnet or None, gateway or None)


def _route(world: World, row: Row, table: RouteTable, item: Item) -> Route | None:
    destination = (
        item.block("DestinationCidrBlock", 4)
        or item.block("DestinationIpv6CidrBlock", 6)
        or item.id("DestinationPrefixListId", "pl")
    )
    origin = item.text("Origin", "CreateRoute")
    target = next((id for name in TARGETS if (id := item.foreign_id(name))), "")
    if target == "local":
        return Route(destination, "local", "local", origin if item.has("Origin") else "CreateRouteTable")
    if not target and (instance := item.id("InstanceId", "i", "")):
        primary = primary_of(world.state, instance)
        target = primary.id if primary else instance
    if not target:
        raise Odd(f"its route to {destination} has no target")
    if world.state.get(VpcEndpoint, target):
        return None  # the endpoint itself puts it there
    return Route(destination, _kind(world, row, table, target, item.text("State")), target, origin)


def _kind(world: World, row: Row, table: RouteTable, target: str, state: str) -> TargetKind:
    """The kind of a target. One that lacks and is no black hole is known by its name only."""
    prefix = target.partition("-")[0] if not target.startswith("arn:") else "arn"
    if prefix in NOUNS:
        kind, noun, name = NOUNS[prefix]
        if state == "blackhole" or world.state.get(noun, target):
            return kind
        world.lacks(target, name, table, row.file, "the path ends there")
        return "foreign"
    if state != "blackhole" and world.state.get(Foreign, target) is None:
        world.foreign(target, FOREIGN.get(prefix, "target"), table)
    return "foreign"
