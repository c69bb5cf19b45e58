"""Interfaces that forget idle flows sooner than their network does, or later. Pure.

Conntrack has one entry of a flow for both of its ends, and keeps it for as long as either may remember it. On
EC2 each end tracks by itself. So an end with times of its own notes each flow in a set, anew with each
packet; what has gone from the set, its groups judge again. The mark of such a flow has the bit TIMED.

That costs a fifth of the packets. So interfaces with the times of Nitro v6, which are many, note nothing of
flows among themselves and to gateways: there the entry itself lives no longer (`early`).
"""

from collections.abc import Iterator

from elastinet.fabric.compile import untracked
from elastinet.fabric.compile.items import Chain, Element, Item, Set
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import IdleTimes, Interface, Network

FLOWS = 65535
"""The most flows that an interface notes; it judges each packet of one more."""


def network(item: Network, keeps_entries: bool) -> Iterator[Item]:
    """The maps that lead from flows with the bit to what their ends have noted, and who is not early."""
    if keeps_entries:
        policy = f"policy = {{ established : {item.early_idle} }};"
        yield Set("early", f"protocol tcp; l3proto ip; {policy}", "ct timeout")
    yield Set("usual", "type iface_index;")
    yield Set("left", "type iface_index : verdict;", "map")
    yield Set("entered", "type iface_index : verdict;", "map")


def interface(item: Interface, index: int) -> Iterator[Item]:
    """What an interface with times of its own notes of flows, and who asks it."""
    if not item.early:
        yield Element("usual", str(index))
    if item.idle is None:
        return
    link = names.host_link(item.id)
    yield Set(_flows(link), f"typeof ct id; size {FLOWS}; flags dynamic,timeout;")
    if item.idle.entry:
        policy = "replied : {}, unreplied : {}".format(*item.idle.entry)
        yield Set(_udp(link), f"protocol udp; l3proto ip; policy = {{ {policy} }};", "ct timeout")
    for hook, direction, end in (("left", "out", "goto admitted"), ("entered", "in", "accept")):
        forgotten = f"ct id != @{_flows(link)} goto {link}_{direction}"
        yield Chain(f"{link}_{hook}", (forgotten, *noted(_flows(link), "ct id", item.idle), end))
        yield Element(hook, str(index), f"goto {link}_{hook}")


def judged(item: Interface, direction: str) -> tuple[Iterator[str], Iterator[str]]:
    """The rules of an interface's own before it asks its groups, and after none has let a packet through."""
    if item.idle is None:
        return iter(()), iter(())
    return _begin(item, item.idle, direction), _end(item)


def _begin(item: Interface, idle: IdleTimes, direction: str) -> Iterator[str]:
    """Note a flow that this end tracks; the entry of both ends lives no shorter than this end's note."""
    link, tracks = names.host_link(item.id), f"ct mark and {untracked.FREE[direction]:#x} == 0x0"
    other = {"out": "oif", "in": "iif"}[direction]
    if item.early:
        yield f'ct state new {other} != @usual ct timeout set "early"'
    only = f"{other} @usual " if item.early else ""
    yield f"{only}{tracks} meta l4proto {{ tcp, udp }} ct mark set ct mark or {untracked.TIMED:#x}"
    if idle.entry:
        yield f'ct state new ct timeout set "{_udp(link)}"'
    yield from (only + rule for rule in noted(_flows(link), "ct id", idle))


def _end(item: Interface) -> Iterator[str]:
    yield f"delete @{_flows(names.host_link(item.id))} {{ ct id }}"


def noted(flows: str, key: str, idle: IdleTimes) -> Iterator[str]:
    """Note a flow for as long as it may be idle from now on; UDP's is a stream once it has gone both ways."""
    kinds = (("tcp", idle.tcp), ("udp", idle.udp), ("udp ct status assured", idle.udp_stream))
    for kind, seconds in kinds:
        yield f"meta l4proto {kind} update @{flows} {{ {key} timeout {seconds}s }}"


def _flows(link: str) -> str:
    return f"{link}_flows"


def _udp(link: str) -> str:
    return f"{link}_udp"
