"""Headers, addresses and rules in words."""

from elastinet.catalog.protocols import ANY, ICMP, ICMP6, TCP, UDP
from elastinet.model.acl import AclRule
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.noun import Noun
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules.filtering import protocol_name
from elastinet.rules.ranges import PORTS, Ranges, address_of, blocks_of, size
from elastinet.rules.reachability.headers import REPLIES, Headers
from elastinet.rules.rule_numbers import family

NAMES = {TCP: "TCP", UDP: "UDP", ICMP: "ICMP", ICMP6: "ICMPv6"}
NAMED: dict[str, type[Noun]] = {
    "i": Instance,
    "eni": NetworkInterface,
    "sg": SecurityGroup,
    "subnet": Subnet,
    "vpc": Vpc,
}
MOST_BLOCKS = 3
"""So many blocks of addresses are told one by one."""
HALF = {4: 1 << 31, 6: 1 << 127}
"""A set of more addresses of a version than this is the internet's."""


def named(state: State, id: str) -> str:
    """A component by its id, and its Name tag or a group's name."""
    kind = NAMED.get(id.partition("-")[0])
    found = state.get(kind, id) if kind else None
    name = found.group_name if isinstance(found, SecurityGroup) else found and found.name
    return f"{id} ({name})" if name else id


def traffic(headers: Headers) -> str:
    """What headers ask for: "TCP port 443", "answers from TCP port 443"."""
    name = NAMES.get(headers.protocol, f"protocol {headers.protocol}")
    if family(headers.protocol) == "icmp":
        return _message(name, headers)
    if family(headers.protocol) == "protocols":
        return name
    asked, answering = headers.field("dport"), headers.field("sport")
    if size(answering) == 1 and size(asked) > 1:
        return f"answers from {name} {ports(answering)}"
    return f"{name} {ports(asked)}" if asked != PORTS else name


def _message(name: str, headers: Headers) -> str:
    kinds = headers.field("dport")
    if size(kinds) != 1:
        return name
    (kind, _), *_ = kinds
    if (headers.protocol, kind) in REPLIES:
        return f"{name} echo requests"
    if any(kind == reply for (protocol, _), reply in REPLIES.items() if protocol == headers.protocol):
        return f"{name} echo replies"
    return f"{name} type {kind // 256} code {kind % 256}"


def ports(ranges: Ranges) -> str:
    """Ports: "port 80", "ports 80 and 1024 to 65535"."""
    shown = [str(low) if low == high else f"{low} to {high}" for low, high in ranges]
    return f"port{'s' if size(ranges) > 1 else ''} {' and '.join(shown)}"


def places(ranges: Ranges, version: int) -> str:
    """Some addresses: one, a few blocks, or how many there are."""
    if size(ranges) == 1:
        return address_of(ranges[0][0], version)
    if size(ranges) > HALF[version]:
        return "the internet"
    found = blocks_of(ranges, version)
    shown = ", ".join(block.removesuffix("/32" if version == 4 else "/128") for block in found[:MOST_BLOCKS])
    return shown if len(found) <= MOST_BLOCKS else f"{shown} and {len(found) - MOST_BLOCKS} more blocks"


def group_rule_words(state: State, rule: SecurityGroupRule) -> str:
    """A group's rule: "sgr-1 of sg-1 (web): TCP port 443 from 0.0.0.0/0"."""
    way = "to" if rule.egress else "from"
    peer = named(state, rule.peer)
    return f"{rule.id} of {named(state, rule.group_id)}: {_spoken_of(rule)} {way} {peer}"


def entry_words(rule: AclRule) -> str:
    """A list's entry: "entry 100 allows everything to 0.0.0.0/0"."""
    verb, way = "allows" if rule.allow else "denies", "to" if rule.egress else "from"
    return f"entry {rule.number} {verb} {_spoken_of(rule)} {way} {rule.cidr}"


def _spoken_of(rule: SecurityGroupRule | AclRule) -> str:
    if rule.protocol == ANY:
        return "everything"
    name = NAMES.get(rule.protocol, f"protocol {protocol_name(rule.protocol)}")
    if rule.low < 0 or (rule.low, rule.high) == PORTS[0]:
        return name
    if family(rule.protocol) == "icmp":
        return f"{name} type {rule.low}" + (f" code {rule.high}" if rule.high >= 0 else "")
    return f"{name} {ports(((rule.low, rule.high),))}"
