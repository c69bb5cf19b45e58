"""The router's packet filter as items: the chains, sets and elements that each object asks for. Pure.

The order of the chains, in full in docs/CONTRIBUTING.md; `e..._out` and `e..._in` are an interface's own:

    prerouting  receive   source check, mark = subnet and table; then the routing decision
                beside    the same for frames to another instance of the subnet: neighbours.py
    input       local     to the router itself: -> dhcp; with an own source -> services
                services  at most 1,024 packets a second: ping, metadata, DNS; else drop
    forward     forward   network ACLs, but not inside a subnet -> flows
                flows     established -> known; else egress by incoming link -> e..._out
                known     tracked by both ends, or judged in this epoch: accept; else -> egress, or admitted
                e..._out  the sender's groups -> admitted; none lets it out -> refused
                admitted  established, receiver tracks it: accept; else ingress by outgoing link -> e..._in
                e..._in   the receiver's groups accept; none lets it in -> refused
                refused   forget the epochs, drop
"""

import ipaddress
from collections.abc import Iterable, Iterator

from elastinet.catalog.protocols import ANY, ICMP, ICMP6
from elastinet.fabric.compile import (
    acls,
    dns64,
    link_local,
    neighbours,
    nft6,
    permissions,
    remembering,
    shaping,
    untracked,
)
from elastinet.fabric.compile.items import Chain, Element, Item, Set
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Group, GroupRule, Interface, Mapping, Members, Network
from elastinet.rules import rule_numbers
from elastinet.rules.closed_outside import not_of_internet

BY_SENDER = "meta nfproto ipv4 meta mark set iif . ether saddr . ip saddr map @own"
# A DHCP server answers to the address that a message calls its relay's (giaddr) or its client's (ciaddr),
# wherever that is. Instances are no relays; a client's address is made the source, and looked up like one. In
# bits (`ip saddr`), for nftables 1.1 takes no number for an address; a client that has one sends from it, so
# that nothing changes, and what pretends ends at the lookup, or at its checksum.
_BY_CLIENT = ("@nh,96,32 set @th,160,32", f"{BY_SENDER} accept", "drop")
_DHCP = ("@th,256,32 != 0 drop", "@th,160,32 0 accept", *_BY_CLIENT)
_NO_FLOW = "ct state vmap { related : accept, invalid : drop }"
BUMP = "goto bump"
_LINUX_BUMP = "ip ttl 64 ip ttl set 65 accept"
_BUMP = (
    _LINUX_BUMP,
    "ip ttl vmap { " + ", ".join(f"{ttl} : goto ttl{ttl}" for ttl in range(1, 255)) + ", 255 : accept }",
    "drop",
)
"""The hop that routing takes is given back; Linux's packets have 64, and need no lookup.

Where most packets come by, the rule that finds them says this itself: to go to a chain costs 1.5 % of all.
"""
_ERROR = "icmp type { 3, 4, 5, 11, 12 }"
"""What quotes the packet that it is about."""
DEFINITIONS = {
    rule_numbers.BY_PORT: "type inet_proto . inet_service . {type}; flags interval;",
    rule_numbers.BY_ICMP: "type inet_service . {type}; flags interval;",
    rule_numbers.BY_PROTOCOL: "type inet_proto . {type}; flags interval;",
}
KEYS = {
    rule_numbers.BY_PORT: "meta l4proto . th dport . {address}",
    rule_numbers.BY_ICMP: "meta l4proto {icmp} th sport . {address}",
    rule_numbers.BY_PROTOCOL: "meta l4proto . {address}",
}
MEMBERS = {"ip": "{address}", "ip6": "meta l4proto . {address}"}
ICMP6_NUMBER = str(ICMP6)
"""By number, for a minimal machine has no /etc/protocols to look `ipv6-icmp` up in."""
ICMP_NAMES = {ICMP: "icmp", ICMP6: ICMP6_NUMBER}
Family = dict[str, str]
V4 = {"type": "ipv4_addr", "ip": "ip", "icmp": "icmp", "suffix": ""}
V6 = {"type": "ipv6_addr", "ip": "ip6", "icmp": ICMP6_NUMBER, "suffix": "6"}


def network(
    item: Network, outside: bool, edge: int, epoch: int, *, limits: bool, frames: bool, forwards: bool
) -> Iterator[Item]:
    """A VPC's own part: who may send what, in which order it is looked at, and what it may reach.

    `outside` says whether there is a link to the internet; what comes in by it gets the mark `edge`.
    `epoch` counts the times that a rule went; `limits` says whether some may send less to the internet,
    `frames` whether frames to an instance's neighbours are told from those to the router, `forwards` whether
    some take packets for others.
    """
    yield Set("own", "type iface_index . ether_addr . ipv4_addr : mark;", "map")
    yield Set("open", "type iface_index . ether_addr : mark;", "map")
    yield Set("ports", "type iface_index . ether_addr;")
    yield from link_local.network()
    yield Set("peerings", "type iface_index;")
    yield Set("egress", "type iface_index : verdict;", "map")
    yield Set("ingress", "type iface_index : verdict;", "map")
    yield Set("public", "type ipv4_addr : ipv4_addr;", "map")
    yield Set("private", "type ipv4_addr : ipv4_addr;", "map")
    yield from acls.maps()
    yield Chain(
        "receive",
        (*_beside(frames), *_receive(item, outside, edge)),
        "type filter hook prerouting priority raw; policy accept;",
    )
    yield Chain("bump", _BUMP)
    yield Chain("local", tuple(_local(item)), "type filter hook input priority filter; policy accept;")
    yield Chain("dhcp", _DHCP)
    yield Chain("services", tuple(_services(item)))
    yield Chain(
        "forward",
        tuple(_forward(outside, frames, forwards)),
        "type filter hook forward priority filter; policy drop;",
    )
    yield Chain("flows", tuple(_flows(item, outside, forwards)))
    if frames:
        yield from neighbours.network(item, BY_SENDER, _LINUX_BUMP, BUMP)
    yield from untracked.network(epoch, forwards=forwards)
    if outside:
        yield Chain("outside", (f"ip daddr {_private(item)} drop", *nft6.tracked(item), "accept"))
        yield Element("ingress", str(names.IGW_INDEX), "goto outside")
        yield Chain("send", tuple(_send(item, limits)))
        hook = "type filter hook output priority filter; policy accept;"
        yield from (_quoted("quoted_in", "saddr", "public"), _quoted("quoted_out", "daddr", "private"))
        yield Chain("own_out", (f"oif {names.IGW_INDEX} drop",), hook)
    yield from (Chain(f"ttl{ttl}", (f"ip ttl set {ttl + 1} accept",)) for ttl in range(1, 255))


def _local(item: Network) -> Iterator[str]:
    """Rules for packets to the router itself."""
    yield "iif lo accept"
    yield from _apart(item, "local6")
    yield from ("udp dport 67 goto dhcp", f"{BY_SENDER} goto services", "drop")


def _apart(item: Network, chain: str) -> Iterator[str]:
    """The rule that sends IPv6 packets to their own chain; a network without IPv6 blocks drops them."""
    if item.cidrs6:
        yield f"meta nfproto ipv6 goto {chain}"


def _services(item: Network) -> Iterator[str]:
    """Rules for requests of instances to the router itself: ping, metadata, DNS and the time."""
    yield from link_local.rule(item)
    yield "icmp type echo-request accept"
    yield f"ip daddr {names.METADATA_ADDRESS} tcp dport 80 accept"
    yield f"ip daddr {names.NTP_ADDRESS} udp dport 123 accept"
    if item.resolver:
        yield from dns64.accepted(item, f"ip daddr {{ {item.resolver}, {names.RESOLVER_ADDRESS} }}")
    yield "drop"


def _private(item: Network) -> str:
    blocks = sorted(not_of_internet(lan=item.lan), key=ipaddress.IPv4Network)
    return f"{{ {', '.join(blocks)} }}"


def _beside(frames: bool) -> Iterator[str]:
    """Frames that carry another MAC than the router's, apart from all others."""
    if frames:
        yield f"{neighbours.IS_FOR_ANOTHER} jump beside"


def _receive(item: Network, outside: bool, edge: int) -> Iterator[str]:
    """Source check and route table in one lookup; then the hop that routing takes is given back."""
    yield from (f"{BY_SENDER} {bump}" for bump in (_LINUX_BUMP, BUMP))
    yield from _apart(item, "receive6")
    if item.igw and outside:
        yield f"iif {names.IGW_INDEX} ip saddr {_private(item)} drop"
        if edge:
            yield f"iif {names.IGW_INDEX} meta mark set {edge}"
        yield f"iif {names.IGW_INDEX} {_ERROR} jump quoted_in"
        yield f"iif {names.IGW_INDEX} ip daddr set ip daddr map @public accept"
    yield f"meta mark set iif . ether saddr map @open {BUMP}"
    yield f"iif @peerings {BUMP}"
    yield "iif lo accept"
    broadcast = "ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67"
    yield f"{broadcast} iif . ether saddr @ports accept"
    yield "counter drop"


def _forward(outside: bool, frames: bool, forwards: bool) -> Iterator[str]:
    """Network ACLs have no say inside a subnet. Whoever asks later reads no source of what leaves."""
    if frames and not forwards:
        yield f"{neighbours.TO_ADDRESS} ct state established goto known"
    if frames:
        yield f"{neighbours.INSIDE} goto flows"
    yield from acls.ASKED
    if outside:
        yield f"oif {names.IGW_INDEX} jump send"
    yield "goto flows"


def _flows(item: Network, outside: bool, forwards: bool) -> Iterator[str]:
    if forwards:
        yield _NO_FLOW
        yield "iif vmap @forwards_out"
    yield "ct state established goto known"
    if not forwards:
        yield _NO_FLOW
    yield "iif vmap @egress"
    if item.igw and outside:
        yield f"iif {names.IGW_INDEX} goto admitted"


def _send(item: Network, limits: bool) -> Iterator[str]:
    """The stateless half of 1:1 NAT that makes a private source public."""
    yield from _apart(item, "leave6")
    if limits:
        yield shaping.to_gateway("ip")
    yield f"{_ERROR} jump quoted_out"
    yield "ip saddr set ip saddr map @private return"
    yield "drop"


def _quoted(name: str, address: str, translation: str) -> Chain:
    """The same translation for the packet that an ICMP error quotes, which went the other way."""
    return Chain(name, tuple(f"quoted {kind} {address} map @{translation}" for kind in ("udp", "tcp", "ip")))


def interface(
    item: Interface, index: int, mark: int, groups: Iterable[str] | None, *, frames: bool, has_ipv6: bool
) -> Iterator[Item]:
    """An interface's part: its addresses are its own, and its groups' chains are asked in turn.

    Without a list of groups nothing is asked, but what it sends is still asked of the receiver's groups.
    """
    link = names.host_link(item.id)
    addresses = (*item.addresses, *_singly(item.prefixes))
    if frames:
        yield from neighbours.interface(item, addresses, index, mark, has_ipv6=has_ipv6)
    for address in addresses:
        yield Element("own", f"{index} . {item.mac} . {address}", str(mark))
    if not item.check:
        yield Element("open", f"{index} . {item.mac}", str(mark))
    yield Element("ports", f"{index} . {item.mac}")
    asked = None if groups is None else tuple(groups)
    if asked is None:
        yield untracked.appliance(index)
    for hook, direction, free in (("egress", "out", "goto admitted"), ("ingress", "in", "accept")):
        jumps = (f"jump {names.group_chain(group, direction)}" for group in asked or ())
        first, last = remembering.judged(item, direction)
        judged = (*untracked.asked(asked or (), direction), *first, *jumps, *last, "goto refused")
        yield Chain(f"{link}_{direction}", (free,) if asked is None else judged)
        yield Element(hook, str(index), f"goto {link}_{direction}")
    if asked is not None:
        yield from remembering.interface(item, index)


def group(item: Group, known: Iterable[str], has_ipv6: bool) -> Iterator[Item]:
    """A security group's part: one chain per direction over three sets, and a chain per peer group.

    In a network with IPv6 blocks there are as many chains and sets for IPv6.
    """
    known = frozenset(known)
    yield from untracked.group(item)
    for direction, address, verdict, rules in (
        ("in", "saddr", "accept", item.ingress),
        ("out", "daddr", "goto admitted", item.egress),
    ):
        chain = names.group_chain(item.id, direction)
        peers = sorted({rule.peer for rule in rules if not permissions.is_cidr(rule.peer)} & known)
        for peer in peers:
            matches = sorted(f"{_match(rule)}{verdict}" for rule in rules if rule.peer == peer)
            yield Chain(f"{chain}_{names.word(peer)}", tuple(matches))
        found = [rule for rule in rules if permissions.is_v4(rule)]
        yield from _sets(chain, found, V4)
        text = [*_lookups(chain, address, verdict, peers, V4)]
        if has_ipv6:
            yield from _sets(chain, [rule for rule in rules if permissions.is_v6(rule)], V6)
            yield Chain(f"{chain}6", tuple(_lookups(chain, address, verdict, peers, V6)))
            text.append(f"meta nfproto ipv6 goto {chain}6")
        yield Chain(chain, tuple(text))


def _sets(chain: str, rules: Iterable[GroupRule], family: Family) -> Iterator[Item]:
    """The three sets of a direction and a family."""
    found = permissions.elements(rules)
    for kind, definition in DEFINITIONS.items():
        name = f"{chain}_{kind}{family['suffix']}"
        yield Set(name, definition.format(**family))
        yield from (Element(name, element) for element in found[kind])


def _lookups(chain: str, address: str, verdict: str, peers: Iterable[str], family: Family) -> Iterator[str]:
    """Rules that look a packet of a family up: in the three sets, then among the members of peer groups."""
    words = {**family, "address": f"{family['ip']} {address}"}
    for kind, key in KEYS.items():
        yield f"{key.format(**words)} @{chain}_{kind}{family['suffix']} {verdict}"
    for peer in peers:
        key, members = MEMBERS[family["ip"]], f"{names.members_set(peer)}{family['suffix']}"
        yield f"{key.format(**words)} @{members} jump {chain}_{names.word(peer)}"


def _match(rule: GroupRule) -> str:
    """A rule's protocol and numbers as a match, for a chain that knows its peer already."""
    numbers = permissions.span(*rule_numbers.numbers(rule))
    match rule_numbers.family(rule.protocol):
        case rule_numbers.BY_PORT:
            return f"meta l4proto {rule.protocol} th dport {numbers} "
        case rule_numbers.BY_ICMP:
            return f"meta l4proto {ICMP_NAMES[rule.protocol]} th sport {numbers} "
        case _:
            return "" if rule.protocol == ANY else f"meta l4proto {rule.protocol} "


def members(item: Members, has_ipv6: bool) -> Iterator[Item]:
    """The addresses and delegated prefixes of a group's members, for the groups that name it."""
    name = names.members_set(item.id)
    yield Set(name, "type ipv4_addr;")
    yield from (Element(name, address) for address in _singly(item.addresses))
    if has_ipv6:
        blocks = (GroupRule(ANY, -1, -1, a) for a in item.addresses if ":" in a)
        found = permissions.elements(blocks)[rule_numbers.BY_PROTOCOL]
        yield Set(f"{name}6", DEFINITIONS[rule_numbers.BY_PROTOCOL].format(**V6))
        yield from (Element(f"{name}6", element) for element in found)


def _singly(blocks: Iterable[str]) -> Iterator[str]:
    """The addresses of IPv4 blocks and addresses, one by one: a delegated prefix has sixteen."""
    for block in blocks:
        if ":" not in block:
            yield from map(str, ipaddress.IPv4Network(block)) if "/" in block else (block,)


def mapping(item: Mapping) -> Iterator[Item]:
    """A public address's part: both directions of its translation."""
    yield Element("public", item.id, item.private)
    yield Element("private", item.private, item.id)
