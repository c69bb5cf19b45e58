"""What blocks a path, in Reachability Analyzer's codes and fields."""

from collections.abc import Callable
from typing import Any

from elastinet.ec2.insights.resources import component
from elastinet.ec2.insights.rules_shown import route
from elastinet.model.insights import Explanation
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.routes import RouteTable
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway
from elastinet.rules.reachability.steps import Blocker

ROLES = {
    "acl": "acl",
    "attached": "attached_to",
    "component": "component",
    "destination": "destination",
    "endpoint": "vpc_endpoint",
    "gateway": "internet_gateway",
    "interface": "network_interface",
    "nat": "nat_gateway",
    "peering": "vpc_peering_connection",
    "subnet": "subnet",
    "table": "route_table",
    "vpc": "vpc",
}
"""The member for a component, by the role that it has in a blocker."""
WORDS = {"state": "state", "direction": "direction", "address": "address", "missing": "missing_component"}
"""The member for a word, by its role."""
Fields = dict[str, Any]


def explanation(state: State, blocker: Blocker) -> Explanation:
    """A blocker in the API's words, with its components as they are now."""
    found: Fields = {}
    for role, value in blocker.about:
        if role in ROLES:
            found[ROLES[role]] = component(state, value)
        elif role in WORDS:
            found[WORDS[role]] = value
    more = SPECIAL.get(blocker.code)
    found |= {"explanation_code": blocker.code} | (more(state, blocker) if more else {})
    return Explanation(**found)


def _groups(state: State, blocker: Blocker) -> Fields:
    groups = blocker.get("groups").split(",")
    return {"security_groups": tuple(component(state, id) for id in groups if id)}


def _check(state: State, blocker: Blocker) -> Fields:
    interface = state.need(NetworkInterface, blocker.get("component"))
    return {
        "component": None,
        "network_interface": component(state, interface.id),
        "addresses": interface.addresses,
        "packet_field": f"{blocker.get('field')}-address",
    }


def _bad_state(state: State, blocker: Blocker) -> Fields:
    instance = state.get(Instance, blocker.get("component"))
    return {"state": instance.state} if instance and not instance.host_failure else {}


def _attachment(state: State, blocker: Blocker) -> Fields:
    """What a component is not attached to: its VPC, or an instance."""
    vpc = blocker.get("vpc")
    gateway = state.get(InternetGateway, blocker.get("component"))
    return {"vpc": None, "attached_to": component(state, vpc)} if gateway and vpc else {}


def _no_route(state: State, blocker: Blocker) -> Fields:
    """No route, or one that leads there but does not hold the destination, or comes after another."""
    block, instead = blocker.get("route"), blocker.get("instead")
    if not block:
        return {}
    table = state.need(RouteTable, blocker.get("table"))
    leading = next(one for one in table.routes if one.target == blocker.get("destination"))
    shown = {"route_table_route": route(state, table, leading)}
    if not instead:
        return shown | {"explanation_code": "CANNOT_ROUTE"}
    longer = int(instead.partition("/")[2]) > int(block.partition("/")[2])
    return shown | {"explanation_code": "MORE_SPECIFIC_ROUTE" if longer else "HIGHER_PRIORITY_ROUTE"}


def _black_hole(state: State, blocker: Blocker) -> Fields:
    table = state.need(RouteTable, blocker.get("table"))
    found = next(one for one in table.routes if one.destination == blocker.get("route"))
    return {"route_table_route": route(state, table, found)}


def _vpcs(state: State, blocker: Blocker) -> Fields:
    source, destination = (component(state, blocker.get(role)) for role in ("source", "destination"))
    return {"source_vpc": source, "destination_vpc": destination, "destination": None}


def _no_path(state: State, blocker: Blocker) -> Fields:
    return {"destination": None}


SPECIAL: dict[str, Callable[[State, Blocker], Fields]] = {
    "BAD_STATE": _bad_state,
    "BAD_STATE_ATTACHMENT": _attachment,
    "BAD_STATE_ROUTE": _black_hole,
    "DISCONNECTED_VPCS": _vpcs,
    "ENI_SG_RULES_MISMATCH": _groups,
    "ENI_SOURCE_DEST_CHECK_RESTRICTION": _check,
    "NO_PATH": _no_path,
    "NO_ROUTE_TO_DESTINATION": _no_route,
}
"""What else there is to say, by the code."""
