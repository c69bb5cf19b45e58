"""Where an answer is right and may mislead all the same."""

from collections.abc import Iterator

from elastinet.catalog.protocols import TCP, UDP
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.rules.explaining.packets import EPHEMERAL
from elastinet.rules.explaining.words import named, ports
from elastinet.rules.interfaces import instance_id_of
from elastinet.rules.ranges import meet, minus
from elastinet.rules.reachability.question import Answer, Question
from elastinet.rules.reachability.walk import INTERNET


def misleading(state: State, question: Question, whole: Answer, answer: Answer) -> Iterator[str]:
    """Warnings: of all the headers that were asked about, and of the packet that was taken of them."""
    yield from filter(None, [whole.doubt])
    yield from _few_ports(question, whole)
    yield from _appliances(state, answer)
    yield from _outside(question, answer)


def _few_ports(question: Question, whole: Answer) -> Iterator[str]:
    """Some source ports get through, and others of Linux's do not."""
    if not whole.reachable or whole.back is None or question.protocol not in (TCP, UDP):
        return
    through = whole.back.arrived.field("dport")
    if lost := minus(EPHEMERAL, through):
        some = "some" if meet(through, EPHEMERAL) else "none"
        yield (
            f"{some} of the ports that Linux connects from get an answer: what is sent from "
            f"{ports(lost)} does not"
        )


def _appliances(state: State, answer: Answer) -> Iterator[str]:
    """Routes that lead to an interface: whoever has it must forward."""
    steps = [step for way in (answer.there, answer.back) for step in (way.steps if way else ())]
    forwarding = (step.route[1].target for step in steps if step.route and step.route[1].kind == "interface")
    for id in dict.fromkeys(forwarding):
        interface = state.get(NetworkInterface, id)
        owner = interface and instance_id_of(interface)
        who = f"{named(state, owner)} at {id}" if owner else id
        yield f"a route leads to {who}, which must forward packets as they are: that is assumed"


def _outside(question: Question, answer: Answer) -> Iterator[str]:
    """Two ends inside, and the internet between them."""
    if INTERNET in question.source | question.target or answer.there is None:
        return
    ways = [step.hop.direction for step in answer.there.steps if step.hop.kind == "gateway"]
    if {"egress", "ingress"} <= set(ways):
        yield (
            "the way goes out to the internet and in again, by public addresses: packets do so here, "
            "and AWS's Reachability Analyzer does not follow them (IGW_NAT_REFLECTION)"
        )
