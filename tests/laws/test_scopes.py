"""What a scope finds at once is what each pair's walk finds by itself; and it grows with permissions only."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from elastinet.catalog.protocols import TCP, UDP
from elastinet.ec2.insights.scope_asking import ends_of
from elastinet.model.acl import NetworkAcl
from elastinet.model.interface import NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway, Subnet
from elastinet.rules.interfaces import attachment_of
from elastinet.rules.ranges import Ranges, meet, of_block, of_blocks, only
from elastinet.rules.reachability.question import ask
from elastinet.rules.reachability.walk import publics
from elastinet.rules.scopes.pairs import Ends, Pair, Pairs
from elastinet.rules.scopes.statements import ScopePath, Side
from elastinet.rules.scopes.ways import question, ways
from small_region import HERE, OWNER
from tries import tries
from wild_region import BLOCKS, SPANS, Wild

NEIGHBOURS = 725133739
"""An interface has two addresses side by side, one of them with a public address."""
ASKED = ((TCP, 80), (UDP, 443), (TCP, None))
KINDS = pytest.mark.parametrize("forwards", [False, True])


def seeds(few: int, free: int) -> Iterator[int]:
    """Some that are always the same, and some that never are."""
    first = random.randrange(1 << 30)
    yield from (*range(tries(few)), *range(first, first + tries(free)))


def at(port: int | None) -> ScopePath:
    return ScopePath(Side(fields={} if port is None else {"dport": only(port)}))


def all_pairs(ends: Ends) -> Iterator[Pair]:
    for source in sorted(ends.every):
        for target in sorted(ends.every):
            if source != target and not {source, target} <= ends.gateways:
                yield source, target


def found(state: State, match: ScopePath, protocol: int, *exclusions: ScopePath) -> set[Pair]:
    """The pairs of a scope, all of them at once."""
    ends = ends_of(state, (OWNER, HERE))
    return set(Pairs(state, ends, [match], exclusions).of(match, protocol))


def walked(state: State, match: ScopePath, protocol: int) -> set[Pair]:
    """The pairs of a scope, each walked by itself, one way."""
    pairs = all_pairs(ends_of(state, (OWNER, HERE)))
    return {pair for pair in pairs if ask(state, question(state, *pair, match, protocol)).reachable}


def edge_tables(wild: Wild) -> None:
    """Have gateways route what comes in for some subnets to one of the interfaces."""
    for gateway in [*wild.region.state.all(InternetGateway)]:
        table = wild.attempt("CreateRouteTable", VpcId=gateway.vpc_id)
        if gateway.vpc_id not in wild.vpcs or table is None:
            continue
        id = table["RouteTable"]["RouteTableId"]
        for subnet in wild.region.state.where(Subnet, "scope", (OWNER, HERE)):
            if subnet.vpc_id == gateway.vpc_id and wild.chance(0.7):
                wild.attempt("CreateRoute", RouteTableId=id, DestinationCidrBlock=subnet.cidr,
                             NetworkInterfaceId=wild.dice.choice(wild.ends))  # fmt: skip
        wild.attempt("AssociateRouteTable", RouteTableId=id, GatewayId=gateway.id)


@KINDS
def test_classes_are_pairs(forwards: bool) -> None:
    for seed in (*seeds(12, 6), NEIGHBOURS):
        wild = Wild(seed, forwards=forwards)
        if forwards:
            edge_tables(wild)
        state = wild.region.state
        for protocol, port in ASKED:
            told = (seed, protocol, port)
            assert found(state, at(port), protocol) == walked(state, at(port), protocol), told


@KINDS
def test_classes_are_pairs_of_many(forwards: bool) -> None:
    """Some thirty ends, 900 pairs, in a new region each time."""
    seed = random.randrange(1 << 30)
    state = Wild(seed, forwards=forwards, instances=24).region.state
    for protocol, port in ((TCP, 80), (TCP, None)):
        told = (seed, protocol, port)
        assert found(state, at(port), protocol) == walked(state, at(port), protocol), told


# --- exclusions -----------------------------------------------------------------------------------


def side(dice: random.Random, ends: list[str]) -> Side:
    """One side of an exclusion: some ends, some ports, some addresses, or none of these."""
    some = frozenset(dice.sample(ends, dice.randrange(1, len(ends)))) if dice.random() < 0.5 else None
    fields: dict[str, Ranges] = {}
    if dice.random() < 0.5:
        fields["dport"] = (dice.choice(SPANS),)
    for name in ("source", "destination"):
        if dice.random() < 0.2:
            fields[name] = of_block(dice.choice(BLOCKS))
    return Side(some, fields, dice.choice((None, None, frozenset({TCP}))))


def points(state: State, source: str, target: str) -> Iterator[tuple[Ranges, Ranges, Ranges, Ranges]]:
    """What packets between two interfaces may have: addresses at the source, addresses at the target."""
    one, other = (state.need(NetworkInterface, id) for id in (source, target))
    for sends in one.own_addresses:
        for own in other.own_addresses:
            yield of_block(sends), of_block(own), of_block(sends), of_block(own)


def is_out(cut: ScopePath, pair: Pair, point: tuple[Ranges, ...], protocol: int, port: int) -> bool:
    """Whether an exclusion has a packet, told by its two headers alone."""
    if not cut.joins(*pair) or not cut.of(protocol):
        return False
    for end, own in ((cut.source, point[:2]), (cut.destination, point[2:])):
        has = {"source": own[0], "destination": own[1], "dport": only(port)}
        if not all(meet(wanted, has[name]) for name, wanted in end.fields.items()):
            return False
    return True


@KINDS
def test_an_exclusion_takes_away_its_packets_and_no_others(forwards: bool) -> None:
    """Between interfaces, packet by packet: those of a scope, less those of its exclusions."""
    for seed in seeds(12, 6):
        dice, state = random.Random(seed), Wild(seed, forwards=forwards).region.state
        interfaces = ends_of(state, (OWNER, HERE)).interfaces
        cuts = [ScopePath(*(side(dice, sorted(interfaces)) for _ in range(2))) for _ in range(2)]
        inside = ScopePath(Side(interfaces), Side(interfaces))
        for protocol, port in ((TCP, 80), (UDP, 443)):
            match = ScopePath(Side(interfaces, {"dport": only(port)}), Side(interfaces))
            left = set[Pair]()
            for pair in all_pairs(Ends(interfaces, frozenset(), frozenset())):
                if any(_gets_there(state, pair, point, protocol, port) for point in points(state, *pair)
                       if not any(is_out(cut, pair, point, protocol, port) for cut in cuts)):  # fmt: skip
                    left.add(pair)
            kept = {pair for pair in found(state, match, protocol, *cuts)
                    if next(ways(state, *pair, match, cuts, protocol, set()), None)}  # fmt: skip
            assert kept >= left, (seed, protocol, kept, left)
            assert {pair for pair in kept - left if not _changes(state, pair, match, protocol)} == set(), seed
        assert found(state, inside, TCP, ScopePath()) == set()


def _gets_there(state: State, pair: Pair, point: tuple[Ranges, ...], protocol: int, port: int) -> bool:
    fields = {"source": point[0], "destination": point[1], "dport": only(port)}
    return ask(state, question(state, *pair, ScopePath(Side(fields=fields)), protocol)).reachable


def _changes(state: State, pair: Pair, match: ScopePath, protocol: int) -> bool:
    """True if a NAT gateway or public addresses make other headers of those of a pair."""
    others = of_blocks((public for public, _ in publics(state, state.need(NetworkInterface, pair[1]))), 4)
    found = [*ways(state, *pair, match, (), protocol, set())]
    nat = any(step.hop.kind == "nat" for path in found for step in path.steps)
    return nat or any(meet(path.arrived.field("destination"), others) for path in found)


# --- monotone -------------------------------------------------------------------------------------


def reached(wild: Wild) -> set[tuple[int, Pair]]:
    """All that reaches anything at all."""
    state = wild.region.state
    return {(protocol, pair) for protocol in (TCP, UDP) for pair in found(state, ScopePath(), protocol)}


def allow(wild: Wild) -> None:
    group = wild.dice.choice([group for groups in wild.groups.values() for group in groups])
    wild._rule(wild.dice.choice(("Ingress", "Egress")), group)


def deny(wild: Wild) -> None:
    acl = wild.dice.choice([*wild.region.state.all(NetworkAcl)])
    low, high = wild.dice.choice(SPANS)
    entry: dict[str, Any] = {"Protocol": wild.dice.choice(("6", "17")), "CidrBlock": wild.dice.choice(BLOCKS)}
    entry |= {"PortRange": {"From": low, "To": high}, "RuleNumber": 1 + wild.dice.randrange(9)}
    wild.attempt(
        "CreateNetworkAclEntry", NetworkAclId=acl.id, RuleAction="deny", Egress=wild.chance(0.5), **entry
    )


def stop(wild: Wild) -> None:
    end = wild.dice.choice(wild.interfaces())
    wild.attempt("StopInstances", InstanceIds=[attachment_of(end).instance_id])


def make_blackhole(wild: Wild) -> None:
    if peerings := [peering.id for peering in wild.region.state.all(Peering) if peering.open]:
        wild.attempt("DeleteVpcPeeringConnection", VpcPeeringConnectionId=wild.dice.choice(peerings))


@KINDS
def test_what_allows_never_loses_and_what_refuses_never_adds(forwards: bool) -> None:
    for seed in seeds(10, 5):
        wild = Wild(seed, forwards=forwards)
        before = reached(wild)
        for change, grows in (
            (allow, True),
            (deny, False),
            (allow, True),
            (stop, False),
            (make_blackhole, False),
        ):
            change(wild)
            after = reached(wild)
            assert before <= after if grows else after <= before, (seed, change.__name__)
            before = after
