"""The router's packet filter as items: which chains, sets and elements each object asks for. Pure."""

from collections.abc import Iterable, Iterator

from elastinet.fabric import acls, names, permissions
from elastinet.fabric.items import Chain, Element, Item, Set
from elastinet.fabric.objects import Group, Interface, Mapping, Members, Network, Permission

PRIVATE = "{ 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16 }"
BY_SENDER = "meta mark set iif . ether saddr . ip saddr map @own"
BUMP = "ip ttl vmap { " + ", ".join(f"{ttl} : goto ttl{ttl}" for ttl in range(1, 255)) + ", 255 : accept }"
DEFINITIONS = {
    permissions.BY_PORT: "type inet_proto . inet_service . ipv4_addr; flags interval;",
    permissions.BY_ICMP: "type inet_service . ipv4_addr; flags interval;",
    permissions.BY_PROTOCOL: "type inet_proto . ipv4_addr; flags interval;",
}
KEYS = {
    permissions.BY_PORT: "meta l4proto . th dport . ip {address}",
    permissions.BY_ICMP: "th sport . ip {address}",
    permissions.BY_PROTOCOL: "meta l4proto . ip {address}",
}


def network(item: Network, igw: bool, edge: int) -> Iterator[Item]:
    """A VPC's own part: who may send what, in which order it is looked at, and what it may reach.

    What comes in by the internet gateway gets the mark `edge`.
    """
    yield Set("own", "type iface_index . ether_addr . ipv4_addr : mark;", "map")
    yield Set("open", "type iface_index . ether_addr : mark;", "map")
    yield Set("ports", "type iface_index . ether_addr;")
    yield Set("peerings", "type iface_index;")
    yield Set("egress", "type iface_index : verdict;", "map")
    yield Set("ingress", "type iface_index : verdict;", "map")
    yield Set("public", "type ipv4_addr : ipv4_addr;", "map")
    yield Set("private", "type ipv4_addr : ipv4_addr;", "map")
    yield from acls.maps()
    yield Chain(
        "receive", tuple(_receive(igw, edge)), "type filter hook prerouting priority raw; policy accept;"
    )
    yield Chain("local", _LOCAL, "type filter hook input priority filter; policy accept;")
    yield Chain("services", tuple(_services(item)))
    yield Chain("forward", tuple(_forward(igw)), "type filter hook forward priority filter; policy drop;")
    yield Chain("admitted", ("oif vmap @ingress", "drop"))
    if igw:
        yield Chain("outside", (f"ip daddr {PRIVATE} drop", "accept"))
        yield Element("ingress", str(names.IGW_INDEX), "goto outside")
        yield Chain("send", tuple(_send()), "type filter hook postrouting priority 300; policy accept;")
    yield from (Chain(f"ttl{ttl}", (f"ip ttl set {ttl + 1} accept",)) for ttl in range(1, 255))


_LOCAL = ("iif lo accept", "udp dport 67 accept", f"{BY_SENDER} goto services", "drop")


def _services(item: Network) -> Iterator[str]:
    """What instances may ask the router itself."""
    yield "icmp type echo-request accept"
    yield f"ip daddr {names.METADATA_ADDRESS} tcp dport 80 accept"
    if item.resolver:
        asked = f"{{ {item.resolver}, {names.RESOLVER_ADDRESS} }}"
        yield f"ip daddr {asked} meta l4proto {{ tcp, udp }} th dport 53 accept"
    yield "drop"


def _receive(igw: bool, edge: int) -> Iterator[str]:
    """Source check and route table in one lookup; then the hop that routing takes is given back."""
    yield f"{BY_SENDER} {BUMP}"
    if igw:
        yield f"iif {names.IGW_INDEX} ip saddr {PRIVATE} drop"
        if edge:
            yield f"iif {names.IGW_INDEX} meta mark set {edge}"
        yield f"iif {names.IGW_INDEX} ip daddr set ip daddr map @public accept"
    yield f"meta mark set iif . ether saddr map @open {BUMP}"
    yield f"iif @peerings {BUMP}"
    yield "iif lo accept"
    broadcast = "ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67"
    yield f"{broadcast} iif . ether saddr @ports accept"
    yield "counter drop"


def _forward(igw: bool) -> Iterator[str]:
    yield from acls.ASKED
    yield "ct state vmap { established : accept, related : accept, invalid : drop }"
    yield "iif vmap @egress"
    if igw:
        yield f"iif {names.IGW_INDEX} goto admitted"


def _send() -> Iterator[str]:
    """The stateless half of 1:1 NAT that makes a private source public."""
    yield f"oif != {names.IGW_INDEX} accept"
    yield "ip saddr set ip saddr map @private accept"
    yield "drop"


def interface(item: Interface, index: int, mark: int, groups: Iterable[str] | None) -> Iterator[Item]:
    """An interface's part: its addresses are its own, and its groups' chains are asked in turn.

    Without a list of groups nothing is asked, but what it sends is still asked of the receiver's groups.
    """
    link = names.host_link(item.id)
    for address in item.addresses:
        yield Element("own", f"{index} . {item.mac} . {address}", str(mark))
    if not item.check:
        yield Element("open", f"{index} . {item.mac}", str(mark))
    yield Element("ports", f"{index} . {item.mac}")
    asked = None if groups is None else tuple(groups)
    for hook, direction, free in (("egress", "out", "goto admitted"), ("ingress", "in", "accept")):
        jumps = (f"jump {names.group_chain(group, direction)}" for group in asked or ())
        yield Chain(f"{link}_{direction}", (free,) if asked is None else (*jumps, "drop"))
        yield Element(hook, str(index), f"goto {link}_{direction}")


def group(item: Group, known: Iterable[str]) -> Iterator[Item]:
    """A security group's part: one chain per direction over three sets, and a chain per peer group."""
    known = frozenset(known)
    yield from _direction(item.id, "in", "saddr", "accept", item.ingress, known)
    yield from _direction(item.id, "out", "daddr", "goto admitted", item.egress, known)


def _direction(
    id: str, direction: str, address: str, verdict: str, rules: frozenset[Permission], known: frozenset[str]
) -> Iterator[Item]:
    chain, text = names.group_chain(id, direction), []
    found = permissions.elements(rule for rule in rules if permissions.is_v4(rule.peer))
    for kind, definition in DEFINITIONS.items():
        yield Set(f"{chain}_{kind}", definition)
        yield from (Element(f"{chain}_{kind}", element) for element in found[kind])
        only = "meta l4proto icmp " if kind == permissions.BY_ICMP else ""
        text.append(f"{only}{KEYS[kind].format(address=address)} @{chain}_{kind} {verdict}")
    for peer in sorted({rule.peer for rule in rules if not permissions.is_cidr(rule.peer)} & known):
        name = f"{chain}_{names.word(peer)}"
        yield Chain(name, tuple(sorted(f"{_match(rule)}{verdict}" for rule in rules if rule.peer == peer)))
        text.append(f"ip {address} @{names.members_set(peer)} jump {name}")
    yield Chain(chain, tuple(text))


def _match(rule: Permission) -> str:
    """A rule's protocol and numbers as a match, for a chain that knows its peer already."""
    numbers = permissions.span(*permissions.numbers(rule))
    match permissions.family(rule):
        case permissions.BY_PORT:
            return f"meta l4proto {rule.protocol} th dport {numbers} "
        case permissions.BY_ICMP:
            return f"meta l4proto icmp th sport {numbers} "
        case _:
            return "" if rule.protocol == permissions.ANY else f"meta l4proto {rule.protocol} "


def members(item: Members) -> Iterator[Item]:
    """The addresses of a group's members, for the groups that name it."""
    yield Set(names.members_set(item.id), "type ipv4_addr;")
    yield from (
        Element(names.members_set(item.id), address) for address in item.addresses if ":" not in address
    )


def mapping(item: Mapping) -> Iterator[Item]:
    """A public address's part: both directions of its translation."""
    yield Element("public", item.id, item.private)
    yield Element("private", item.private, item.id)
