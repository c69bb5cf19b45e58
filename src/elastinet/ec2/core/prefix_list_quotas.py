"""Quotas of what prefix lists are referred to by: each reference counts as many as the list may hold."""

from elastinet.ec2.core.transaction import Transaction
from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroupRule
from elastinet.rules.prefix_lists import referring_groups, referring_tables, weight

FAMILIES = ("IPv4", "IPv6")


def is_over(tx: Transaction, peers: list[str], most: int) -> bool:
    """True if rules or routes of either family exceed a quota of `most`."""
    return any(weight(tx.state, peers, family) > most for family in FAMILIES)


def static_routes(table: RouteTable) -> list[str]:
    """The destinations of the routes of a table that count."""
    return [route.destination for route in table.routes if route.kind != "local"]


def too_much_for(tx: Transaction, new: PrefixList) -> str | None:
    """The id of a group or route table whose quota a resized prefix list would exceed, if any."""
    tx.put(new)
    quotas = tx.settings.quotas
    for group in referring_groups(tx.state, new.id):
        for egress in (False, True):
            rules = tx.state.where(SecurityGroupRule, "group-id", group)
            peers = [rule.peer for rule in rules if rule.egress == egress]
            if is_over(tx, peers, quotas.rules_per_security_group):
                return group
    tables = referring_tables(tx.state, new.id)
    return next((t.id for t in tables if is_over(tx, static_routes(t), quotas.routes_per_table)), None)
