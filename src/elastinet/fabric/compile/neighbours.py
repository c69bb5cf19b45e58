"""Frames from one instance to another of its subnet, whose own MAC the router tells who asks. Pure.

What carries a neighbour's MAC goes to that neighbour before any route table is asked, and to no other: to its
own addresses over their routes, to any address if its source/destination check is off. No route can lead to a
neighbour whose address a packet does not have, so such packets leave by a pair of links that is all the
router's own, in one table for all of them, with the neighbour's link in their mark; at the other end of the
pair they are handed to that link with the neighbour's MAC. All is looked up in maps, so their sizes do not
count.

ARP is answered by the kernel with a MAC of the router's, which is changed on its way out. Neighbour
solicitations are changed into their answers as they come in: the kernel would answer them for addresses that
it has been told of link by link, which grows with the square.

    frame from e1 to the MAC at e2 ─► at_e1: for this host after all ─► receive ─► beside ─► beside_to
        an address of that MAC's: mark NEIGHBOUR_MARK               ─► local table ─► forward ─► e2
        its check is off: mark HOP_MARK | e2's index ─► HOP_TABLE   ─► forward ─► hop0, hop1 ─► e2
"""

from collections.abc import Iterable, Iterator

from elastinet.fabric.compile.items import (
    Chain,
    Element,
    Item,
    Link,
    LinkAddress,
    Neighbour,
    PolicyRule,
    RouteItem,
    Set,
    Up,
    family_of,
)
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Interface, Network

IS_FOR_ANOTHER = "@ll,0,32 != 0xe000000"
"""Not for the router or another end of ours, by the first four bytes: one comparison for every packet."""
INSIDE = f"meta mark and {names.NEIGHBOUR_MARK:#x} == {names.NEIGHBOUR_MARK:#x}"
TO_ADDRESS = f"meta mark {names.NEIGHBOUR_MARK:#x}"
"""Most packets inside a subnet have it, so those of known flows are told by it, before all others."""
TO_OWN = {
    "ip": "meta mark set meta mark . ether daddr . ip daddr map @neighbours",
    "ip6": "meta mark set meta mark . ether daddr . ip6 daddr map @neighbours6",
}
TO_ANY = "meta mark set meta mark . ether daddr map @forwarders"
KEY = "type mark . ether_addr . {} : mark;"
LINK_SCOPE = ("fe80::/10", "ff00::/8")
EVERYWHERE = {"ip": "0.0.0.0/0", "ip6": "::/0"}
ROUTER = names.link_local(names.ROUTER_MAC)
ADVERTISE = "advertise"
NEXT = {"ip": names.HOP_ADDRESS, "ip6": names.link_local(names.HOP_MAC)}


def network(item: Network, by_sender: str, linux_bump: str, bump: str) -> Iterator[Item]:
    """A router's own part: whose MACs there are, and the way to those who take packets for others."""
    yield Set("neighbours", KEY.format("ipv4_addr"), "map")
    yield Set("forwarders", "type mark . ether_addr : mark;", "map")
    yield Chain("beside", tuple(_beside(item, by_sender, linux_bump)))
    yield Chain("beside_to", (f"{TO_OWN['ip']} {bump}", f"{TO_ANY} {bump}", "counter drop"))
    yield Set("subnets", "type iface_index : mark;", "map", "arp")
    yield Set("macs", "type mark . ipv4_addr : ether_addr;", "map", "arp")
    answer = "arp operation reply meta mark set oif map @subnets"
    named = "arp saddr ether set meta mark . arp saddr ip map @macs"
    hook = "type filter hook output priority filter; policy accept;"
    yield Chain("answer", (f"{answer} {named}",), hook, "arp")
    yield from _pair()
    yield from _way("ip")


def network6(by_sender: tuple[str, ...], prepared: tuple[str, ...]) -> Iterator[Item]:
    """The same for IPv6; of delegated prefixes the map has blocks, so the neighbour is looked for before."""
    yield Set("neighbours6", KEY.format("ipv6_addr"), "map")
    yield Set("delegates6", "type mark . ether_addr;")
    open = "meta mark set iif . ether saddr map @open"
    link = (f"ip6 daddr {scope} goto link6_receive" for scope in LINK_SCOPE)
    senders = (f"{known} goto beside6_to" for known in (*by_sender, open))
    yield Chain("beside6", (*prepared, *link, *senders, "counter drop"))
    in_block = "meta mark . ether daddr @delegates6 meta mark set ether daddr . ip6 daddr map @delegated6"
    marked = f"{in_block} meta mark set {names.NEIGHBOUR_MARK:#x}"
    ways = (f"{found} goto bump6" for found in (TO_OWN["ip6"], TO_ANY, marked))
    yield Chain("beside6_to", (*ways, "counter drop"))
    yield LinkAddress(names.HOP_LINK, ROUTER, 64)
    yield from _way("ip6")
    yield from answers6()


def answers6() -> Iterator[Item]:
    """What answers neighbour solicitations: for addresses, and for delegated prefixes by their 80 bits."""
    yield Set("askers", "type iface_index : mark;", "map", "netdev")
    yield Set("asker_addresses", "type iface_index . ipv6_addr;", family="netdev")
    for name in ("macs6", "block_macs6"):
        yield Set(name, "type mark . ipv6_addr : ether_addr;", "map", "netdev")
    found = (("address", "macs6"), ("block", "block_macs6"))
    rules = tuple(f"advertised {kept} @askers @{name} @asker_addresses" for kept, name in found)
    yield Chain(ADVERTISE, rules, family="netdev")


def interface6(item: Interface, index: int, mark: int) -> Iterator[Item]:
    """The IPv6 part of an interface."""
    yield Element("askers", str(index), str(mark), "netdev")
    for address in item.addresses6:
        yield Element("asker_addresses", f"{index} . {address}", family="netdev")
        yield Element("neighbours6", f"{mark} . {item.mac} . {address}", str(names.NEIGHBOUR_MARK))
        yield Element("macs6", f"{mark} . {address}", item.mac, "netdev")
    blocks = [prefix for prefix in item.prefixes if ":" in prefix]
    for base in (block.partition("/")[0] for block in blocks):
        yield Element("asker_addresses", f"{index} . {base}", family="netdev")
        yield Element("block_macs6", f"{mark} . {base}", item.mac, "netdev")
    if blocks:
        yield Element("delegates6", f"{mark} . {item.mac}")


def _beside(item: Network, by_sender: str, linux_bump: str) -> Iterator[str]:
    """A frame for somebody else: what comes to an address of its receiver's is the first to be found."""
    yield f"{by_sender} {TO_OWN['ip']} {linux_bump}"
    yield "meta pkttype != host return"
    yield "iif lo return"
    if item.cidrs6:
        yield "meta nfproto ipv6 goto beside6"
    yield f"{by_sender} goto beside_to"
    yield "meta mark set iif . ether saddr map @open goto beside_to"
    yield "counter drop"


def _pair() -> Iterator[Item]:
    """The pair of links, and what its far end does with packets."""
    yield Set("forwarder_in", "type mark : verdict;", "map")
    yield Chain("forwarder", ("meta mark vmap @forwarder_in",))
    yield Element("ingress", str(names.HOP_INDEX), "goto forwarder")
    yield Set("forwarder_link", "type mark : iface_index;", "map", "netdev")
    yield Set("forwarder_mac", "type mark : ether_addr;", "map", "netdev")
    handed = "meta mark map @forwarder_mac fwd to meta mark map @forwarder_link"
    yield _ingress("to_forwarder", names.HOP_PEER, f"ether daddr set {handed}", "drop")


def _way(family: str) -> Iterator[Item]:
    """The way to the pair, for packets of one family."""
    every, via = EVERYWHERE[family], NEXT[family]
    yield PolicyRule(
        names.HOP_PREFERENCE, names.HOP_MARK, names.HOP_TABLE, names.HOP_MARK, "", family_of(via)
    )
    yield RouteItem(names.HOP_TABLE, every, names.HOP_LINK, via)
    yield Neighbour(names.HOP_LINK, via, names.HOP_MAC)


def link(network: str, mtu: int) -> Iterator[Item]:
    """The pair itself: both its ends are the router's."""
    yield Link(names.HOP_LINK, names.HOP_INDEX, names.HOP_LINK, mtu, names.ROUTER_MAC, network, network,
               names.HOP_PEER, names.HOP_MAC, peer_index=names.HOP_PEER_INDEX)  # fmt: skip
    yield from (Up(end) for end in (names.HOP_LINK, names.HOP_PEER))


def interface(
    item: Interface, addresses: Iterable[str], index: int, mark: int, *, has_ipv6: bool
) -> Iterator[Item]:
    """An interface's part: its MAC is that of its addresses, and of any if it takes packets for others."""
    host = names.host_link(item.id)
    asks = (f"icmpv6 type nd-neighbor-solicit jump {ADVERTISE}",) if has_ipv6 else ()
    yield _ingress(f"at_{host}", host, *asks, "meta pkttype other meta pkttype set host")
    yield Element("subnets", str(index), str(mark), "arp")
    for address in addresses:
        yield Element("neighbours", f"{mark} . {item.mac} . {address}", str(names.NEIGHBOUR_MARK))
        yield Element("macs", f"{mark} . {address}", item.mac, "arp")
    if not item.check:
        hop = str(names.HOP_MARK | index)
        yield Element("forwarders", f"{mark} . {item.mac}", hop)
        yield Element("forwarder_in", hop, f"goto {host}_in")
        yield Element("forwarder_link", hop, str(index), "netdev")
        yield Element("forwarder_mac", hop, item.mac, "netdev")


def _ingress(name: str, device: str, *rules: str) -> Chain:
    """A chain that meets what comes in by a device, before its queue does."""
    hook = f"type filter hook ingress device {device} priority -10; policy accept;"
    return Chain(name, rules, hook, "netdev", device)
