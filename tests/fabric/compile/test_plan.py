"""Laws of the pure compilation: the plan kept step by step is the plan made from nothing."""

import ipaddress
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from elastinet.fabric.compile import permissions, plan
from elastinet.fabric.compile.items import Identity, Item
from elastinet.fabric.contract.keys import Key, ObjectKind
from elastinet.fabric.contract.objects import (
    Acl,
    AclEntry,
    AnyObject,
    BandwidthLimits,
    FlowLimit,
    FlowLimitPeers,
    Group,
    GroupRule,
    Interface,
    Mapping,
    Members,
    PeeringLink,
)
from elastinet.rules import rule_numbers
from elastinet.rules.allowances import Allowance
from parts import eni, guest, network, table
from sixparts import BLOCK, BLOCKS, eni6, network6, six

PEERS = [
    "0.0.0.0/0",
    "10.0.0.0/16",
    "10.0.1.0/24",
    "10.0.1.7/32",
    "10.0.2.0/23",
    "sg-1",
    "sg-2",
    "2001:db8::/32",
    "::/0",
]
PEERS6 = ["::/0", "2001:db8::/32", "2001:db8:0:101::/64", "2001:db8:0:101::7/128", "2001:db8:0:102::/63"]


@st.composite
def rules(draw: st.DrawFn, peers: list[str] = PEERS) -> GroupRule:
    protocol, peer = draw(st.sampled_from([-1, 1, 6, 17, 50, 58])), draw(st.sampled_from(peers))
    if protocol in (6, 17):
        low, high = sorted(draw(st.tuples(st.integers(0, 12), st.integers(0, 12))))
        return GroupRule(protocol, low, high, peer)
    if protocol in (1, 58):
        kind = draw(st.sampled_from([-1, 3, 8]))
        return GroupRule(protocol, kind, draw(st.sampled_from([-1, 0, 4])) if kind >= 0 else -1, peer)
    return GroupRule(protocol, -1, -1, peer)


class Spent(NamedTuple):
    """The directions in which a guest has no credits from now on."""

    guest: str
    directions: frozenset[str]


Step = AnyObject | Key | tuple[str, int | None] | Spent


def moves() -> st.SearchStrategy[Step]:
    """One step: an object put in, a key taken out, or a guest that came up, went down or spent its credits."""
    number = st.integers(1, 3)
    some = st.frozensets(rules(), max_size=4)
    targets = st.sampled_from(["igw", "blackhole", "eni-1", "eni-2", "eni-9", "pcx-1", "pcx-2", "eigw"])
    destinations = ["0.0.0.0/0", "198.18.0.0/15", "10.0.1.0/24", "::/0", BLOCKS[0]]
    route = st.tuples(st.sampled_from(destinations), targets)
    blocks = st.sampled_from([(), (BLOCK,)])
    protocols, interfaces = st.sampled_from([(), (6,)]), st.sampled_from([(), ("eni-1",)])
    nearer = st.tuples() | st.tuples(
        st.builds(FlowLimit, st.sampled_from(["pg-1", "pg-2"]), st.just(80), protocols, interfaces)
    )
    delegated = st.booleans()  # no two interfaces have one address or prefix: EC2 gives none twice
    puts = st.one_of(
        st.builds(network, st.sampled_from(["vpc-1", "vpc-2"]), st.sampled_from([None, "igw-1"]), edge=st.sampled_from(["", "rtb-1"])),
        st.builds(lambda blocks, igw, eigw: network6(cidrs6=blocks, igw=igw, eigw=eigw), blocks, st.sampled_from([None, "igw-1"]), st.sampled_from([None, "eigw-1"])),
        st.builds(lambda n, host, own: eni6(n, six(1, f"{host}{n}"), prefixes=(f"10.0.1.{64 + 16 * n}/28", f"2001:db8:0:101:a{n}::/80") * own, check=False, groups=("sg-1",), acl="acl-1"), number, st.sampled_from("ab"), delegated),
        st.builds(lambda route, n: table(route, id=f"rtb-{n}"), route, number),
        st.builds(lambda n, boot: guest(n, boot), number, number),
        st.builds(lambda n, last, check, to: eni(n, f"10.0.1.{10 * n + last}", check=check, table=f"rtb-{to}", groups=("sg-1", "sg-2"), acl=f"acl-{to}"), number, st.integers(0, 5), st.booleans(), number),
        st.builds(lambda n, allow: Acl(f"acl-{n}", "vpc-1", (AclEntry(1, -1, -1, -1, "0.0.0.0/0", True), AclEntry(2, -1, -1, -1, "::/0", allow)), ()), number, st.booleans()),
        st.builds(lambda n, i, e: Group(f"sg-{n}", "vpc-1", i, e), number, some, some),
        st.builds(lambda n, last: Members(f"sg-{n}", "vpc-1", frozenset({f"10.0.1.{last}", six(1, f"{last}"), f"{six(2, '')}/80"})), number, number),
        st.builds(lambda n, mtu, bps: PeeringLink(f"pcx-{n}", ("vpc-2", "vpc-1"), mtu, bps), number, st.sampled_from([8500, 9001]), st.sampled_from([0, 50])),
        st.builds(lambda n, to: Mapping(f"203.0.113.{n}", "vpc-1", f"10.0.1.{n}", f"i-{to}"), number, number),
        st.builds(lambda n, flow, gateway, baseline, near, cards, where: BandwidthLimits(f"i-{n}", where, "1", Allowance(baseline, 100, 100 - baseline), flow, gateway, cards, near), number, st.sampled_from([50, 100]), st.sampled_from([30, 50, 100]), st.sampled_from([10, 100]), nearer, st.sampled_from([(), (Allowance(60, 60),) * 2]), st.sampled_from([("vpc-1",), ("vpc-1", "vpc-2")])),
        st.builds(lambda n, where: FlowLimitPeers(f"pg-{n}", where, frozenset({"10.0.1.11", six(1, "11")})), number, st.sampled_from([("vpc-1",), ("vpc-2", "vpc-1")])),
    )  # fmt: skip
    kinds: dict[ObjectKind, str] = {
        "network": "vpc",
        "table": "rtb",
        "guest": "i",
        "interface": "eni",
        "group": "sg",
        "members": "sg",
        "acl": "acl",
        "peering": "pcx",
        "bandwidth": "i",
        "near": "pg",
    }
    drops = st.builds(lambda kind, n: Key(kind, f"{kinds[kind]}-{n}"), st.sampled_from([*kinds]), number)
    ups = st.tuples(
        st.sampled_from(["i-1", "i-2", "i-3", "vpc-1", "vpc-2", "internet"]), st.sampled_from([None, 1, 2])
    )
    spent = st.builds(
        Spent, st.sampled_from(["i-1", "i-2"]), st.sampled_from([frozenset(), frozenset({"out"})])
    )
    return st.one_of(puts, puts, drops, ups, spent)


FURNITURE: list[Step] = [
    ("internet", 1),
    ("vpc-2", 1),
    network6(igw="igw-1"),
    network("vpc-2"),
    table(("0.0.0.0/0", "igw"), ("10.0.1.0/24", "eni-2")),
    PeeringLink("pcx-1", ("vpc-2", "vpc-1")),
    Group("sg-1", "vpc-1", frozenset(), frozenset()),
    FlowLimitPeers("pg-1", ("vpc-1", "vpc-2"), frozenset({"10.0.1.11"})),
    *(guest(n) for n in (1, 2)),
    *(eni6(n, six(1, str(n))) for n in (1, 2)),
    *(Mapping(f"203.0.113.{n}", "vpc-1", f"10.0.1.{n}", f"i-{n}") for n in (1, 2)),
    *(
        BandwidthLimits(
            f"i-{n}", ("vpc-1",), "1", Allowance(10, 100, 90), 50, 30, (), (FlowLimit("pg-1", 80),)
        )
        for n in (1, 2)
    ),
]


@given(st.booleans(), st.lists(moves(), max_size=40))
@settings(max_examples=400)
def test_recompute(furnished: bool, steps: list[Step]) -> None:
    kept, followed = plan.Plan(), dict[str, dict[Identity, Item]]()
    for step in FURNITURE * furnished + steps:
        before = {name: dict(items) for name, items in kept.items.items()}
        if isinstance(step, Key):
            touched = kept.update(drop=[step])
        elif isinstance(step, Spent):
            touched = kept.spend(*step)
        elif isinstance(step, tuple):
            touched = kept.set_up(*step)
        else:
            touched = kept.update([step])
            assert kept.update([step]) == set(), "the same again is no work"
        changed = {name for name in kept.items if kept.items[name] != before.get(name, {})}
        assert changed <= touched
        for name in kept.items:
            for identity, item in kept.delta(name).items():
                followed.setdefault(name, {}).pop(identity, None)
                followed[name] |= {identity: item} if item else {}
            assert followed.get(name, {}) == kept.items[name], "the differences add up"
    interfaces = (item for item in kept.view.objects.values() if isinstance(item, Interface))
    forwarding = {(item.network, item.id) for item in interfaces if item.forwards}
    assert {(network, id) for network, ids in kept.view.forwarders.items() for id in ids} == forwarding
    anew = plan.from_nothing(kept.view)
    assert {k: v for k, v in kept.items.items() if v} == {k: dict(v) for k, v in anew.items() if v}


@given(st.lists(rules([peer for peer in PEERS if "/" in peer and ":" not in peer]), max_size=8))
@settings(max_examples=150)
def test_boxes_are_disjoint_and_say_the_same(some: list[GroupRule]) -> None:
    """Every probe finds exactly one element where a rule allows it, and none where none does."""
    some = [rule for rule in some if permissions.is_v4(rule)]
    compare(some, ("10.0.1.7", "10.0.1.8", "10.0.3.1", "192.0.2.1"))


@given(st.lists(rules(PEERS6), max_size=8))
@settings(max_examples=150)
def test_boxes_of_ipv6_too(some: list[GroupRule]) -> None:
    some = [rule for rule in some if permissions.is_v6(rule)]
    compare(some, (six(1, "7"), six(1, "8"), "2001:db8:0:103::1", "3fff::1"))


def compare(some: list[GroupRule], addresses: tuple[str, ...]) -> None:
    found = permissions.elements(some)
    for address in addresses:
        for kind, protocol, number in probes(58 if ":" in address else 1):
            allowed = any(
                rule_numbers.family(rule.protocol) == kind
                and rule.protocol in (protocol, -1)
                and rule_numbers.numbers(rule)[0] <= number <= rule_numbers.numbers(rule)[1]
                and ipaddress.ip_address(address) in ipaddress.ip_network(rule.peer)
                for rule in some
            )
            hits = [element for element in found[kind] if matches(element, kind, protocol, number, address)]
            assert len(hits) == allowed, (some, kind, protocol, number, address)


def probes(echo: int) -> list[tuple[str, int, int]]:
    ports = [("ports", protocol, port) for protocol in (6, 17) for port in (0, 5, 12, 13)]
    icmp = [("icmp", echo, kind * 256 + code) for kind in (3, 8, 9) for code in (0, 4, 9)]
    return ports + icmp + [("protocols", number, number) for number in (50, 51)]


def matches(element: str, kind: str, protocol: int, number: int, address: str) -> bool:
    parts = element.split(" . ")
    if kind == "ports" and int(parts.pop(0)) != protocol:
        return False
    low, _, high = parts[0].partition("-")
    first, dash, last = parts[1].partition("-")
    if dash:
        inside = ipaddress.ip_address(first) <= ipaddress.ip_address(address) <= ipaddress.ip_address(last)
    else:
        inside = ipaddress.ip_address(address) in ipaddress.ip_network(first)
    return int(low) <= number <= int(high or low) and inside
