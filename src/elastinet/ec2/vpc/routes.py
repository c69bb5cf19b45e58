"""Routes: where a table sends what goes to a destination (facts sheet, section 6.1)."""

import ipaddress

from elastinet.catalog.nat64 import is_nat64
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.as_it_is import wants
from elastinet.ec2.core.cidrs import read_block, read_ipv6_block
from elastinet.ec2.core.efa_only import check_carries_ip
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.middlebox_routes import check_route
from elastinet.ec2.core.namings import EGRESS_GATEWAY, GATEWAY, NAT_TARGET
from elastinet.ec2.core.prefix_list_quotas import is_over, static_routes
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.vpc.endpoint_routes import check_no_route, check_not_of_endpoint
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import Route, RouteTable
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway
from elastinet.rules.interfaces import interfaces_of
from elastinet.rules.prefix_lists import is_prefix_list

LINK_LOCAL = ipaddress.IPv4Network("169.254.168.0/22")
LINK_LOCAL6 = ipaddress.IPv6Network("fd00:ec2::/32")
TARGETS = (
    "GatewayId", "InstanceId", "NatGatewayId", "NetworkInterfaceId", "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
)  # fmt: skip
DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


def create_route(tx: Transaction, request: Request) -> Answer:
    """A new route; a destination has one at the most."""
    table = need(tx, RouteTable, "rtb", request["RouteTableId"])
    destination = _destination(tx, request)
    if is_prefix_list(destination):
        check_no_route(tx, table, destination)
    if any(r.destination == destination for r in table.routes):
        raise Fault("RouteAlreadyExists", f"The route identified by {destination} already exists.")
    if is_over(tx, [*static_routes(table), destination], tx.settings.quotas.routes_per_table):
        raise faults.quota("RouteLimitExceeded", "routes")
    route = _route(tx, table, request, destination)
    check_route(tx, table, route)
    tx.put(table.but(routes=(*table.routes, route)))
    return {"Return": True}


def replace_route(tx: Transaction, request: Request) -> None:
    """Send a destination that has a route another way."""
    table = need(tx, RouteTable, "rtb", request["RouteTableId"])
    destination = _destination(tx, request)
    old = _find(table, destination)
    if old is None:
        sentence = (
            f"There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
        )
        raise Fault("InvalidParameterValue", sentence)
    new = _retargeted(tx, table, request, old)
    tx.put(table.but(routes=tuple(new if r is old else r for r in table.routes)))


def delete_route(tx: Transaction, request: Request) -> None:
    """Remove a destination's route."""
    table = need(tx, RouteTable, "rtb", request["RouteTableId"])
    destination = _destination(tx, request)
    check_not_of_endpoint(tx, table, destination)
    old = _find(table, destination)
    if old is None:
        what = "ipv6-cidr-block" if ":" in destination else "cidr-block"
        what = "prefix-list-id" if is_prefix_list(destination) else what
        sentence = f"no route with destination-{what} {destination} in route table {table.id}"
        raise Fault("InvalidRoute.NotFound", sentence)
    if old.is_implied:
        raise faults.invalid(destination, "destinationCidrBlock", "The local route cannot be removed.")
    tx.put(table.but(routes=tuple(r for r in table.routes if r is not old)))


def _retargeted(tx: Transaction, table: RouteTable, request: Request, old: Route) -> Route:
    """The route as it is to be; a local one keeps its origin, by which it can become local again."""
    if request.get("LocalTarget"):
        if any(request.get(name) is not None for name in TARGETS):
            raise faults.combination("Only one route target may be specified.")
        if not old.is_implied:
            raise faults.invalid("true", "localTarget", f"{old.destination} is not the VPC's own block.")
        return Route(old.destination, "local", "local", old.origin)
    new = _route(tx, table, request, old.destination)
    new = Route(new.destination, new.kind, new.target, old.origin)
    check_route(tx, table, new)
    return new


def _find(table: RouteTable, destination: str) -> Route | None:
    return next((r for r in table.routes if r.destination == destination), None)


def _destination(tx: Transaction, request: Request) -> str:
    cidr, ipv6, listed = (request.get(name) for name in DESTINATIONS)
    if sum(one is not None for one in (cidr, ipv6, listed)) > 1:
        raise faults.combination("Only one destination may be specified.")
    if listed is not None:
        return need(tx, PrefixList, "pl", listed).id
    if ipv6 is not None:
        return _ipv6_destination(ipv6)
    if cidr is None:
        raise faults.missing_parameter("destinationCidrBlock")
    network = read_block(cidr, "destinationCidrBlock")
    if network.subnet_of(LINK_LOCAL):
        raise faults.invalid(cidr, "destinationCidrBlock", "Routes to 169.254.168.0/22 cannot be made.")
    return str(network)


def _ipv6_destination(cidr: str) -> str:
    network = read_ipv6_block(cidr, "destinationIpv6CidrBlock")
    if network.subnet_of(LINK_LOCAL6):
        raise faults.invalid(cidr, "destinationIpv6CidrBlock", "Routes to fd00:ec2::/32 cannot be made.")
    return str(network)


def _route(tx: Transaction, table: RouteTable, request: Request, destination: str) -> Route:
    given = [name for name in TARGETS if request.get(name) is not None]
    if not given:
        if name := next(wants(request), None):
            raise faults.unsupported(f"elastinet does not support {name} as a route's target.")
        raise faults.missing_parameter("gatewayId")
    if len(given) > 1:
        raise faults.combination(f"Only one route target may be specified, not {' and '.join(given)}.")
    if given == ["GatewayId"] and tx.get(NatGateway, request["GatewayId"]) is not None:
        return _nat_route(tx, table, request["GatewayId"], destination)  # and is shown as a NAT gateway
    if given == ["GatewayId"]:
        return Route(destination, "gateway", _gateway(tx, table, request["GatewayId"]))
    if given == ["EgressOnlyInternetGatewayId"]:
        id = request["EgressOnlyInternetGatewayId"]
        return Route(destination, "egress", _egress_gateway(tx, table, id, destination))
    if given == ["NatGatewayId"]:
        return _nat_route(tx, table, request["NatGatewayId"], destination)
    if given == ["VpcPeeringConnectionId"]:
        return Route(destination, "peering", _peering(tx, table, request["VpcPeeringConnectionId"]))
    return Route(destination, "interface", _interface(tx, table, request).id)


def _gateway(tx: Transaction, table: RouteTable, id: str) -> str:
    gateway = need(tx, InternetGateway, GATEWAY, id)
    if gateway.vpc_id != table.vpc_id:
        sentence = f"route table {table.id} and network gateway {id} belong to different networks"
        raise faults.invalid(id, "gatewayId", sentence)
    return id


def _egress_gateway(tx: Transaction, table: RouteTable, id: str, destination: str) -> str:
    gateway = need(tx, EgressOnlyGateway, EGRESS_GATEWAY, id)
    if gateway.vpc_id != table.vpc_id:
        sentence = f"route table {table.id} and egress-only gateway {id} belong to different networks"
        raise faults.invalid(id, "egressOnlyInternetGatewayId", sentence)
    if not _is_ipv6(tx, destination):
        sentence = "An egress-only internet gateway is a target for IPv6 destinations only."
        raise faults.invalid(destination, "destinationCidrBlock", sentence)
    return id


def _is_ipv6(tx: Transaction, destination: str) -> bool:
    if is_prefix_list(destination):
        return tx.need(PrefixList, destination).family == "IPv6"
    return ":" in destination


def _check_nat_destination(tx: Transaction, destination: str) -> None:
    """Refuse IPv6 through a NAT gateway, but for what stands for IPv4 addresses (RFC 6052)."""
    if _is_ipv6(tx, destination) and not is_nat64(destination):
        sentence = "A NAT gateway is a target for IPv4 destinations, and for those of 64:ff9b::/96."
        raise faults.invalid(destination, "destinationIpv6CidrBlock", sentence)


def _nat_route(tx: Transaction, table: RouteTable, id: str, destination: str) -> Route:
    _check_nat_destination(tx, destination)
    gateway = need(tx, NatGateway, NAT_TARGET, id)
    if not gateway.alive:
        raise faults.missing(NAT_TARGET, [id])
    if gateway.vpc_id != table.vpc_id:
        sentence = f"route table {table.id} and NAT gateway {id} belong to different networks"
        raise faults.invalid(id, "natGatewayId", sentence)
    return Route(destination, "nat", id)


def _peering(tx: Transaction, table: RouteTable, id: str) -> str:
    """A peering connection of the table's VPC; until it is active the route is a blackhole."""
    peering = need(tx, Peering, "pcx", id)
    if not peering.open:
        raise faults.missing("pcx", [id])
    if table.vpc_id not in (peering.requester.vpc_id, peering.accepter.vpc_id):
        sentence = f"route table {table.id} and peering connection {id} belong to different networks"
        raise faults.invalid(id, "vpcPeeringConnectionId", sentence)
    return id


def _interface(tx: Transaction, table: RouteTable, request: Request) -> NetworkInterface:
    if (id := request.get("NetworkInterfaceId")) is not None:
        interface = need(tx, NetworkInterface, "eni", id)
    else:
        interface = only_interface(tx, need(tx, Instance, "i", request["InstanceId"]))
    if interface.vpc_id != table.vpc_id:
        sentence = f"route table {table.id} and interface {interface.id} belong to different networks"
        raise faults.invalid(interface.id, "networkInterfaceId", sentence)
    check_carries_ip(interface)
    return interface


def only_interface(tx: Transaction, instance: Instance) -> NetworkInterface:
    """The one interface of an instance; refuses where a request must say which."""
    interfaces = interfaces_of(tx.state, instance.id)
    if len(interfaces) == 1:
        return interfaces[0]
    raise Fault(
        "InvalidInstanceID",
        f"There are multiple interfaces attached to instance '{instance.id}'. "
        "Please specify an interface ID for the operation instead.",
    )
