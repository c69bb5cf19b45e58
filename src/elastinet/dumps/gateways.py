"""What leads out of a VPC: gateways, peering connections, endpoints, and what has no noun here."""

from collections.abc import Iterator
from typing import Any, get_args

from elastinet.catalog.endpoint_services import prefix_list_id
from elastinet.dumps.item import Item, Odd
from elastinet.dumps.reading import Row
from elastinet.dumps.world import World, common
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.nat import Connectivity, NatGateway, NatState
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering, PeeringSide, PeeringStatus
from elastinet.model.prefix_list import PrefixList
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet

SEVEN_DAYS = 7 * 24 * 3600
"""For how long a peering connection may be accepted."""
BEFORE_PENDING = ("provisioning", "initiating-request")
FOREIGN_LISTS = {
    "TransitGateways": ("TransitGatewayId", "transit-gateway"),
    "VpnGateways": ("VpnGatewayId", "vpn-gateway"),
    "VpnConnections": ("VpnConnectionId", "vpn-connection"),
    "CustomerGateways": ("CustomerGatewayId", "customer-gateway"),
    "CarrierGateways": ("CarrierGatewayId", "carrier-gateway"),
    "LocalGateways": ("LocalGatewayId", "local-gateway"),
    "LoadBalancers": ("LoadBalancerArn", "load-balancer"),
    "LoadBalancerDescriptions": ("LoadBalancerName", "load-balancer"),
}


def read(world: World) -> None:
    """Make them."""
    world.read("InternetGateways", _internet_gateway)
    world.read("EgressOnlyInternetGateways", _egress_gateway)
    world.read("VpcPeeringConnections", _peering)
    world.read(" ".join(FOREIGN_LISTS), _foreign)
    world.read("VpcEndpoints", _endpoint)
    world.read("NatGateways", _nat)


def _vpc_of(item: Item) -> str | None:
    """The VPC that a gateway is attached to."""
    live = [one for one in item.items("Attachments") if one.text("State") not in ("detached", "detaching")]
    return next((id for one in live if (id := one.id("VpcId", "vpc", ""))), None)


def _internet_gateway(world: World, row: Row) -> Iterator[Noun]:
    yield InternetGateway(id=row.item.id("InternetGatewayId", "igw"), vpc_id=_vpc_of(row.item), **common(row))


def _egress_gateway(world: World, row: Row) -> Iterator[Noun]:
    if (vpc_id := _vpc_of(row.item)) is None:
        raise Odd("it is attached to no VPC")
    yield EgressOnlyGateway(
        id=row.item.id("EgressOnlyInternetGatewayId", "eigw"), vpc_id=vpc_id, **common(row)
    )


def _foreign(world: World, row: Row) -> Iterator[Noun]:
    name, kind = FOREIGN_LISTS[row.kind]
    if id := row.item.foreign_id(name):
        world.foreign(id, kind, row, tags=row.item.tags())
    yield from ()


# --- peering connections --------------------------------------------------------------------------


def _peering(world: World, row: Row) -> Iterator[Noun]:
    """A peering connection, which both accounts may show: once, with the tags that each gave it."""
    item = row.item
    requester, accepter = (_side(item.part(name), row) for name in ("RequesterVpcInfo", "AccepterVpcInfo"))
    status: Any = item.part("Status").word("Code", (*get_args(PeeringStatus), *BEFORE_PENDING))
    status = "pending-acceptance" if status in BEFORE_PENDING else status
    expires = item.time("ExpirationTime")
    found = Peering(
        id=item.id("VpcPeeringConnectionId", "pcx"),
        owner=requester.owner,
        region=requester.region,
        requester=requester,
        accepter=accepter,
        status=status,
        message=item.part("Status").text("Message"),
        create_time=max(expires - SEVEN_DAYS, 0.0),
    ).tagged(_seen_by(row, requester, accepter), item.tags())
    old = world.state.get(Peering, found.id)
    if old is None:
        yield found
        return
    _merge(world, row, old, found)


def _merge(world: World, row: Row, old: Peering, new: Peering) -> None:
    both = {"tags": old.tags or new.tags, "accepter_tags": old.accepter_tags or new.accepter_tags}
    merged = old.but(**both)
    if odd := [
        name for name in ("requester", "accepter", "status") if getattr(old, name) != getattr(new, name)
    ]:
        told = ", ".join(odd)
        other = world.file_of(old)
        world.say(row.file, f"{old.id} is otherwise in {other} ({told}): taken as not active")
        if merged.status == "active":
            merged = merged.but(
                status=new.status if new.status != "active" else "failed",
                message=f"two files disagree on its {told}",
            )
    world.replace(merged)


def _side(item: Item, row: Row) -> PeeringSide:
    four = [one.block("CidrBlock", 4) for one in item.items("CidrBlockSet")] or [item.block("CidrBlock", 4)]
    six = [one.block("Ipv6CidrBlock", 6) for one in item.items("Ipv6CidrBlockSet")]
    return PeeringSide(
        item.id("VpcId", "vpc"),
        item.foreign_id("OwnerId") or row.place.account,
        item.foreign_id("Region") or row.place.region,
        tuple(filter(None, four)),
        tuple(filter(None, six)),
    )


def _seen_by(row: Row, requester: PeeringSide, accepter: PeeringSide) -> tuple[str, str]:
    """The side that a file is of: the accepter's, if it is not the requester's."""
    seen = row.seen_by
    if seen == requester.scope:
        return requester.scope
    if seen == accepter.scope or seen.account == accepter.owner != requester.owner:
        return accepter.scope
    return requester.scope


# --- endpoints and NAT gateways -------------------------------------------------------------------


def _endpoint(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    id, service = item.id("VpcEndpointId", "vpce"), item.text("ServiceName")
    if item.text("VpcEndpointType", "Gateway") != "Gateway":
        world.foreign(id, "vpc-endpoint", row, tags=item.tags())
        return
    where = common(row)
    named = (
        one
        for one in world.state.where(PrefixList, "prefix-list-name", service)
        if one.region == where["region"]
    )
    found = next(named, None)
    yield VpcEndpoint(
        id=id,
        vpc_id=item.id("VpcId", "vpc"),
        service_name=service,
        prefix_list=found.id if found else prefix_list_id(where["owner"], service),
        policy=item.text("PolicyDocument"),
        route_tables=tuple(item.texts("RouteTableIds")),
        create_time=item.time("CreationTimestamp"),
        **where,
    )


def _nat(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    subnet_id = item.id("SubnetId", "subnet")
    subnet = world.state.get(Subnet, subnet_id)
    if subnet is None:
        raise Odd(f"its subnet {subnet_id} is not in the dump")
    addresses = sorted(item.items("NatGatewayAddresses"), key=lambda one: not one.flag("IsPrimary", True))
    first = addresses[0] if addresses else Item({})
    id, state = item.id("NatGatewayId", "nat"), item.word("State", get_args(NatState), "available")
    if len(addresses) > 1:
        world.say(row.file, f"{id} has {len(addresses)} addresses: only the primary one is taken")
    failure = (item.text("FailureCode"), item.text("FailureMessage")) if item.has("FailureCode") else None
    kind = item.word("ConnectivityType", get_args(Connectivity), "public")
    yield NatGateway(
        id=id,
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.id,
        zone=subnet.zone,
        connectivity="public" if kind == "public" else "private",
        state=_nat_state(state),
        create_time=item.time("CreateTime"),
        delete_time=item.time("DeleteTime") if item.has("DeleteTime") else None,
        failure=failure,
        interface_id=first.id("NetworkInterfaceId", "eni", ""),
        private_ip=first.address("PrivateIp"),
        allocation_id=first.id("AllocationId", "eipalloc", ""),
        association_id=first.id("AssociationId", "eipassoc", ""),
        public_ip=first.address("PublicIp"),
        **common(row),
    )


def _nat_state(word: str) -> NatState:
    return next(state for state in get_args(NatState) if state == word)
