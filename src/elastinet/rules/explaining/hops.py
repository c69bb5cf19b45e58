"""The components of a path in words: each with the rule that lets headers pass."""

from collections.abc import Callable
from typing import NamedTuple

from elastinet.model.acl import NetworkAcl
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.rules.explaining.words import entry_words, group_rule_words, named, places
from elastinet.rules.interfaces import instance_id_of
from elastinet.rules.reachability.filters import acl_rule, group_rule
from elastinet.rules.reachability.headers import single
from elastinet.rules.reachability.steps import Step


class ToldHop(NamedTuple):
    """A component: its kind, its name, which way headers go, and what they go by."""

    kind: str
    id: str
    name: str
    direction: str
    by: str


def told_hop(state: State, step: Step) -> ToldHop:
    """A component of a path; what blocks is told elsewhere."""
    hop = step.hop
    by = "" if step.blockers else BY.get(hop.kind, _translated)(state, step)
    name = _groups(state, hop.id) if hop.kind == "group" else named(state, hop.id)
    return ToldHop(hop.kind, hop.id, name, hop.direction, by)


def _groups(state: State, id: str) -> str:
    interface = state.get(NetworkInterface, id)
    return ", ".join(named(state, group) for group in interface.groups) if interface else ""


def _interface(state: State, step: Step) -> str:
    interface = state.need(NetworkInterface, step.hop.id)
    owner = instance_id_of(interface)
    return f"of {named(state, owner)}" if owner else ""


def _group(state: State, step: Step) -> str:
    """The rule that lets headers pass; answers need none."""
    interface, egress = state.need(NetworkInterface, step.hop.id), step.hop.direction == "egress"
    headers = step.leaving
    one = single(headers.version, headers.protocol, headers.sample)
    rule = group_rule(state, interface, one, egress=egress)
    return group_rule_words(state, rule) if rule else "tracked: answers to what was let through"


def _acl(state: State, step: Step) -> str:
    acl, headers = state.need(NetworkAcl, step.hop.id), step.leaving
    egress = step.hop.direction == "egress"
    rule = acl_rule(acl, headers.sample, headers.version, headers.protocol, egress=egress)
    return entry_words(rule) if rule else ""


def _table(_: State, step: Step) -> str:
    if step.route is None:
        return ""
    block, route = step.route
    listed = f" of {route.destination}" if route.destination != block else ""
    return f"route {block}{listed} to {route.target}"


def _translated(_: State, step: Step) -> str:
    """What a gateway makes of addresses."""
    pairs = (
        (name, step.entering.field(name), step.leaving.field(name)) for name in ("source", "destination")
    )
    versions = step.entering.version, step.leaving.version
    changed = [
        f"{name} {places(before, versions[0])} becomes {places(after, versions[1])}"
        for name, before, after in pairs
        if before != after and step.hop.kind in ("gateway", "nat")
    ]
    return ", ".join(changed)


BY: dict[str, Callable[[State, Step], str]] = {
    "interface": _interface,
    "group": _group,
    "acl": _acl,
    "table": _table,
}
