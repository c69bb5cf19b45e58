"""What is lacking where no path could be made, whatever rules and routes were changed."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain

from elastinet.model.interface import NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway
from elastinet.rules.ranges import Ranges
from elastinet.rules.reachability.steps import Blocker, blocker
from elastinet.rules.reachability.walk import INTERNET, own_ranges
from elastinet.rules.reachability.ways import Question, starts, ways_there
from elastinet.rules.routing import gateway_of

FIELDS = {
    "source": "SOURCE_ADDRESS",
    "destination": "DESTINATION_ADDRESS",
    "sport": "SOURCE_PORT_RANGE",
    "dport": "DESTINATION_PORT_RANGE",
}
"""The ends of codes about filters, by the field of a header."""


def lacking(state: State, question: Question) -> Blocker:
    """What is lacking: an end, a packet that a filter leaves, what joins two VPCs; else just a path."""
    found = chain(
        _of_ends(state, question),
        _by_fields(state, question),
        _by_components(state, question),
        _without_public(state, question),
        _between(state, question),
    )
    return next(found)


def _of_ends(state: State, question: Question) -> Iterator[Blocker]:
    for id in sorted((question.source | question.target) - {INTERNET}):
        interface = state.get(NetworkInterface, id)
        if interface is None and state.get(Peering, id) is None:
            yield blocker("NO_SOURCE_OR_DESTINATION", component=id)
        elif interface and not own_ranges(interface, question.version):
            yield blocker("UNASSOCIATED_COMPONENT", component=id)
    gateway = state.get(InternetGateway, question.gateway)
    if question.gateway and gateway is None:
        yield blocker("NO_SOURCE_OR_DESTINATION", component=question.gateway)
    elif gateway and not gateway.vpc_id:
        yield blocker("BAD_STATE_ATTACHMENT", component=gateway.id)


def _by_fields(state: State, question: Question) -> Iterator[Blocker]:
    """A filter that leaves no packet of those that there are without it."""
    if not any(headers for _, headers in starts(state, question)):
        for name in _guilty(question.fields):
            fewer = {key: value for key, value in question.fields.items() if key != name}
            if any(headers for _, headers in starts(state, replace(question, fields=fewer))):
                yield blocker(f"FILTER_AT_SOURCE_{FIELDS[name]}")
    if question.arriving:
        free = next(ways_there(state, replace(question, arriving={})), None)
        for name, value in question.arriving.items() if free else ():
            if free and not free.arrived.limited(**{name: value}):
                yield blocker(f"FILTER_AT_DESTINATION_{FIELDS[name]}")


def _guilty(fields: Mapping[str, Ranges]) -> Iterator[str]:
    return (name for name in FIELDS if name in fields)


def _by_components(state: State, question: Question) -> Iterator[Blocker]:
    for id in sorted(question.closed):
        if _has_way(state, replace(question, closed=question.closed - {id})):
            yield blocker("COMPONENT_FILTER_REMOVED_COMPONENT", component=id)
    for id in sorted(question.through):
        if _has_way(state, replace(question, through=question.through - {id})):
            yield blocker("COMPONENT_FILTER_RESTRICTION", component=id)


def _has_way(state: State, question: Question) -> bool:
    return next(ways_there(state, question), None) is not None


def _without_public(state: State, question: Question) -> Iterator[Blocker]:
    """An interface that the internet would reach by a gateway, had it a public address."""
    wanted = question.target if INTERNET in question.source and question.version == 4 else frozenset()
    for id in sorted(wanted - {INTERNET}):
        interface = state.get(NetworkInterface, id)
        if interface and (gateway := gateway_of(state, interface.vpc_id)):
            about = {"gateway": gateway.id, "vpc": interface.vpc_id, "interface": id}
            yield blocker("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", **about)


def _between(state: State, question: Question) -> Iterator[Blocker]:
    vpcs = [sorted(_vpcs(state, question, end)) for end in (question.source, question.target)]
    if vpcs[0] and vpcs[1] and not set(vpcs[0]) & set(vpcs[1]):
        yield blocker("DISCONNECTED_VPCS", source=vpcs[0][0], destination=vpcs[1][0])
    found = {"destination": "internet gateway"} if INTERNET in question.source | question.target else {}
    yield blocker("NO_PATH", vpc=(vpcs[0] or vpcs[1] or [""])[0], **found)


def _vpcs(state: State, question: Question, end: frozenset[str]) -> Iterator[str]:
    """The VPCs that an end is in."""
    for id in end:
        if interface := state.get(NetworkInterface, id):
            yield interface.vpc_id
        elif peering := state.get(Peering, id):
            yield from (peering.requester.vpc_id, peering.accepter.vpc_id)
        elif (gateway := state.get(InternetGateway, question.gateway)) and gateway.vpc_id:
            yield gateway.vpc_id
