"""A NAT gateway's packet filter as items: it forwards for others in its own name. Pure."""

from collections.abc import Iterator

from elastinet.catalog.network import NAT_CONNECTIONS
from elastinet.catalog.protocols import ICMP6
from elastinet.fabric.compile import nat64
from elastinet.fabric.compile.items import Chain, Item, LinkAddress, RouteItem, Set, Up
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Interface

PORTS = f"{65536 - NAT_CONNECTIONS}-65535"
"""As many ports as there may be connections to one destination: each of these takes one of its own."""
DROPPED, IDLE = "dropped", "idle"
"""The counters: packets that are dropped, and those that come too late for their connection."""
_DROP = f'counter name "{DROPPED}" drop'
_BEFORE_FRAGMENTS_ARE_JOINED = -450
_IS_FRAGMENT = "ip frag-off and 0x3fff != 0x0"
_MIDDLE = "meta l4proto tcp ct state invalid,new @th,104,8 and 0x17 != 0x2 @th,104,8 and 0x4 == 0x0"
"""What begins no connection of TCP (SYN, without ACK, FIN and RST), belongs to none, and ends none by RST."""


def base(*, resets: bool, translates: bool) -> Iterator[Item]:
    """An appliance's filter: it accepts only answers for itself, and forwards three protocols.

    `resets` says whether this kernel can answer with a RST; else what comes too late is dropped. `translates`
    says whether it makes IPv6 packets IPv4 ones.
    """
    hook = "type filter hook {} priority {}; policy {};"
    yield from (Set(name, "packets 0 bytes 0", "counter") for name in (DROPPED, IDLE))
    fragments = f"{_IS_FRAGMENT} meta l4proto {{ icmp, tcp }} {_DROP}"
    early = hook.format("prerouting", _BEFORE_FRAGMENTS_ARE_JOINED, "accept")
    yield Chain("fragments", (fragments,), early)
    yield Chain("input", ("ct state established,related accept",), hook.format("input", "filter", "drop"))
    yield Chain("forward", tuple(_forward(resets, translates)), hook.format("forward", "filter", "drop"))
    if translates:
        yield from nat64.base()


def _forward(resets: bool, translates: bool) -> Iterator[str]:
    """A packet of a connection that was idle for too long gets a RST, as of one that never was."""
    yield "ct state established,related accept"
    yield f'{_MIDDLE} counter name "{IDLE}" {"reject with tcp reset" if resets else "drop"}'
    yield f"ct state invalid {_DROP}"
    icmp6 = f", {ICMP6}" if translates else ""
    yield f"meta l4proto {{ icmp, tcp, udp{icmp6} }} accept"
    yield _DROP


def interface(item: Interface, *, translates: bool) -> Iterator[Item]:
    """Its address, its route and the source NAT to the address; what cannot be translated is dropped."""
    address, prefix = item.addresses[0], int(item.subnet.partition("/")[2])
    yield Up(item.device)
    yield LinkAddress(item.device, address, prefix)
    yield RouteItem(names.MAIN_TABLE, "0.0.0.0/0", item.device, item.gateway)
    rules = (
        f"meta l4proto {{ tcp, udp }} snat ip to {address}:{PORTS}",
        f"meta l4proto icmp snat ip to {address}",
        *(nat64.sources(PORTS) if translates else ()),
    )
    if translates:
        yield from nat64.interface(item)
    yield Chain("translate", rules, "type nat hook postrouting priority srcnat; policy accept;")
