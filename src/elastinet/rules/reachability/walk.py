"""What one walk knows: the state, where it is to arrive, and what an answer finds remembered on its way."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from elastinet.catalog.network import NOT_OF_INTERNET, NOT_OF_INTERNET6
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.state import State
from elastinet.rules.interfaces import addresses_of
from elastinet.rules.ranges import Ranges, of_blocks
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.steps import Step

INTERNET = "internet"
PRIVATE, PRIVATE6 = of_blocks(NOT_OF_INTERNET, 4), of_blocks(NOT_OF_INTERNET6, 6)
"""Addresses that the internet does not have: on EC2 no gateway lets them in or out."""


@dataclass(frozen=True)
class Walk:
    """A walk of headers to a target: some interfaces or a peering connection, by their ids, or the internet.

    Only by `gateway` it goes in and out of the internet, if there is one; what leaves for the internet on its
    way comes back in if it `reflects`. It goes by nothing of what is `closed`, and by all of `through`.
    `passed` has the steps of the way that is answered: groups let its answers through, NAT gateways know
    where they belong. It is empty on the way there. What groups and lists say counts if it is `filtered`.
    If it goes `only_open` ways, it ends at what refuses it. Nothing that is `private` passes a gateway.
    """

    state: State
    target: frozenset[str]
    passed: tuple[Step, ...] = ()
    gateway: str = ""
    reflects: bool = True
    closed: frozenset[str] = frozenset()
    through: frozenset[str] = frozenset()
    filtered: bool = True
    private: Ranges = PRIVATE
    left_out: set[str] = field(default_factory=set)
    """What was not looked at, for there was too much of it."""
    only_open: bool = False
    receivers: dict[str, list[NetworkInterface]] = field(default_factory=dict)
    """The interfaces of each VPC that may receive: the target's, and those of NAT gateways with answers."""

    def __post_init__(self) -> None:
        nats = (self.state.get(NatGateway, step.hop.id) for step in self.passed if step.hop.kind == "nat")
        ids = (*sorted(self.target - {INTERNET}), *(nat.interface_id for nat in nats if nat))
        for id in dict.fromkeys(ids):
            if found := self.state.get(NetworkInterface, id):
                self.receivers.setdefault(found.vpc_id, []).append(found)

    @property
    def is_answer(self) -> bool:
        """True if it is the way back."""
        return bool(self.passed)

    def of_vpc(self, vpc_id: str) -> list[NetworkInterface]:
        """The interfaces of a VPC that something may be delivered to."""
        return self.receivers.get(vpc_id, [])

    def remembered(self, kind: str, id: str, direction: str) -> Iterator[Headers]:
        """What a component let through in a direction on the way there, or will, once it is open."""
        for step in self.passed:
            if (step.hop.kind, step.hop.id, step.hop.direction) == (
                kind,
                id,
                direction,
            ):
                yield step.leaving


def own_ranges(interface: NetworkInterface, version: int) -> Ranges:
    """The addresses of an interface of one version of IP, secondary ones and prefixes too."""
    return of_blocks(interface.own_addresses, version)


def publics(state: State, interface: NetworkInterface) -> Iterator[tuple[str, str]]:
    """The public IPv4 addresses that lead to an interface, each with the private one that it leads to."""
    if interface.public_ip:
        yield interface.public_ip, interface.primary
    yield from ((a.public_ip, private) for private, a in addresses_of(state, interface).items())
