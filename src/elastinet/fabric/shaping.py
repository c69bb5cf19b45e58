"""How an instance's bandwidth is kept, as items. Pure.

Beside the router's own links there is one queue device for each instance, with a class for each limit. What
leaves or enters by any of its interfaces is sent through the device, and waits there for its turn. As that
costs time, packets go by it for as long as they are so few that no limit can be reached: the *watch* counts
them by length, and from the first one too many on, all are queued until a second has passed without any.

What was queued once is not seen by filters at the device that it leaves by (the kernel spares it them), only
by the traffic control there. So a packet that may enter an instance directly carries a mark, and traffic
control sends all others to the queue.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from elastinet.fabric import names
from elastinet.fabric.items import Chain, Class, Element, Item, Queue, Redirect, Set, Up
from elastinet.fabric.objects import Bandwidth, Interface, Near, Nearer, Network
from elastinet.fabric.objects import Mapping as PublicAddress
from elastinet.fabric.pace import MOST_INTERFACES
from elastinet.fabric.tcobserve import Passed
from elastinet.fabric.view import View

Queues = Mapping[str, Mapping[int, tuple[int, Passed]]]
"""By device and number of the class: the number above it, and what has passed."""

OUT, IN, GATEWAY_IN = 1, 2, 3
"""Classes, seen from the instance. What enters and was not put in a class is in IN."""
INSTANCE, FLOW, INTERNET_GATEWAY = "instance", "flow", "internet gateway"
CARD = 0x100
FLOWS, GATEWAY_FLOWS = 0x1000, 0xF000
POOL = 0x1000
SLOTS = range(16, 65)
SLOTS_EACH = 8
"""So many flows have a class each for every one that it takes to reach the limit of them all."""
FLOW_SECONDS, MOST_FLOWS = 10, 1024
BORROWED = 4096
"""A class under another has this part of its limit for itself, and borrows the rest."""
LENGTHS = ((0, 128, 16), (129, 1600, 16), (1601, 9100, 1), (9101, 65550, 1))
"""From, to, and how many short packets are counted as one: the kernel's count costs more than the rest."""
HEATING = ((0, 1600), (1601, 65550))
"""The same once they are queued: so many keep them there."""
FRAME = 14
BURST_SECONDS, LEAST_BURST = 0.005, 5
LEAST_WATCHED_BPS = 250_000_000
"""Below it the packets that may go by are too few to count."""
HOT_SECONDS = 1
PASS, PASS_MARKED = "accept", "meta mark set 1 accept"
FAMILIES = {"ip": "", "ip6": "6"}
TYPES = {"ip": "ipv4_addr", "ip6": "ipv6_addr"}
KINDS = {"ip": "ipv4_addr", "ip6": "inet_proto . ipv6_addr"}
WHOSE, FLAGS = {"ip": "ip", "ip6": "meta l4proto . ip6"}, {"ip": "", "ip6": " flags interval;"}
"""Prefixes of IPv6 are delegated; with every protocol's number before them the kernel shows them whole."""
EVERY_PROTOCOL = "0-255"
KEY = "meta mark set jhash {0} saddr . {0} daddr . {1} mod 4294967295 return"
FRAGMENT = {"ip": "ip frag-off & 0x3fff != 0", "ip6": "exthdr frag exists"}
NO_TAGS = "meta protocol != { ip, ip6 } drop"
"""Tags of VLANs may be piled up before a packet, and the router would take them off."""
NO_CLASS = "meta priority set none"
"""What has left a queue is in none of the next one's classes; of IPv4 the kernel forgets it by itself."""
SPARED = {"out": "daddr", "in": "saddr"}


def network(item: Network, outside: bool) -> Iterator[Item]:
    """A router's own part: what is hot, what is never held up, the number that a flow is known by, and who
    has a gateway's limit."""
    six = bool(item.cidrs6)
    yield from (_hot(f"hot_{direction}", "iface_index") for direction in ("out", "in"))
    yield Chain("flow_key", tuple(_flow_key(six)), family="netdev")
    yield Chain("spared_out", tuple(_spared(item, "out", PASS)), family="netdev")
    yield Chain("spared_in", tuple(_spared(item, "in", PASS_MARKED)), family="netdev")
    for family in _families(six):
        suffix, kind, flags = FAMILIES[family], KINDS[family], FLAGS[family]
        yield _hot(f"hot_gateway{suffix}", TYPES[family])
        yield Set(f"gateway_in{suffix}", f"type {kind} : verdict;{flags}", "map", "netdev")
        yield Set(f"gateway_out{suffix}", f"type {kind} : classid;{flags}", "map")
    if outside:
        looks = (f"{WHOSE[family]} daddr vmap @gateway_in{FAMILIES[family]}" for family in _families(six))
        yield _base("at_gateway", "ingress", names.IGW_LINK, looks)
        yield Queue(names.IGW_LINK)


def _spared(item: Network, direction: str, verdict: str) -> Iterator[str]:
    """What an instance and the router say to one another, which is no bandwidth of the network's.

    Only what can never be forwarded, so only addresses that the router surely has: it takes no IPv4 packet
    from its own, and neither takes nor sends on what is a link's own in IPv6.
    """
    end, six, resolver = SPARED[direction], bool(item.cidrs6), item.resolver
    services = [names.METADATA_ADDRESS, *((names.RESOLVER_ADDRESS, resolver) if resolver else ())]
    yield f"meta protocol arp {verdict}"
    yield NO_TAGS
    yield f"ip {end} {{ {', '.join(services)} }} {verdict}"
    if six:
        yield f"ip6 {end} fe80::/10 {verdict}"
    if direction == "out":
        yield f"ip {end} 255.255.255.255 {verdict}"
    if six and direction == "out":
        services6 = ["ff00::/8", names.METADATA_ADDRESS6, *([names.RESOLVER_ADDRESS6] if resolver else ())]
        yield f"ip6 {end} {{ {', '.join(services6)} }} {verdict}"


def _families(six: bool) -> tuple[str, ...]:
    return ("ip", "ip6") if six else ("ip",)


def to_gateway(family: str) -> str:
    """Put a packet that leaves for the internet in its instance's class."""
    return f"meta priority set {WHOSE[family]} saddr map @gateway_out{FAMILIES[family]}"


def _hot(name: str, kind: str) -> Set:
    return Set(
        name,
        f"type {kind}; size {MOST_INTERFACES}; flags dynamic,timeout; timeout {HOT_SECONDS}s;",
        family="netdev",
    )


def _flow_key(six: bool) -> Iterator[str]:
    """A flow is a 5-tuple, or of other protocols a 3-tuple (facts sheet, section 8.1).

    Of a datagram's fragments only the first has ports, and they all are one flow.
    """
    for family in _families(six):
        protocol = {"ip": "ip protocol", "ip6": "ip6 nexthdr"}[family]
        here, ports = f"meta protocol {family}", f"{protocol} . th sport . th dport"
        yield f"{here} {FRAGMENT[family]} {KEY.format(family, protocol)}"
        yield f"{here} meta l4proto {{ tcp, udp }} {KEY.format(family, ports)}"
        yield f"{here} {KEY.format(family, protocol)}"


def _base(name: str, hook: str, device: str, rules: Iterable[str]) -> Chain:
    return Chain(name, tuple(rules), hook_of(hook, device), "netdev", device)


def hook_of(hook: str, device: str) -> str:
    """Where a device's packets are met: on "ingress" or on "egress"."""
    return f"type filter hook {hook} device {device} priority 0; policy accept;"


# --- the queue of an instance ---------------------------------------------------------------------


def instance(item: Bandwidth, network: str, view: View) -> Iterator[Item]:
    """A queue device with its classes, and the chains that send packets to them."""
    name, six = names.queue(item.id), view.six(network)
    yield Queue(name, view.numbers.link(f"queue:{item.id}"), item.id, IN)
    yield Up(name)
    yield from _tree(item, view)
    for card in range(max(1, len(item.cards))):
        yield from _outward(item, card, view, six)
    if limits_gateway(item):
        yield from _from_gateway(item, six)
    if limits_gateway(item) and (view.igw(network) or view.eigw(network)):
        yield _class(names.IGW_LINK, view.numbers.gateway(item.id), 0, item.gateway_bps)


def _tree(item: Bandwidth, view: View) -> Iterator[Item]:
    name = names.queue(item.id)
    most = view.rate_bps(item, "out")
    yield _class(name, OUT, 0, most)
    yield _class(name, IN, 0, view.rate_bps(item, "in"))
    for card, share in enumerate(item.cards):
        yield _class(name, CARD + card, OUT, min(share.peak_bps, most))
    for card in range(max(1, len(item.cards))):
        for pool, flow_bps in enumerate(_pools(item)):
            yield from _slots(item, _first(item, card, pool), _outlet(item, card), flow_bps)
    if limits_gateway(item):
        yield _class(name, GATEWAY_IN, 0, item.gateway_bps)
        if item.flow_bps < item.gateway_bps:
            yield from _slots(item, GATEWAY_FLOWS, GATEWAY_IN, item.flow_bps)


def _class(queue: str, number: int, parent: int, bps: int) -> Class:
    """A class with such a limit; one under another borrows nearly all of it."""
    return Class(queue, number, parent, max(8, bps // BORROWED if parent else bps), bps)


def _slots(item: Bandwidth, first: int, parent: int, flow_bps: int) -> Iterator[Class]:
    """A class for each of so many flows."""
    name = names.queue(item.id)
    yield from (_class(name, first + at, parent, flow_bps) for at in range(_many(item)))


def _many(item: Bandwidth) -> int:
    """How many flows of an instance, or of one of its cards, have a class each before two must share one."""
    wanted = SLOTS_EACH * _least_peak(item) // item.flow_bps
    return min(max(wanted, SLOTS[0]), SLOTS[0] if item.cards else SLOTS[-1])


def _outlet(item: Bandwidth, card: int) -> int:
    """The class that all is under which leaves by a card."""
    return CARD + card if item.cards else OUT


def _pools(item: Bandwidth) -> list[int]:
    """What one flow may have, elsewhere and then near, if that is less than what all may."""
    least = _least_peak(item)
    if item.flow_bps >= least:
        return []
    return [item.flow_bps, *(min(near.flow_bps, least) for near in item.nearer)]


def _least_peak(item: Bandwidth) -> int:
    return min(share.peak_bps for share in (item.cards or (item.share,)))


def _first(item: Bandwidth, card: int, pool: int) -> int:
    return FLOWS + pool * POOL + card * _many(item)


def limits_gateway(item: Bandwidth) -> bool:
    """Whether less goes through an internet gateway than elsewhere."""
    return item.gateway_bps < item.share.peak_bps


# --- which class a packet is for ------------------------------------------------------------------


def _outward(item: Bandwidth, card: int, view: View, six: bool) -> Iterator[Item]:
    """The chains that end what leaves by one card in the queue."""
    word, queue = names.word(item.id), names.queue(item.id)
    pools = _pools(item)
    if not pools:
        yield Chain(f"out_{word}_{card}", (_into(queue, _outlet(item, card)),), family="netdev")
        return
    chains = [f"flow_{word}_{card}_{pool}" for pool in range(len(pools))]
    for pool, chain in enumerate(chains):
        yield from _by_flow(chain, queue, _first(item, card, pool), _many(item))
    nearer = (
        f"{_of(near, view)}{family} daddr @near_{names.word(near.near)}{FAMILIES[family]} goto {chain}"
        for near, chain in zip(item.nearer, chains[1:], strict=True)
        for family in _families(six)
    )
    yield Chain(f"out_{word}_{card}", (*nearer, f"goto {chains[0]}"), family="netdev")


def _of(near: Nearer, view: View) -> str:
    """Which packets have it nearer, besides by their destination."""
    protocols, links = near.protocols, [view.numbers.link(id) for id in near.interfaces]
    by_protocol = f"meta l4proto {{ {', '.join(map(str, protocols))} }} " if protocols else ""
    return by_protocol + (f"iif {{ {', '.join(map(str, links))} }} " if links else "")


def _by_flow(chain: str, queue: str, first: int, many: int) -> Iterator[Item]:
    """Give every flow a class of its own, in turn, for as long as it lasts; too many share them."""
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


def interface(item: Interface, share: Bandwidth, view: View) -> Iterator[Item]:
    """What stands at the router's end of an interface, in both directions."""
    link, word = names.host_link(item.id), names.word(item.guest)
    card = item.card if item.card < len(share.cards) else 0
    out = [
        view.rate_bps(share, "out"),
        *_pools(share)[:1],
        *(c.peak_bps for c in share.cards[card : card + 1]),
    ]
    most = view.rate_bps(share, "in")
    leaving = Watch(f"out_{link}", "iif", "hot_out", min(out), PASS, f"goto out_{word}_{card}", "spared_out")
    entering = Watch(f"in_{link}", "oif", "hot_in", most, PASS_MARKED, "accept", "spared_in")
    for watch, hook in ((leaving, "ingress"), (entering, "egress")):
        first, *others = _watched(watch)
        yield _base(first.name, hook, link, first.rules)
        yield from others
    yield Redirect(link, names.queue(item.guest))


class Watch(NamedTuple):
    """Below which rate packets go by, with what verdict, and with which the others end.

    By `key`, which the packets of one sender or receiver share, the set `hot` knows them. What the chain
    `spared` lets by is never held up.
    """

    name: str
    key: str
    hot: str
    bps: int
    passing: str
    onward: str
    spared: str = ""


def _watched(watch: Watch) -> list[Chain]:
    """A chain that lets few packets by, and the one that it sends the others to."""
    name, key, hot, bps, verdict, onward, spared = watch
    heat = f"@{hot} {{ {key} }}"
    ended = (f"jump {spared}",) if spared else ()
    if bps < LEAST_WATCHED_BPS:
        return [Chain(name, (*ended, onward), family="netdev")]
    passing = (f"{rule} {verdict}" for span in LENGTHS for rule in _passing(bps, *span))
    heating = (f"{_of_length(low, high)} {_pace('over ', bps, high)} update {heat}" for low, high in HEATING)
    return [
        Chain(
            name,
            (f"{key} @{hot} goto hot_{name}", *passing, f"update {heat}", f"goto hot_{name}"),
            family="netdev",
        ),
        Chain(f"hot_{name}", (*ended, *heating, onward), family="netdev"),
    ]


def _passing(bps: int, low: int, high: int, each: int) -> Iterator[str]:
    if each > 1:
        yield f"{_of_length(low, high)} numgen inc mod {each} > 0"
    yield f"{_of_length(low, high)} {_pace('', bps, high, each)}"


def _of_length(low: int, high: int) -> str:
    return f"meta length {low}-{high}" if low else f"meta length <= {high}"


def _pace(over: str, bps: int, length: int, each: int = 1) -> str:
    """So many packets of a length that all lengths together stay below the limit."""
    rate = max(1, int(bps / len(LENGTHS) / 8 / (length + FRAME) / each))
    burst = max(LEAST_BURST, int(rate * BURST_SECONDS))
    return f"limit rate {over}{rate}/second burst {burst} packets"


# --- near addresses, and the internet gateway -----------------------------------------------------


def near(item: Near, six: bool) -> Iterator[Item]:
    """The set of the addresses that are near."""
    for family in _families(six):
        name = f"near_{names.word(item.id)}{FAMILIES[family]}"
        yield Set(name, f"type {TYPES[family]};", family="netdev")
        own = sorted(a for a in item.addresses if (":" in a) == (family == "ip6"))
        yield from (Element(name, address, family="netdev") for address in own)


def _from_gateway(item: Bandwidth, six: bool) -> Iterator[Item]:
    """The chains of what comes to an instance from the internet."""
    word, queue = names.word(item.id), names.queue(item.id)
    onward = _into(queue, GATEWAY_IN)
    if item.flow_bps < item.gateway_bps:
        yield from _by_flow(f"gateway_flow_{word}", queue, GATEWAY_FLOWS, _many(item))
        onward = f"goto gateway_flow_{word}"
    for family in _families(six):
        hot, least = f"hot_gateway{FAMILIES[family]}", min(item.gateway_bps, item.flow_bps)
        name = f"gateway_{word}{FAMILIES[family]}"
        yield from _watched(Watch(name, f"{family} daddr", hot, least, PASS, onward))


def public(item: PublicAddress) -> Iterator[Item]:
    """What comes from the internet to a public address is its instance's."""
    yield _from_outside(item.guest, item.id)


def at_gateway(item: Interface, view: View, six: bool) -> Iterator[Item]:
    """What leaves for the internet by its source; IPv6 addresses are public as they are."""
    number = f"1:{view.numbers.gateway(item.guest):x}"
    yield from (Element("gateway_out", address, number) for address in item.addresses)
    prefixes = (prefix for prefix in item.prefixes if ":" in prefix)
    for block in (*item.addresses6, *prefixes) if six else ():
        yield Element("gateway_out6", f"{EVERY_PROTOCOL} . {block}", number)
        yield _from_outside(item.guest, f"{EVERY_PROTOCOL} . {block}")


def _from_outside(guest: str, key: str) -> Element:
    suffix = FAMILIES["ip6" if ":" in key else "ip"]
    return Element(f"gateway_in{suffix}", key, f"goto gateway_{names.word(guest)}{suffix}", "netdev")


def passed(item: Bandwidth, direction: str, queues: Queues, view: View) -> Iterator[tuple[str, Passed]]:
    """What has passed, or waits in, the classes that hold up an instance in one direction, by their limit."""
    own = queues.get(names.queue(item.id), {})
    tops = {OUT} if direction == "out" else {IN, GATEWAY_IN}
    for number, (parent, found) in own.items():
        above = own.get(parent, (0, found))[0]
        if tops & {number, parent, above}:
            yield _limit(number), found
    at_gateway = queues.get(names.IGW_LINK, {}).get(view.numbers.gateway(item.id))
    if direction == "out" and limits_gateway(item) and at_gateway:
        yield INTERNET_GATEWAY, at_gateway[1]


def _limit(number: int) -> str:
    """What a class of an instance's queue limits."""
    if number >= FLOWS:
        return FLOW
    if number >= CARD:
        return f"card {number - CARD}"
    return INTERNET_GATEWAY if number == GATEWAY_IN else INSTANCE


def link(name: str, bps: int) -> Iterator[Item]:
    """A limit on all that leaves by a link."""
    yield Queue(name, otherwise=OUT)
    yield _class(name, OUT, 0, bps)
