"""What blocks, as a sentence: one for each code that the analysis gives."""

from collections.abc import Callable

from elastinet.model.acl import NetworkAcl
from elastinet.model.routes import RouteTable
from elastinet.model.state import State
from elastinet.rules.explaining.words import entry_words, named, places, traffic
from elastinet.rules.next_hop import Nowhere, next_hop
from elastinet.rules.reachability.filters import acl_rule
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.steps import Blocker

Teller = Callable[[State, Blocker, Headers], str]


def sentence(state: State, blocker: Blocker, headers: Headers) -> str:
    """A blocker as a sentence without its end; `headers` are those that it refuses."""
    return SENTENCES[blocker.code](state, blocker, headers)


def _far(blocker: Blocker, headers: Headers) -> str:
    """The other end of headers: "from 10.0.0.5"."""
    way, field = ("to", "destination") if blocker.get("direction") == "egress" else ("from", "source")
    return f"{way} {places(headers.field(field), headers.version)}"


def _state(state: State, blocker: Blocker, _: Headers) -> str:
    return f"{named(state, blocker.get('component'))} is {blocker.get('state')}"


def _attachment(state: State, blocker: Blocker, _: Headers) -> str:
    id = blocker.get("component")
    if id.startswith("igw-"):
        return f"{id} is not attached to {blocker.get('vpc') or 'any VPC'}"
    if attached := blocker.get("attached"):
        return f"{named(state, id)} is being detached from {named(state, attached)}"
    return f"{named(state, id)} is attached to no instance"


def _unassociated(state: State, blocker: Blocker, headers: Headers) -> str:
    return f"{named(state, blocker.get('component'))} has no IPv{headers.version} address"


def _check(state: State, blocker: Blocker, _: Headers) -> str:
    way = "from" if blocker.get("field") == "source" else "for"
    eni = named(state, blocker.get("component"))
    return f"the source/destination check of {eni} drops what is not {way} an address of its own"


def _groups(state: State, blocker: Blocker, headers: Headers) -> str:
    groups = [named(state, id) for id in blocker.get("groups").split(",") if id]
    way = "out" if blocker.get("direction") == "egress" else "in"
    eni = named(state, blocker.get("interface"))
    what = f"lets {traffic(headers)} {way} {_far(blocker, headers)} at {eni}"
    return f"no rule of {' or '.join(groups)} {what}"


def _acl(state: State, blocker: Blocker, headers: Headers) -> str:
    acl, egress = state.need(NetworkAcl, blocker.get("acl")), blocker.get("direction") == "egress"
    way = f"{'out of' if egress else 'into'} {named(state, blocker.get('subnet'))}"
    what = f"{traffic(headers)} {way} {_far(blocker, headers)}"
    rule = acl_rule(acl, headers.sample, headers.version, headers.protocol, egress=egress)
    if rule is None:
        return f"no entry of {acl.id} lets {what}"
    return f"{entry_words(rule)} in {acl.id}, and so {what}"


def _no_route(state: State, blocker: Blocker, headers: Headers) -> str:
    there = places(headers.field("destination"), headers.version)
    return f"{blocker.get('table')} has no route to {there} by {blocker.get('destination')}"


def _bad_route(state: State, blocker: Blocker, headers: Headers) -> str:
    table = state.need(RouteTable, blocker.get("table"))
    target = named(state, blocker.get("component"))
    found = (
        r
        for r in table.routes
        if (r.destination, r.target) == (blocker.get("route"), blocker.get("component"))
    )
    hops = (next_hop(state, table, route, ipv6=headers.version == 6) for route in found)
    why = next((hop.value for hop in hops if isinstance(hop, Nowhere)), "which leads nowhere")
    return f"the route of {table.id} to {blocker.get('route')} leads to {target}, {why}"


def _no_public_out(state: State, blocker: Blocker, _: Headers) -> str:
    eni = named(state, blocker.get("interface"))
    return f"{eni} has no public address by which it could send through {blocker.get('gateway')}"


def _no_public_in(state: State, blocker: Blocker, _: Headers) -> str:
    eni = named(state, blocker.get("interface"))
    return f"{eni} has no public address by which {blocker.get('gateway')} could reach it"


def _private(state: State, blocker: Blocker, headers: Headers) -> str:
    field = "source" if "_SOURCE_" in blocker.code else "destination"
    what = places(headers.field(field), headers.version)
    way = "in" if field == "source" else "out"
    return f"{blocker.get('gateway')} lets no private address {way}, and {what} is one"


def _nat_source(state: State, blocker: Blocker, headers: Headers) -> str:
    what = places(headers.field("source"), headers.version)
    return (
        f"{blocker.get('nat')} translates what its own VPC sends, and {what} is not of {blocker.get('vpc')}"
    )


def _nat_protocol(state: State, blocker: Blocker, headers: Headers) -> str:
    return f"{blocker.get('nat')} translates TCP, UDP and ICMP, and not {traffic(headers)}"


def _peering_address(state: State, blocker: Blocker, headers: Headers) -> str:
    return f"{blocker.get('peering')} carries only what goes between the blocks of its two VPCs"


def _reflection(_: State, blocker: Blocker, __: Headers) -> str:
    return (
        f"the way leads out to the internet and in again by {blocker.get('gateway')}, between two ends inside"
    )


def _no_end(state: State, blocker: Blocker, _: Headers) -> str:
    return f"{blocker.get('component')} is not there"


def _no_path(state: State, blocker: Blocker, _: Headers) -> str:
    vpc = named(state, blocker.get("vpc"))
    if blocker.get("destination"):
        return f"{vpc} has no {blocker.get('destination')}"
    return f"nothing in {vpc} leads from one to the other"


def _disconnected(state: State, blocker: Blocker, _: Headers) -> str:
    one, other = (named(state, blocker.get(end)) for end in ("source", "destination"))
    return f"no peering connection joins {one} and {other}"


def _foreign(_: State, blocker: Blocker, __: Headers) -> str:
    return f"{blocker.get('component')} is of a kind that is not analysed, and what is behind it is not known"


def _unknown(_: State, blocker: Blocker, __: Headers) -> str:
    return f"nothing is known of {blocker.get('component')}"


def _filter(_: State, blocker: Blocker, headers: Headers) -> str:
    where = "source" if blocker.code.startswith("FILTER_AT_SOURCE") else "destination"
    what = blocker.code.removeprefix(f"FILTER_AT_{where.upper()}_").removesuffix("_RANGE")
    return f"no packet at the {where} has the {what.replace('_', ' ').lower()} that was asked for"


def _component_filter(state: State, blocker: Blocker, _: Headers) -> str:
    id = named(state, blocker.get("component"))
    if blocker.code == "COMPONENT_FILTER_RESTRICTION":
        return f"no way leads by {id}, as was asked for"
    return f"every way leads by {id}, which was to be kept off"


FILTERED = tuple(
    f"FILTER_AT_{end}_{field}"
    for end in ("SOURCE", "DESTINATION")
    for field in ("SOURCE_ADDRESS", "DESTINATION_ADDRESS", "SOURCE_PORT_RANGE", "DESTINATION_PORT_RANGE")
)
"""Codes of questions that leave no packet: another question is needed, and no command."""
COMPONENT_FILTERED = ("COMPONENT_FILTER_RESTRICTION", "COMPONENT_FILTER_REMOVED_COMPONENT")
SENTENCES: dict[str, Teller] = {
    **dict.fromkeys(FILTERED, _filter),
    **dict.fromkeys(COMPONENT_FILTERED, _component_filter),
    "BAD_STATE": _state,
    "BAD_STATE_ATTACHMENT": _attachment,
    "UNASSOCIATED_COMPONENT": _unassociated,
    "ENI_SOURCE_DEST_CHECK_RESTRICTION": _check,
    "ENI_SG_RULES_MISMATCH": _groups,
    "SUBNET_ACL_RESTRICTION": _acl,
    "NO_ROUTE_TO_DESTINATION": _no_route,
    "BAD_STATE_ROUTE": _bad_route,
    "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS": _no_public_out,
    "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS": _no_public_in,
    "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS": _private,
    "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS": _private,
    "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS": _private,
    "IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS": _private,
    "IGW_NAT_REFLECTION": _reflection,
    "NGW_REQUIRES_SOURCE_IN_VPC": _nat_source,
    "PROTOCOL_RESTRICTION": _nat_protocol,
    "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR": _peering_address,
    "NO_SOURCE_OR_DESTINATION": _no_end,
    "NO_PATH": _no_path,
    "DISCONNECTED_VPCS": _disconnected,
    "UNSUPPORTED_COMPONENT": _foreign,
    "UNKNOWN_RESOURCE": _unknown,
}
