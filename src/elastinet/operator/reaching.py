"""Whether packets get from one end to another, and why not: the page of `elastinet why`."""

from collections.abc import Mapping
from typing import Any

from elastinet.catalog.protocols import ICMP, ICMP6, TCP, UDP
from elastinet.catalog.settings import Outside
from elastinet.digits import whole
from elastinet.fabric.contract.names import INTERNET_ADDRESS, INTERNET_ADDRESS6
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.operator.ends import End, end
from elastinet.rules.closed_outside import no_gateway_leads_to
from elastinet.rules.explaining.explanation import (
    Explanation,
    ToldBlocker,
    ToldStep,
    explain,
    ports_through,
)
from elastinet.rules.explaining.packets import USUAL_PORT
from elastinet.rules.explaining.words import ports, traffic
from elastinet.rules.interfaces import instance_id_of
from elastinet.rules.ranges import Ranges, address_of, only, version_of
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.question import Question
from elastinet.rules.reachability.walk import INTERNET

OUTSIDE = (INTERNET_ADDRESS, INTERNET_ADDRESS6)
"""What stands for the internet where one address has to."""
PROTOCOLS = {"tcp": {4: TCP, 6: TCP}, "udp": {4: UDP, 6: UDP}, "icmp": {4: ICMP, 6: ICMP6}}
ECHO = {ICMP: 8 * 256, ICMP6: 128 * 256}
"""The type and code, as one number, of the messages that ping sends."""


def page(state: State, given: Mapping[str, str], outside: Outside = "off") -> dict[str, Any]:
    """The answer to a page's parameters, or to all protocols in one; raises Fault.

    `outside` is the server's way out: private addresses may be behind its internet gateways.
    """
    private = no_gateway_leads_to(outside)
    source, target = (end(state, given.get(name, ""), private) for name in ("source", "target"))
    version = version_asked(state, source, target, ipv6=given.get("ipv6") == "true")
    protocol, port = given.get("protocol", "tcp"), given.get("port", "")
    if given.get("all") != "true":
        return told(state, source, target, question(source, target, protocol, port, version, state, private))
    if port:
        raise _bad("a port is of one protocol: leave it out to be told of all of them")
    asked = (question(source, target, name, "", version, state, private) for name in PROTOCOLS)
    return {"answers": [told(state, source, target, one) for one in asked]}


def _bad(sentence: str) -> Fault:
    return Fault("InvalidParameterValue", sentence)


def version_asked(state: State, *ends: End, ipv6: bool) -> int:
    """The version of IP that is asked about: IPv4 if the source has it. Raises Fault if one end is not."""
    known = {version_of(one.address) for one in ends if one.address}
    if len(known) > 1 or (ipv6 and known == {4}):
        raise _bad("one end is an IPv4 address, and the question is about IPv6")
    return 6 if ipv6 else next(iter(known), _usual(state, ends[0]))


def _usual(state: State, source: End) -> int:
    """IPv6 of a source that has nothing else."""
    own = [state.get(NetworkInterface, id) for id in source.interfaces]
    only6 = own and all(one and one.addresses6 and not one.addresses for one in own)
    return 6 if only6 else 4


def question(
    source: End, target: End, protocol: str, port: str, version: int, state: State, private: dict[int, Ranges]
) -> Question:
    """The question that is meant; raises Fault if it is none."""
    if protocol not in PROTOCOLS:
        raise _bad(f"the protocol is tcp, udp or icmp, not '{protocol[:40]}'")
    if source.interfaces & target.interfaces:
        raise _bad(f"source and target are one: {target.label}")
    for outside, inside in ((source, target), (target, source)):
        _check_gateway(state, outside, inside)
    number = PROTOCOLS[protocol][version]
    fields = {"source": source.addresses, "destination": target.addresses, "dport": _numbers(number, port)}
    meant = {name: value for name, value in fields.items() if value}
    pair = (source.interfaces, target.interfaces)
    return Question(*pair, number, version, meant, private=private[4], private6=private[6])


def _numbers(protocol: int, port: str) -> Ranges:
    if protocol in ECHO:
        if port:
            raise _bad("ICMP has no ports")
        return only(ECHO[protocol])
    if not port:
        return ()
    number = whole(port, 0, 65535)
    if number is None:
        raise _bad(f"a port is a number from 0 to 65535, not '{port[:40]}'")
    return only(number)


def _check_gateway(state: State, outside: End, inside: End) -> None:
    """Raise Fault if a gateway is not where the other end is."""
    for id in inside.interfaces - {INTERNET} if outside.vpcs else ():
        vpc_id = state.need(NetworkInterface, id).vpc_id
        if vpc_id not in outside.vpcs:
            raise _bad(f"{inside.label} is in {vpc_id}, and not where {outside.label} is")


# --- the answer -----------------------------------------------------------------------------------


def told(state: State, source: End, target: End, asked: Question) -> dict[str, Any]:
    """The answer as JSON."""
    found = explain(state, asked, OUTSIDE)
    answer = found.answer
    return {
        "source": source.label,
        "target": target.label,
        "traffic": traffic(_headers(asked)),
        "version": asked.version,
        "reachable": answer.reachable,
        "sentence": sentence(source, target, asked, found),
        "ports": [list(pair) for pair in ports_through(answer)] if answer.reachable else [],
        "only_power": found.only_power,
        "there": [_step(one) for one in found.there],
        "back": [_step(one) for one in found.back],
        "blockers": [_blocker(one) for one in found.blockers],
        "commands": [command.text for command in found.commands],
        "warnings": list(found.warnings),
        "packet": packet(state, asked, found.packet),
    }


def _headers(asked: Question) -> Headers:
    return Headers.of(asked.version, asked.protocol, **asked.fields)


def sentence(source: End, target: End, asked: Question, found: Explanation) -> str:
    """The answer as one sentence, with the first reason."""
    what = traffic(_headers(asked))
    if found.answer.reachable:
        some = ports_through(found.answer)
        free = "dport" not in asked.fields and len(some) <= 3
        return (
            f"{source.label} reaches {target.label}: {what}{f', {ports(some)}' if free else ''} gets through."
        )
    why = found.blockers[0].sentence if found.blockers else "nothing leads there"
    more = len(found.blockers) - 1
    rest = f", and {more} more thing{'s' if more > 1 else ''} must change" if more > 0 else ""
    return f"{source.label} does not reach {target.label} by {what}: {why}{rest}."


def _step(step: ToldStep) -> dict[str, Any]:
    blockers = [_blocker(one) for one in step.blockers]
    return {**step.hop._asdict(), "blockers": blockers}


def _blocker(told: ToldBlocker) -> dict[str, Any]:
    blocker, words, commands = told
    shown = {"code": blocker.code, "about": dict(blocker.about), "sentence": words}
    return shown | {"commands": [command.text for command in commands]}


def packet(state: State, asked: Question, fields: Mapping[str, Ranges]) -> dict[str, Any] | None:
    """The packet of an answer, and who sends and receives it; None where an end has no address for it."""
    told = {name: _address(state, end, fields.get(name, ()), asked.version)
            for name, end in (("source", asked.source), ("destination", asked.target))}  # fmt: skip
    if not all(told.values()):
        return None
    port = fields.get("dport", only(USUAL_PORT))[0][0]
    ends = {"sender": _guest(state, asked.source), "receiver": _guest(state, asked.target)}
    name = next(name for name, numbers in PROTOCOLS.items() if asked.protocol in numbers.values())
    return {**ends, **told, "protocol": name, "port": port, "version": asked.version}


def _address(state: State, end: frozenset[str], chosen: Ranges, version: int) -> str:
    """The address of an end: the one that the answer is about, or its first one."""
    if chosen:
        return address_of(chosen[0][0], version)
    if INTERNET in end:
        return INTERNET_ADDRESS if version == 4 else INTERNET_ADDRESS6
    interface = state.need(NetworkInterface, min(end))
    return next(iter(interface.addresses if version == 4 else interface.addresses6), "")


def _guest(state: State, end: frozenset[str]) -> str:
    """The instance of an end, or the internet; "" where no instance has it."""
    if INTERNET in end:
        return INTERNET
    interface = state.need(NetworkInterface, min(end))
    return instance_id_of(interface) or ""
