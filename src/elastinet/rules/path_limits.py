"""The limits on what one end of a path sends to the other (facts sheet, section 8.1), each with its source.

Bits are counted on the wire.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from elastinet.catalog.editions import EDITIONS, EditionFigures, Figure
from elastinet.catalog.instance_types import InstanceType
from elastinet.catalog.settings import Edition
from elastinet.rules import peerings
from elastinet.rules.allowances import Allowance, AllowanceUnit, flat, together
from elastinet.rules.bandwidth import Bandwidth, gateway_share
from elastinet.rules.efa.srd import card_figure
from elastinet.rules.frames import Transport, share
from elastinet.rules.paths import NetworkPath

Direction = Literal["out", "in"]

UNKNOWN = {
    AllowanceUnit.PACKETS: "AWS publishes no figure; EC2 counts them by instance, both directions together",
    AllowanceUnit.CONNECTIONS: "AWS publishes no figure; EC2 counts tracked flows by instance",
}
"""Allowances of an instance without a published figure, by unit (facts sheet, section 16)."""


class Traffic(NamedTuple):
    """The traffic that limits are asked for: connections, each of `subflows` subflows with MPTCP (else 1)."""

    transport: Transport = "tcp"
    connections: int = 1
    subflows: int = 1

    @property
    def flows(self) -> int:
        """Number of flows (5-tuples): connections times subflows."""
        return self.connections * self.subflows


class End(NamedTuple):
    """One end of a path: an instance's id, its type, its bandwidth, its interface's VPC and card.

    `efas` are the cards of its EFAs, which send together.
    """

    id: str
    kind: InstanceType
    bandwidth: Bandwidth
    vpc_id: str
    card: int = 0
    efas: tuple[int, ...] = ()


class Limit(NamedTuple):
    """A limit, keyed by the resource that it limits: flows with the same key share it."""

    resource: str
    allowance: Allowance
    source: str

    def bps(self, mtu: int) -> float:
        """The most bits a second that it ever lets through, in packets as large as an MTU lets them be."""
        return self.allowance.peak / self.allowance.per_bit(mtu)

    def as_json(self) -> dict[str, Any]:
        """It in JSON's kinds of values."""
        return {"resource": self.resource, **self.allowance.as_json(), "source": self.source}


class PathLimits(NamedTuple):
    """All limits in force on a path: those that all flows share, and a flow's own, if there is one."""

    shared: tuple[Limit, ...]
    flow: Limit | None
    traffic: Traffic
    mtu: int

    @property
    def goodput(self) -> float:
        """The share of data in what a limit lets through."""
        return share(self.traffic.transport, self.mtu)

    @property
    def bps(self) -> float:
        """The most that all flows carry together while credits last, in bits a second."""
        return min(bps for _, bps in self._each())

    @property
    def binding(self) -> tuple[Limit, ...]:
        """The limits that make it so."""
        least = self.bps
        return tuple(limit for limit, bps in self._each() if bps == least)

    def _each(self) -> Iterator[tuple[Limit, float]]:
        """Every limit with what it lets all flows carry together."""
        if self.flow:
            yield self.flow, self.flow.bps(self.mtu) * self.traffic.flows
        yield from ((limit, limit.bps(self.mtu)) for limit in self.shared)


def path_limits(
    one: End, other: End, way: NetworkPath, flow: Figure, traffic: Traffic, edition: Edition
) -> PathLimits:
    """The limits on what one end sends to another; an instance's interfaces share its own and add nothing."""
    figures = EDITIONS[edition]
    if traffic.transport == "efa":
        return PathLimits((*_of_efas(one, "out"), *_of_efas(other, "in")), None, traffic, way.mtu)
    shared = (
        *_of_end(one, "out"),
        *_of_end(other, "in"),
        *_through_gateways(one, other, way, figures),
        *_between_regions(one, way, edition),
    )
    return PathLimits(shared, Limit("flow", _flat(flow), flow.source), traffic, way.mtu)


def _of_end(end: End, direction: Direction) -> Iterator[Limit]:
    bandwidth, name = end.bandwidth, end.kind.name
    yield _whole(end, direction)
    if bandwidth.cards:
        card = end.kind.cards[end.card]
        yield Limit(
            f"{end.id} card {end.card} {direction}",
            bandwidth.cards[end.card],
            f"DescribeInstanceTypes: card {end.card} of {name}, {card.perf}",
        )
    if bandwidth.nic:
        yield Limit(f"{end.id} NIC {end.card} {direction}", _flat(bandwidth.nic), bandwidth.nic.source)


def _of_efas(end: End, direction: Direction) -> Iterator[Limit]:
    """The limits on an instance's EFAs together: all cards' share the instance's own with its IP traffic."""
    number, nic = len(end.efas), end.bandwidth.nic
    if own := card_figure(end.kind):
        yield Limit(f"{end.id} EFA {direction}", _flat(own, number), own.source)
    else:
        yield _whole(end, direction)
        yield from _of_some_cards(end, direction)
    if nic:
        yield Limit(f"{end.id} NIC of EFA {direction}", _flat(nic, number), nic.source)


def _of_some_cards(end: End, direction: Direction) -> Iterator[Limit]:
    """The limit of the cards that have an EFA, where not all do."""
    if end.bandwidth.cards and len(end.efas) < len(end.kind.cards):
        allowance = together(end.bandwidth.cards[card] for card in end.efas)
        perf = ", ".join(dict.fromkeys(end.kind.cards[card].perf for card in end.efas))
        source = f"DescribeInstanceTypes: {len(end.efas)} of {end.kind.name}'s cards, {perf}"
        yield Limit(f"{end.id} EFA {direction}", allowance, source)


def _whole(end: End, direction: Direction) -> Limit:
    """The limit of the instance, over all its interfaces."""
    stated = f"DescribeInstanceTypes: {end.kind.name}, {end.kind.row['network_performance']}"
    return Limit(f"{end.id} {direction}", end.bandwidth.aggregate, stated)


def _through_gateways(one: End, other: End, way: NetworkPath, figures: EditionFigures) -> Iterator[Limit]:
    """The limits of internet gateways, by instance; who goes by a NAT gateway has that one's [inferred]."""
    nats = [id for id in way.middleboxes if id.startswith("nat-")]
    yield from (Limit(f"{nat} out", _flat(figures.nat_bps), figures.nat_bps.source) for nat in nats)
    if way.via != "gateway":
        return
    if not nats:
        yield _gateway(one, "out", figures)
    yield _gateway(other, "in", figures)


def _gateway(end: End, direction: Direction, figures: EditionFigures) -> Limit:
    figure = gateway_share(end.kind.vcpus, figures) or figures.gateway_bps
    return Limit(f"{end.id} gateway {direction}", flat(end.bandwidth.gateway_bps), figure.source)


def _between_regions(one: End, way: NetworkPath, edition: Edition) -> Iterator[Limit]:
    """The limit of a peering connection between regions, which all instances of both VPCs share."""
    if figure := peerings.limit(edition, across=way.via == "region"):
        yield Limit(f"{way.peering} from {one.vpc_id}", _flat(figure), figure.source)


def _flat(figure: Figure, times: int = 1) -> Allowance:
    return flat(int(figure.value) * times)
