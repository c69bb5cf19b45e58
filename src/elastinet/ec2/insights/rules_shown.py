"""Rules and routes as an analysis shows them."""

from elastinet.catalog.protocols import ANY, ICMP, ICMP6, TCP, UDP
from elastinet.model.acl import AclRule
from elastinet.model.insights import PortRange, ShownAclRule, ShownGroupRule, ShownRoute
from elastinet.model.routes import Route, RouteTable
from elastinet.model.security import SecurityGroupRule
from elastinet.model.state import State
from elastinet.rules.next_hop import is_blackhole
from elastinet.rules.prefix_lists import is_prefix_list

NAMES = {ANY: "all", ICMP: "icmp", ICMP6: "icmpv6", TCP: "tcp", UDP: "udp"}
TARGETS = {
    "local": "gateway_id",
    "gateway": "gateway_id",
    "interface": "network_interface_id",
    "nat": "nat_gateway_id",
    "peering": "vpc_peering_connection_id",
    "egress": "egress_only_internet_gateway_id",
}
"""The member that says a route's target, by its kind."""


def group_rule(rule: SecurityGroupRule) -> ShownGroupRule:
    """A rule of a security group."""
    return ShownGroupRule(
        "egress" if rule.egress else "ingress",
        NAMES.get(rule.protocol, str(rule.protocol)),
        _ports(rule),
        rule.cidr or "",
        rule.peer_group or "",
        rule.prefix_list or "",
    )


def acl_rule(rule: AclRule) -> ShownAclRule:
    """A rule of a network ACL."""
    return ShownAclRule(
        rule.cidr,
        rule.egress,
        NAMES.get(rule.protocol, str(rule.protocol)),
        "allow" if rule.allow else "deny",
        rule.number,
        _ports(rule),
    )


def _ports(rule: SecurityGroupRule | AclRule) -> PortRange | None:
    """The ports of a rule; of one about all protocols there are none."""
    return PortRange(rule.low, rule.high) if rule.protocol in (TCP, UDP) and rule.low >= 0 else None


def route(state: State, table: RouteTable, route: Route) -> ShownRoute:
    """A route of a table."""
    block = "destination_prefix_list_id" if is_prefix_list(route.destination) else "destination_cidr"
    return ShownRoute(
        route.origin.lower(),
        "blackhole" if is_blackhole(state, table, route) else "active",
        **{block: route.destination, TARGETS[route.kind]: route.target},
    )
