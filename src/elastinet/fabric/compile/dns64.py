"""Which of a VPC's two resolvers answers whom, as items: one has NAT64's addresses. Pure.

Questions from subnets with DNS64 go to another port, and their answers come from port 53 again. Both are done
without state, since nothing else of a router's is translated.
"""

from collections.abc import Iterator

from elastinet.fabric.compile.items import Chain, Element, Item, Set
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Network

ASKING = "dns64"
PROTOCOLS = ("udp", "tcp")


def network(item: Network) -> Iterator[Item]:
    """The interfaces whose subnets have DNS64, and the way of their questions and answers."""
    yield Set(ASKING, "type iface_index;")
    if item.dns64:
        hook = "type filter hook {} priority {}; policy accept;"
        yield Chain("dns64_asked", tuple(_asked(item)), hook.format("prerouting", -310))
        yield Chain("dns64_answered", tuple(_answered()), hook.format("output", 10))


def _asked(item: Network) -> Iterator[str]:
    yield f"iif != @{ASKING} accept"
    for resolvers in (
        f"ip daddr {{ {item.resolver}, {names.RESOLVER_ADDRESS} }}",
        f"ip6 daddr {names.RESOLVER_ADDRESS6}",
    ):
        yield from (f"{resolvers} {p} dport 53 {p} dport set {names.DNS64_PORT} accept" for p in PROTOCOLS)


def _answered() -> Iterator[str]:
    yield from (f"{p} sport {names.DNS64_PORT} {p} sport set 53 accept" for p in PROTOCOLS)


def interface(index: int) -> Item:
    """The part of an interface whose subnet has it."""
    return Element(ASKING, str(index))


def accepted(item: Network, asked: str) -> Iterator[str]:
    """The rules that let questions to a resolver's address in: each resolver hears its own subnets only."""
    yield f"{asked} meta l4proto {{ tcp, udp }} th dport 53 accept"
    if item.dns64:
        yield f"iif @{ASKING} {asked} meta l4proto {{ tcp, udp }} th dport {names.DNS64_PORT} accept"
