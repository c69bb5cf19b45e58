"""Routes of tables, and the subnets and gateways that tables are of."""

from elastinet.ec2.vpc.route_tables import destination_member, target_member
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.routes import Association, Route, RouteTable, TargetKind
from elastinet.model.state import State
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc
from elastinet.rules.routing import main_table
from elastinet.twin.both import Both, Steps, do, is_there, say

KINDS: dict[TargetKind, type[Noun]] = {
    "gateway": InternetGateway,
    "interface": NetworkInterface,
    "nat": NatGateway,
    "peering": Peering,
    "egress": EgressOnlyGateway,
}


def removed(both: Both) -> Steps:
    """Routes that are gone; those of tables that are gone go with these."""
    for old, new in both.kept(RouteTable):
        there = {route.destination for route in new.routes}
        for route in old.routes:
            if route.destination not in there and not route.is_implied:
                given = {"RouteTableId": new.id, destination_member(route.destination): route.destination}
                yield do(new, "DeleteRoute", **given)


def added(both: Both) -> Steps:
    """Routes that are new, or lead elsewhere."""
    for new in both.after.all(RouteTable):
        old = both.before.get(RouteTable, new.id)
        had = {route.destination: route for route in old.routes} if old else {}
        for route in new.routes:
            was = had.get(route.destination)
            if was is None and route.is_implied and route.kind == "local":
                continue
            if was is None or (was.kind, was.target) != (route.kind, route.target):
                if leads(both.after, route):
                    yield from _lead(new, route, there=was is not None or route.is_implied)
                else:
                    yield say(
                        f"{new.id} has a route for {route.destination} to {route.target}, which is gone"
                    )


def leads(state: State, route: Route) -> bool:
    """True if the target of a route is there; a route to one that is gone stays, and cannot be made."""
    kind = KINDS.get(route.kind)
    noun = state.get(kind, route.target) if kind else None
    return kind is None or (noun is not None and is_there(noun))


def _lead(table: RouteTable, route: Route, *, there: bool) -> Steps:
    given = {"RouteTableId": table.id, destination_member(route.destination): route.destination}
    if route.kind == "local":
        yield do(table, "ReplaceRoute", **given, LocalTarget=True)
    elif route.kind == "foreign":
        yield say(
            f"{table.id} has a route for {route.destination} to {route.target}: no command is made for it"
        )
    else:
        member = "NetworkInterfaceId" if route.kind == "interface" else target_member(route)
        yield do(table, "ReplaceRoute" if there else "CreateRoute", **given, **{member: route.target})


def dissociated(both: Both) -> Steps:
    """Subnets and gateways that have no table of their own any more; a main one is only replaced."""
    for table in both.before.all(RouteTable):
        for one in table.associations:
            if one.is_main or _is_gone(both, one) or _held(both.after, one):
                continue
            yield do(table, "DisassociateRouteTable", AssociationId=one.id)


def associated(both: Both) -> Steps:
    """The tables that subnets, gateways and VPCs have now."""
    for table in both.after.all(RouteTable):
        for one in table.associations:
            old = _main(both, table) if one.is_main else _held(both.before, one)
            if old is not None and old[0] != table.id:
                given = {"AssociationId": old[1], "RouteTableId": table.id}
                yield do(table, "ReplaceRouteTableAssociation", **given)
            elif old is None and not one.is_main:
                end = {"SubnetId": one.subnet_id} if one.subnet_id else {"GatewayId": one.gateway_id}
                yield do(table, "AssociateRouteTable", RouteTableId=table.id, **end)


def ended(both: Both) -> Steps:
    """Tables that are gone; the main one goes with its VPC."""
    for table in both.gone(RouteTable):
        if not (both.is_gone(Vpc, table.vpc_id) and table.is_main):
            yield do(table, "DeleteRouteTable", RouteTableId=table.id)


def _is_gone(both: Both, one: Association) -> bool:
    kind = Subnet if one.subnet_id else InternetGateway
    return both.is_gone(kind, one.subnet_id or one.gateway_id or "")


def _held(state: State, one: Association) -> tuple[str, str] | None:
    """The table of a subnet or a gateway in a state, and the association's id."""
    index, end = ("subnet-id", one.subnet_id) if one.subnet_id else ("gateway-id", one.gateway_id)
    for table in state.where(RouteTable, f"association.{index}", end):
        for found in table.associations:
            if (found.subnet_id, found.gateway_id) == (one.subnet_id, one.gateway_id):
                return table.id, found.id
    return None


def _main(both: Both, table: RouteTable) -> tuple[str, str] | None:
    """The main table that a VPC had, and the id of that association."""
    if both.before.get(Vpc, table.vpc_id) is None:
        return None
    main = main_table(both.before, table.vpc_id)
    return main.id, next(one.id for one in main.associations if one.is_main)
