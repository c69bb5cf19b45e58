"""A NAT gateway's packet filter as items: it forwards for others in its own name. Pure."""

from collections.abc import Iterator

from elastinet.catalog.protocols import ICMP6
from elastinet.fabric.compile import nat64
from elastinet.fabric.compile.items import Chain, Item, LinkAddress, RouteItem, Up
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Interface

PORTS = "1024-65535"
STATES = "ct state vmap { established : accept, related : accept, invalid : drop }"


def base(*, translates: bool) -> Iterator[Item]:
    """An appliance's filter: it accepts only answers for itself, and forwards three protocols."""
    icmp6 = f", {ICMP6}" if translates else ""
    hook = "type filter hook {} priority filter; policy drop;"
    yield Chain("input", ("ct state established,related accept",), hook.format("input"))
    yield Chain(
        "forward", (STATES, f"meta l4proto {{ icmp, tcp, udp{icmp6} }} accept"), hook.format("forward")
    )
    if translates:
        yield from nat64.base()


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
