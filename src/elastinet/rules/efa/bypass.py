"""Conditions on which two instances use EFA past the kernel, by shared memory (facts sheet, 0.3, 9.1)."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple

from elastinet.catalog.editions import EDITIONS
from elastinet.catalog.instance_types import InstanceType, instance_types
from elastinet.catalog.protocols import ANY
from elastinet.catalog.settings import Edition
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.security import SecurityGroupRule
from elastinet.model.state import State
from elastinet.rules.efa.efa import is_efa, may_talk, out_of_reach, reach, talks_apart
from elastinet.rules.interfaces import interfaces_of

SCOPES = {"subnet": "the same subnet", "zone": "the same zone and VPC"}
"""The scope that EFA's traffic stays in, by edition."""
Pair = tuple[NetworkInterface, NetworkInterface]
"""An EFA of one instance, and one of another."""


class Condition(NamedTuple):
    """Something that EFA's bypass asks of two instances; `fault` says why it does not hold."""

    name: str
    fault: str | None


def conditions(state: State, one: Instance, other: Instance, edition: Edition) -> Iterator[Condition]:
    """All that must hold for two instances to use the bypass; the last one is elastinet's own."""
    yield Condition("both run", _first(_not_running(i) for i in (one, other)))
    yield Condition("both have an EFA", _first(_without_efa(state, i) for i in (one, other)))
    yield Condition("both run Linux", _first(_not_linux(i) for i in (one, other)))
    yield Condition("their types may", _types_differ(one, other))
    yield Condition(SCOPES[EDITIONS[edition].efa_scope], _apart(state, one, other, edition))
    yield Condition("a group that lets all in and out to itself", _no_group(state, one, other, edition))
    yield Condition("the same shared memory", _elsewhere(state, one, other, edition))


def why_not(state: State, one: Instance, other: Instance, edition: Edition) -> str | None:
    """The first reason why two instances do not use the bypass; None where they do."""
    return _first(condition.fault for condition in conditions(state, one, other, edition))


def memory(state: State, instance: Instance, edition: Edition) -> str | None:
    """The memory that an instance shares with all who may use the bypass with it, by a name for it.

    None is for one without EFA, "" for one that may use it with nobody. An instance has one such memory: that
    of its first EFA with a group that lets all in and out to itself, and of the first such group.
    """
    efas = efas_of(state, instance)
    if not efas:
        return None
    ways = ((reach(efa, edition), group) for efa in efas for group in efa.groups if lets_itself(state, group))
    way = next(ways, None)
    if way is None or _down(instance) or _not_linux(instance):
        return ""
    kind = ("apart",) if talks_apart(_kind(instance)) else ()
    return "+".join((*way, *kind))


def efas_of(state: State, instance: Instance) -> list[NetworkInterface]:
    """The EFAs of an instance in the order of its network cards."""
    return [interface for interface in interfaces_of(state, instance.id) if is_efa(interface)]


def lets_itself(state: State, group: str) -> bool:
    """True if a group lets all traffic in from and out to itself; a rule for 0.0.0.0/0 is not enough."""
    own = [r for r in state.where(SecurityGroupRule, "peer-group", group) if r.group_id == group]
    return {rule.egress for rule in own if rule.protocol == ANY} == {True, False}


def _first(faults: Iterator[str | None]) -> str | None:
    return next((fault for fault in faults if fault), None)


def _not_running(instance: Instance) -> str | None:
    starts = f"{instance.id} is {instance.state}" if instance.state == "pending" else None
    return _down(instance) or starts


def _down(instance: Instance) -> str | None:
    """The reason why an instance neither runs nor starts; None if it does."""
    if not instance.alive:
        return f"{instance.id} is {instance.state}"
    return (
        f"the host of {instance.id} has lost its {instance.host_failure}" if instance.host_failure else None
    )


def _without_efa(state: State, instance: Instance) -> str | None:
    return None if efas_of(state, instance) else f"{instance.id} has no EFA"


def _not_linux(instance: Instance) -> str | None:
    return f"{instance.id} runs Windows, where an EFA is an ENA only" if instance.platform else None


def _kind(instance: Instance) -> InstanceType:
    return instance_types()[instance.instance_type]


def _types_differ(one: Instance, other: Instance) -> str | None:
    if may_talk(_kind(one), _kind(other)):
        return None
    names = f"{one.id} is a {one.instance_type}, {other.id} a {other.instance_type}"
    return f"EFAs of P4d, P4de and DL1 talk to each other only: {names}"


def _pairs(state: State, one: Instance, other: Instance) -> list[Pair]:
    return list(product(efas_of(state, one), efas_of(state, other)))


def _near(pairs: Iterable[Pair], edition: Edition) -> list[Pair]:
    """The pairs that are in reach of each other."""
    return [pair for pair in pairs if not out_of_reach(*pair, edition)]


def _apart(state: State, one: Instance, other: Instance, edition: Edition) -> str | None:
    pairs = _pairs(state, one, other)
    return out_of_reach(*pairs[0], edition) if pairs and not _near(pairs, edition) else None


def _no_group(state: State, one: Instance, other: Instance, edition: Edition) -> str | None:
    """The reason why no EFAs of two instances share a group that lets itself in and out; None if some do.

    Asked of the pairs of EFAs in reach of each other, or of all pairs if none are.
    """
    pairs = _pairs(state, one, other)
    asked = _near(pairs, edition) or pairs
    shared = sorted({group for own, peer in asked for group in set(own.groups) & set(peer.groups)})
    if not pairs or any(lets_itself(state, group) for group in shared):
        return None
    if not shared:
        return f"the EFAs of {one.id} and {other.id} have no security group in common"
    return f"{' nor '.join(shared)} does not let all traffic in from and out to itself"


def _elsewhere(state: State, one: Instance, other: Instance, edition: Edition) -> str | None:
    """Two may have two ways to share memory, and each has taken another."""
    own, peer = memory(state, one, edition), memory(state, other, edition)
    if not own or not peer or own == peer:
        return None
    return f"{one.id} shares memory with {own.replace('+', ', ')}, {other.id} with {peer.replace('+', ', ')}"
