"""The router's packet filter for IPv6 as items: who may send what, and what the link's own packets may ask.

What comes from an address that the interface has goes on; nothing of a link is ever forwarded, and of
neighbour discovery only questions to the router are heard: nobody else can claim to be one. Pure.
"""

from collections.abc import Iterator

from elastinet.fabric.compile import dns64, link_local, neighbours, shaping, untracked
from elastinet.fabric.compile.items import Chain, Element, Item, Set
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Interface, Network
from elastinet.rules.closed_outside import not_of_internet6

SENDER = "iif . ether saddr . ip6 saddr"
BY_SENDER = f"meta mark set {SENDER} map @own6"
BY_BLOCK = "iif . ether saddr @ports meta mark set ether saddr . ip6 saddr map @delegated6"
BUMP = (
    "ip6 hoplimit 64 ip6 hoplimit set 65 accept",
    "ip6 hoplimit vmap { " + ", ".join(f"{n} : goto hop{n}" for n in range(1, 255)) + ", 255 : accept }",
)
ROUTER = names.link_local(names.ROUTER_MAC)
DHCP_SERVERS = "ff02::1:2"
CLIENT_MESSAGES = "{ 1, 3, 4, 5, 8, 9, 11 }"
"""Messages of clients to DHCPv6 servers, but no Rebind (6): by it, dnsmasq gives any address named there."""
BLOCK = "type ether_addr . ipv6_addr : mark; flags interval;"
"""Without the link's number: nftables turns its bytes around in keys of intervals."""


def network(item: Network, edge: int, *, limits: bool, frames: bool) -> Iterator[Item]:
    """A VPC's own part; its chains are asked from those of the packets of both families."""
    yield Set("own6", "type iface_index . ether_addr . ipv6_addr : mark;", "map")
    yield Set("delegated6", BLOCK, "map")
    yield Set("link6", "type iface_index . ether_addr . ipv6_addr;")
    yield Set("assigned6", "type inet_proto . ipv6_addr; flags interval;")
    yield from dns64.network(item)
    yield Chain("receive6", tuple(_receive(item, limits)))
    yield Chain("bump6", BUMP)
    yield Chain("link6_receive", _LINK)
    yield Chain("discovery6", _DISCOVERY)
    yield Chain("local6", tuple(_local()))
    yield Chain("services6", tuple(_services(item)))
    yield from (Chain(f"hop{n}", (f"ip6 hoplimit set {n + 1} accept",)) for n in range(1, 255))
    if frames:
        yield from neighbours.network6((BY_SENDER, BY_BLOCK), _prepared(limits))
    if item.igw or item.eigw:
        yield Chain("arrive6", tuple(_arrive(item, edge)))
        yield Chain("leave6", tuple(_leave(item, limits)))


def _prepared(limits: bool) -> tuple[str, ...]:
    return (shaping.NO_CLASS,) if limits else ()


def _receive(item: Network, limits: bool) -> Iterator[str]:
    """The link's own packets apart; then source check, route table and hop as for IPv4."""
    yield from _prepared(limits)
    yield from (f"ip6 daddr {scope} goto link6_receive" for scope in neighbours.LINK_SCOPE)
    yield f"{BY_SENDER} goto bump6"
    yield f"{BY_BLOCK} goto bump6"
    yield f"ip6 saddr {neighbours.LINK_SCOPE[0]} drop"
    if item.igw or item.eigw:
        yield f"iif {names.IGW_INDEX} goto arrive6"
    yield "meta mark set iif . ether saddr map @open goto bump6"
    yield "iif @peerings goto bump6"
    yield "iif lo accept"
    yield "counter drop"


_LINK = (f"{SENDER} @link6 goto discovery6", f"{BY_SENDER} goto discovery6", "iif lo accept", "counter drop")
_DISCOVERY = (
    "ip6 hoplimit 255 icmpv6 type { nd-router-solicit, nd-neighbor-solicit } accept",
    f"ip6 daddr {{ {ROUTER}, {DHCP_SERVERS} }} udp sport 546 udp dport 547 @th,64,8 {CLIENT_MESSAGES} accept",
    f"ip6 daddr {ROUTER} icmpv6 type echo-request accept",
    "counter drop",
)


def _local() -> Iterator[str]:
    """Rules for packets to the router itself: the link's own were judged when they came."""
    yield from (f"ip6 daddr {scope} accept" for scope in neighbours.LINK_SCOPE)
    yield f"{BY_SENDER} goto services6"
    yield f"{BY_BLOCK} goto services6"
    yield "drop"


def _services(item: Network) -> Iterator[str]:
    """Rules for requests of instances to the router itself: ping, metadata, DNS and the time."""
    yield from link_local.rule6(item)
    yield "icmpv6 type echo-request accept"
    yield f"ip6 daddr {names.METADATA_ADDRESS6} tcp dport 80 accept"
    yield f"ip6 daddr {names.NTP_ADDRESS6} udp dport 123 accept"
    if item.resolver:
        yield from dns64.accepted(item, f"ip6 daddr {names.RESOLVER_ADDRESS6}")
    yield "drop"


def _never_outside(item: Network) -> str:
    return f"{{ {', '.join(not_of_internet6(lan=item.lan))} }}"


def _arrive(item: Network, edge: int) -> Iterator[str]:
    """From the internet: nobody there has an address of the VPC's, or one that is not for the internet."""
    blocks = f"{{ {', '.join(item.cidrs6)} }}"
    yield f"ip6 saddr {_never_outside(item)} drop"
    yield f"ip6 saddr {blocks} drop"
    yield f"ip6 daddr {_never_outside(item)} drop"
    if edge:
        yield f"meta mark set {edge}"
    yield f"ip6 daddr {blocks} accept"
    yield "drop"


def tracked(item: Network) -> Iterator[str]:
    """What leaves by an egress-only gateway is tracked, whatever the sender's groups say."""
    if item.eigw and item.cidrs6:
        yield f"rt ip6 nexthop {names.link_local(names.EGRESS_ONLY_MAC)} {untracked.TRACKED}"


def _leave(item: Network, limits: bool) -> Iterator[str]:
    """To the internet, from assigned addresses only.

    By an egress-only gateway no answers leave.
    """
    if item.eigw:
        hop = names.link_local(names.EGRESS_ONLY_MAC)
        yield f"rt ip6 nexthop {hop} ct direction reply drop"
    yield f"ip6 saddr {_never_outside(item)} drop"
    yield f"ip6 daddr {_never_outside(item)} drop"
    if limits:
        yield shaping.to_gateway("ip6")
    yield "meta l4proto . ip6 saddr @assigned6 return"
    yield "drop"


def interface(item: Interface, index: int, mark: int, *, frames: bool) -> Iterator[Item]:
    """An interface's part: its addresses and the prefixes delegated to it are its own."""
    if frames:
        yield from neighbours.interface6(item, index, mark)
    if item.dns64:
        yield dns64.interface(index)
    yield Element("link6", f"{index} . {item.mac} . {names.link_local(item.mac)}")
    for address in item.addresses6:
        yield Element("own6", f"{index} . {item.mac} . {address}", str(mark))
        yield Element("assigned6", f"{shaping.EVERY_PROTOCOL} . {address}")
    for prefix in item.prefixes:
        if ":" in prefix:
            yield Element("delegated6", f"{item.mac} . {prefix}", str(mark))
            yield Element("assigned6", f"{shaping.EVERY_PROTOCOL} . {prefix}")
