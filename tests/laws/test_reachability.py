"""The analysis is right: it equals the compiled program, its explanations are enough and needed, sets are points."""

import random
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiled import compiled
from elastinet.model.interface import NetworkInterface
from elastinet.rules.ranges import only
from elastinet.rules.reachability.headers import Header
from elastinet.rules.reachability.question import Answer, Question, ask
from elastinet.rules.reachability.walk import INTERNET, publics
from opening import open_up, remedy
from packet import ICMP, TCP, UDP, Packet
from random_region import Made, Shape, shapes
from small_region import Region
from tracer import Tracer, shown, talks
from tries import tries
from wild_region import Wild, takes

SPORT = 40_000
ASKED = ((TCP, 80), (UDP, 443), (TCP, 443))
law = settings(max_examples=tries(50), suppress_health_check=list(HealthCheck))


def told(answer: Answer) -> list[str]:
    """An answer for whoever has to find out why it is wrong."""
    steps = [step for way in (answer.there, answer.back) for step in (way.steps if way else ())]
    return [*map(str, answer.blockers), *(f"{step.hop} {step.route or ''}" for step in steps)]


def number(address: str) -> tuple[tuple[int, int], ...]:
    return only(int(ip_address(address)))


def between(made: Made, one: str, other: str, protocol: int = TCP, port: int = 80) -> Answer:
    """The answer of packets to a port."""
    asked = Question(frozenset({one}), frozenset({other}), protocol, fields={"dport": only(port)})
    return ask(made.region.state, asked)


def of_packet(made: Made, one: NetworkInterface, other: NetworkInterface, packet: Packet) -> Answer:
    fields = {"source": number(one.primary), "destination": number(str(packet.target)),
              "sport": only(SPORT), "dport": only(packet.dport)}  # fmt: skip
    asked = Question(frozenset({one.id}), frozenset({other.id}), packet.protocol, fields=fields)
    return ask(made.region.state, asked)


@law
@given(shapes)
def test_the_analysis_says_what_the_program_does(shape: Shape) -> None:
    made = Made(shape)
    tracer = Tracer(compiled(made.region.state, made.region.settings))
    for one in made.interfaces:
        for other in (interface for interface in made.interfaces if interface is not one):
            for target in (other.primary, *(public for public, _ in publics(made.region.state, other))):
                for protocol, port in ASKED:
                    packet = Packet(protocol, one.primary, target, sport=SPORT, dport=port)
                    answer = of_packet(made, one, other, packet)
                    found, steps = talks(tracer, one.id, other.id, packet)
                    why = (f"{one.primary} to {target}:{port}", *shown(steps), "---", *told(answer))
                    assert found == answer.reachable, "\n".join(why)


def ends(made: Made) -> list[str]:
    return [*(interface.id for interface in made.interfaces), INTERNET]


@law
@given(shapes, st.integers())
def test_what_is_told_is_enough_to_change_and_all_of_it_is_needed(shape: Shape, seed: int) -> None:
    made = Made(shape)
    one, other = random.Random(seed).sample(ends(made), 2)
    before = between(made, one, other)
    if before.there is None or before.back is None:
        return  # nothing leads there: another gateway is needed, not another rule
    for blocker in before.blockers:
        open_up(made.region, blocker)
    assert between(made, one, other).reachable, "\n".join(told(before))
    for left in before.blockers:
        again = Made(shape)
        for blocker in before.blockers:
            if remedy(blocker) != remedy(left):
                open_up(again.region, blocker)
        after = between(again, one, other)
        assert not after.reachable, "\n".join((str(left), *told(before), "---", *told(after)))


@law
@given(shapes, st.integers())
def test_a_packet_of_what_gets_through_gets_through_and_no_packet_of_what_does_not(
    shape: Shape, seed: int
) -> None:
    made, dice = Made(shape), random.Random(seed)
    one, other = dice.sample(made.interfaces, 2)
    asked = Question(frozenset({one.id}), frozenset({other.id}))
    answer = ask(made.region.state, asked)
    if answer.reachable:
        assert answer.back is not None
        header = answer.back.arrived.turned.sample
    else:
        addresses = [other.primary, *(public for public, _ in publics(made.region.state, other))]
        target = int(ip_address(dice.choice(addresses)))
        header = asked_header(int(ip_address(one.primary)), target, dice)
    point = {name: only(value) for name, value in header._asdict().items()}
    single = ask(made.region.state, Question(asked.source, asked.target, fields=point))
    assert single.reachable == answer.reachable, (header, told(answer), told(single))


def asked_header(source: int, target: int, dice: random.Random) -> Header:
    return Header(source, target, dice.randrange(65536), dice.choice((22, 80, 443, dice.randrange(65536))))


# --- regions of every kind ------------------------------------------------------------------------


def travel(tracer: Tracer, wild: Wild, one: str, packet: Packet) -> tuple[str, Packet, list[str]]:
    """Where a packet comes to, on through every instance that forwards."""
    at, text = one, list[str]()
    for _ in range(8):
        try:
            outcome = tracer.send(at, packet)
        except (StopIteration, AssertionError):  # no such link; round and round
            break
        text += [*shown(outcome.steps), f"at {outcome.reached}"]
        there = wild.region.state.get(NetworkInterface, outcome.reached)
        at, packet = outcome.reached, outcome.packet
        if there is None or takes(there, str(packet.target)) or there.source_dest_check:
            return at, packet, text
    return "", packet, text


def met(tracer: Tracer, wild: Wild, one: str, other: str, packet: Packet) -> tuple[bool, list[str]]:
    """Whether a packet gets there and its answer back."""
    reached, there, text = travel(tracer, wild, one, replace(packet))
    if reached != other:
        return False, text
    reached, back, more = travel(tracer, wild, other, there.answer())
    return reached == one and back.way == packet.answer().way, [*text, "back", *more]


def disagreements(wild: Wild) -> Iterator[str]:
    tracer = Tracer(compiled(wild.region.state, wild.region.settings))
    pairs = ((one, other) for one in wild.interfaces() for other in wild.interfaces() if one != other)
    for one, other in pairs:
        for target in wild.targets(other):
            for protocol, port in ((TCP, 80), (UDP, 443), (ICMP, 8 * 256)):
                packet = Packet(protocol, one.primary, target, sport=SPORT, dport=port)
                fields = {"source": number(one.primary), "destination": number(target), "dport": only(port)}
                fields |= {"sport": only(SPORT)} if protocol != ICMP else {}
                asked = Question(frozenset({one.id}), frozenset({other.id}), protocol, fields=fields)
                answer = ask(wild.region.state, asked)
                tracer.forget()
                for time in ("first", "again"):  # then all know the flow
                    found, text = met(tracer, wild, one.id, other.id, packet)
                    if found != answer.reachable:
                        head = f"{time} {one.id} to {other.id} by {target}, protocol {protocol}"
                        yield "\n".join((head, *text, "---", *told(answer)))


@pytest.mark.parametrize("forwards", [False, True])
def test_regions_of_every_kind(forwards: bool) -> None:
    """Stopped instances, checks, appliances, lists, references, NAT gateways, all addresses; new ones each day."""
    fixed, free = range(tries(12)), random.randrange(1 << 30)
    for seed in (*fixed, *range(free, free + tries(6))):
        for wrong in disagreements(Wild(seed, forwards=forwards)):
            raise AssertionError(f"seed {seed}: {wrong}")


def test_an_instance_does_not_take_what_is_for_its_public_address() -> None:
    """A route may lead there inside the VPC: where no gateway translates, the instance sends it on."""
    region = Region()
    vpc = region.vpc("10.0.0.0/16")
    near, far = (region.subnet(vpc, cidr) for cidr in ("10.0.1.0/24", "10.0.2.0/24"))
    region.gateway(vpc)
    one, box = region.launch(near), region.launch(far, public=True)
    every = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    region.call("AuthorizeSecurityGroupIngress", GroupId=box.groups[0], IpPermissions=every)
    off = {"SourceDestCheck": {"Value": False}}
    region.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=box.id, **off)
    table = region.call("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    region.call("AssociateRouteTable", RouteTableId=table, SubnetId=near)
    block = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    region.call("CreateRoute", **block, NetworkInterfaceId=box.id)
    for target, reached in ((box.primary, True), (box.public_ip or "", False)):
        fields = {"destination": number(target)}
        asked = Question(frozenset({one.id}), frozenset({box.id}), fields=fields)
        assert ask(region.state, asked).reachable is reached, target
