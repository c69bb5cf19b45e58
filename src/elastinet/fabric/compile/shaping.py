"""The limits of an instance's bandwidth as items. Pure.

Beside the router's own links there is one queue device for each instance, with a class for each limit. What
leaves or enters by any of its interfaces is sent through the device, and waits there for its turn. As that
costs time, packets go by it for as long as they are so few that no limit can be reached: the *watch* counts
them by length, and from the first one too many on, all are queued until a second has passed without any.

What was queued once is not seen by filters at the device that it leaves by (the kernel spares it them), only
by the traffic control there. So a packet that may enter an instance directly carries a mark, and traffic
control sends all others to the queue.
"""

from collections.abc import Iterable, Iterator

from elastinet.fabric.compile import classes, watch
from elastinet.fabric.compile.items import Chain, Element, Item, Queue, Redirect, Set, Up
from elastinet.fabric.compile.link_local import MOST_INTERFACES
from elastinet.fabric.compile.view import CompileView
from elastinet.fabric.compile.watch import PASS, PASS_MARKED, Watch, watched
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import BandwidthLimits, FlowLimit, FlowLimitPeers, Interface, Network
from elastinet.fabric.contract.objects import Mapping as PublicAddress

FLOW_SECONDS, MOST_FLOWS = 10, 1024
FAMILIES = {"ip": "", "ip6": "6"}
TYPES = {"ip": "ipv4_addr", "ip6": "ipv6_addr"}
KINDS = {"ip": "ipv4_addr", "ip6": "inet_proto . ipv6_addr"}
WHOSE, FLAGS = {"ip": "ip", "ip6": "meta l4proto . ip6"}, {"ip": "", "ip6": " flags interval;"}
"""Prefixes of IPv6 are delegated; with every protocol's number before them the kernel shows them whole."""
EVERY_PROTOCOL = "0-255"
KEY = "meta mark set jhash {0} saddr . {0} daddr . {1} mod 4294967295 return"
FRAGMENT = {"ip": "ip frag-off & 0x3fff != 0", "ip6": "exthdr frag exists"}
NO_TAGS = "meta protocol != {{ {} }} drop"
"""Tags of VLANs may be piled up before a packet, and the router would take them off."""
NO_CLASS = "meta priority set none"
"""Packets that have left a queue are in no class of the next one; of IPv4 the kernel forgets it by itself."""
SPARED = {"out": "daddr", "in": "saddr"}


def network(item: Network, outside: bool) -> Iterator[Item]:
    """A router's own part: what is hot, what is never held up, the number that a flow is known by, and who
    has a gateway's limit."""
    has_ipv6 = bool(item.cidrs6)
    yield from (_hot(f"hot_{direction}", "iface_index") for direction in ("out", "in"))
    yield Chain("flow_key", tuple(_flow_key(has_ipv6)), family="netdev")
    yield Chain("spared_out", tuple(_spared(item, "out", PASS)), family="netdev")
    yield Chain("spared_in", tuple(_spared(item, "in", PASS_MARKED)), family="netdev")
    for family in _families(has_ipv6):
        suffix, kind, flags = FAMILIES[family], KINDS[family], FLAGS[family]
        yield _hot(f"hot_gateway{suffix}", TYPES[family])
        yield Set(f"gateway_in{suffix}", f"type {kind} : verdict;{flags}", "map", "netdev")
        yield Set(f"gateway_out{suffix}", f"type {kind} : classid;{flags}", "map")
    if outside:
        looks = (
            f"{WHOSE[family]} daddr vmap @gateway_in{FAMILIES[family]}" for family in _families(has_ipv6)
        )
        yield _base("at_gateway", "ingress", names.IGW_LINK, looks)
        yield Queue(names.IGW_LINK)


def _spared(item: Network, direction: str, verdict: str) -> Iterator[str]:
    """Rules for packets between an instance and its router, which do not count against its bandwidth.

    Only what can never be forwarded, so only addresses that the router surely has: it takes no IPv4 packet
    from its own, and neither takes nor sends on what is a link's own in IPv6.
    """
    end, has_ipv6, resolver = SPARED[direction], bool(item.cidrs6), item.resolver
    services = [names.METADATA_ADDRESS, names.NTP_ADDRESS]
    services += [names.RESOLVER_ADDRESS, resolver] if resolver else []
    yield f"meta protocol arp {verdict}"
    yield NO_TAGS.format(", ".join(_families(has_ipv6)))
    yield f"ip {end} {{ {', '.join(services)} }} {verdict}"
    if has_ipv6:
        yield f"ip6 {end} fe80::/10 {verdict}"
    if direction == "out":
        yield f"ip {end} 255.255.255.255 {verdict}"
    if has_ipv6 and direction == "out":
        services6 = ["ff00::/8", names.METADATA_ADDRESS6, names.NTP_ADDRESS6]
        services6 += [names.RESOLVER_ADDRESS6] if resolver else []
        yield f"ip6 {end} {{ {', '.join(services6)} }} {verdict}"


def _families(has_ipv6: bool) -> tuple[str, ...]:
    return ("ip", "ip6") if has_ipv6 else ("ip",)


def to_gateway(family: str) -> str:
    """Put a packet that leaves for the internet in its instance's class."""
    return f"meta priority set {WHOSE[family]} saddr map @gateway_out{FAMILIES[family]}"


def _hot(name: str, kind: str) -> Set:
    return Set(
        name,
        f"type {kind}; size {MOST_INTERFACES}; flags dynamic,timeout; timeout {watch.HOT_SECONDS}s;",
        family="netdev",
    )


def _flow_key(has_ipv6: bool) -> Iterator[str]:
    """A flow is a 5-tuple, or of other protocols a 3-tuple (facts sheet, section 8.1).

    Of a datagram's fragments only the first has ports, and they all are one flow.
    """
    for family in _families(has_ipv6):
        protocol = {"ip": "ip protocol", "ip6": "ip6 nexthdr"}[family]
        here, ports = f"meta protocol {family}", f"{protocol} . th sport . th dport"
        yield f"{here} {FRAGMENT[family]} {KEY.format(family, protocol)}"
        yield f"{here} meta l4proto {{ tcp, udp }} {KEY.format(family, ports)}"
        yield f"{here} {KEY.format(family, protocol)}"


def _base(name: str, hook: str, device: str, rules: Iterable[str]) -> Chain:
    return Chain(name, tuple(rules), hook_of(hook, device), "netdev", device)


def hook_of(hook: str, device: str) -> str:
    """The definition of a base chain at a device's hook, "ingress" or "egress"."""
    return f"type filter hook {hook} device {device} priority 0; policy accept;"


# --- the queue of an instance ---------------------------------------------------------------------


def instance(item: BandwidthLimits, network: str, view: CompileView) -> Iterator[Item]:
    """A queue device with its classes, and the chains that send packets to them."""
    name, has_ipv6 = names.queue(item.id), view.has_ipv6(network)
    yield Queue(name, view.numbers.link(f"queue:{item.id}"), item.id, classes.IN)
    yield Up(name)
    yield from classes.tree(item, view)
    for card in range(max(1, len(item.cards))):
        yield from _outward(item, card, view, has_ipv6)
    if classes.limits_gateway(item):
        yield from _from_gateway(item, has_ipv6)
    if classes.limits_gateway(item) and (view.igw(network) or view.eigw(network)):
        yield classes.limit_class(names.IGW_LINK, view.numbers.gateway(item.id), 0, item.gateway_bps)


# --- which class a packet is for ------------------------------------------------------------------


def _outward(item: BandwidthLimits, card: int, view: CompileView, has_ipv6: bool) -> Iterator[Item]:
    """The chains that end what leaves by one card in the queue."""
    word, queue = names.word(item.id), names.queue(item.id)
    flow_limits = classes.flow_limits(item)
    if not flow_limits:
        yield Chain(f"out_{word}_{card}", (_into(queue, classes.outlet(item, card)),), family="netdev")
        return
    chains = [f"flow_{word}_{card}_{index}" for index in range(len(flow_limits))]
    for index, chain in enumerate(chains):
        yield from _by_flow(chain, queue, classes.first(item, card, index), classes.slots(item))
    nearer = (
        f"{_of(near, view)}{family} daddr @near_{names.word(near.near)}{FAMILIES[family]} goto {chain}"
        for near, chain in zip(item.nearer, chains[1:], strict=True)
        for family in _families(has_ipv6)
    )
    yield Chain(f"out_{word}_{card}", (*nearer, f"goto {chains[0]}"), family="netdev")


def _of(near: FlowLimit, view: CompileView) -> str:
    """The match, beside that of the destination, for packets that have a near flow limit."""
    protocols, links = near.protocols, [view.numbers.link(id) for id in near.interfaces]
    by_protocol = f"meta l4proto {{ {', '.join(map(str, protocols))} }} " if protocols else ""
    return by_protocol + (f"iif {{ {', '.join(map(str, links))} }} " if links else "")


def _by_flow(chain: str, queue: str, first: int, many: int) -> Iterator[Item]:
    """Give every flow a class of its own, in turn, for as long as it lasts; too many share them.

    The mark is the flow's number from `flow_key`. If a lookup finds nothing, the next rule has the packet:

    1. A known flow's class; `update` only restarts its timeout. It is first, for `numgen` is to count flows.
    2. A new flow goes into the map with the next class in turn: by hash, two flows would often share one.
    3. The lookup again finds what rule 2 has added, or another processor at the same time.
    4. The map is full, so that rule 2 added nothing: the class by hash, and flows share it.

    All but rule 2 clear the mark, which means something else after the queue, and send the packet there.
    """
    seconds = f"flags dynamic,timeout; timeout {FLOW_SECONDS}s;"
    yield Set(chain, f"type mark : classid; size {MOST_FLOWS}; {seconds}", "map", "netdev")
    known = f"meta priority set meta mark map @{chain}"
    keep = f"update @{chain} {{ meta mark : 0 }}"
    new = f"add @{chain} {{ meta mark : numgen inc mod {many} offset {0x10000 | first} }}"
    shared = f"meta priority set jhash meta mark mod {many} offset {0x10000 | first}"
    onward = f'meta mark set 0 fwd to "{queue}"'
    rules = (f"{known} {keep} {onward}", new, f"{known} {onward}", f"{shared} {onward}")
    yield Chain(chain, ("jump flow_key", *rules), family="netdev")


def _into(queue: str, number: int) -> str:
    return f'meta priority set 1:{number:x} fwd to "{queue}"'


# --- what is watched ------------------------------------------------------------------------------


def interface(item: Interface, limits: BandwidthLimits, view: CompileView) -> Iterator[Item]:
    """The watches at the router's end of an interface, in both directions, and the redirect to the queue."""
    link, word = names.host_link(item.id), names.word(item.guest)
    card = item.card if item.card < len(limits.cards) else 0
    out = [
        view.rate_bps(limits, "out"),
        *classes.flow_limits(limits)[:1],
        *(c.peak for c in limits.cards[card : card + 1]),
    ]
    most = view.rate_bps(limits, "in")
    leaving = Watch(f"out_{link}", "iif", "hot_out", min(out), PASS, f"goto out_{word}_{card}", "spared_out")
    entering = Watch(f"in_{link}", "oif", "hot_in", most, PASS_MARKED, "accept", "spared_in")
    for one, hook in ((leaving, "ingress"), (entering, "egress")):
        first, *others = watched(one)
        yield _base(first.name, hook, link, first.rules)
        yield from others
    yield Redirect(link, names.queue(item.guest))


# --- near addresses, and the internet gateway -----------------------------------------------------


def near(item: FlowLimitPeers, has_ipv6: bool) -> Iterator[Item]:
    """The set of the addresses that are near."""
    for family in _families(has_ipv6):
        name = f"near_{names.word(item.id)}{FAMILIES[family]}"
        yield Set(name, f"type {TYPES[family]};", family="netdev")
        own = sorted(a for a in item.addresses if (":" in a) == (family == "ip6"))
        yield from (Element(name, address, family="netdev") for address in own)


def _from_gateway(item: BandwidthLimits, has_ipv6: bool) -> Iterator[Item]:
    """The chains of what comes to an instance from the internet."""
    word, queue = names.word(item.id), names.queue(item.id)
    onward = _into(queue, classes.GATEWAY_IN)
    if item.flow_bps < item.gateway_bps:
        yield from _by_flow(f"gateway_flow_{word}", queue, classes.GATEWAY_FLOWS, classes.slots(item))
        onward = f"goto gateway_flow_{word}"
    for family in _families(has_ipv6):
        hot, least = f"hot_gateway{FAMILIES[family]}", min(item.gateway_bps, item.flow_bps)
        name = f"gateway_{word}{FAMILIES[family]}"
        yield from watched(Watch(name, f"{family} daddr", hot, least, PASS, onward))


def public(item: PublicAddress) -> Iterator[Item]:
    """The element that counts packets from the internet to a public address as its instance's."""
    yield _from_outside(item.guest, item.id)


def at_gateway(item: Interface, view: CompileView, has_ipv6: bool) -> Iterator[Item]:
    """The elements for packets to the internet, by their source; IPv6 addresses are public as they are."""
    number = f"1:{view.numbers.gateway(item.guest):x}"
    yield from (Element("gateway_out", address, number) for address in item.addresses)
    prefixes = (prefix for prefix in item.prefixes if ":" in prefix)
    for block in (*item.addresses6, *prefixes) if has_ipv6 else ():
        yield Element("gateway_out6", f"{EVERY_PROTOCOL} . {block}", number)
        yield _from_outside(item.guest, f"{EVERY_PROTOCOL} . {block}")


def _from_outside(guest: str, key: str) -> Element:
    suffix = FAMILIES["ip6" if ":" in key else "ip"]
    return Element(f"gateway_in{suffix}", key, f"goto gateway_{names.word(guest)}{suffix}", "netdev")
