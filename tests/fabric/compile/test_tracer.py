"""The rule that decides about a packet, named without a kernel: source check, groups, lists, routes, services."""

import pytest

from compiled import compiled
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from golden.regions import REGIONS
from nftables_words import Rule, Rules
from packet import ICMP, ICMP6, TCP, UDP, Packet
from tracer import Outcome, Tracer, talks

PUBLIC_RESOLVER = "198.51.100.53"


class Place:
    """A golden region with its interfaces in the order in which they were made."""

    def __init__(self, name: str) -> None:
        self.region = REGIONS[name]()
        self.look()

    def look(self) -> None:
        """Compile the region as it is now."""
        state = self.region.state
        self.interfaces = list(state.all(NetworkInterface))
        self.tracer = Tracer(compiled(state, self.region.settings, most_bps=0))

    def send(self, number: int, packet: Packet) -> Outcome:
        return self.tracer.send(self.interfaces[number].id, packet)

    def talks(self, one: int, other: int, packet: Packet) -> bool:
        return talks(self.tracer, self.interfaces[one].id, self.interfaces[other].id, packet)[0]


def test_a_source_that_is_not_its_own() -> None:
    place = Place("two_instances")
    found = place.send(0, Packet(TCP, "10.0.1.99", place.interfaces[1].primary))
    assert (found.reached, found.why.chain, found.why.rule) == ("", "receive", "counter drop")


def test_a_group_that_has_no_rule() -> None:
    place = Place("security_groups")
    one, other = (interface.primary for interface in place.interfaces)
    refused = place.send(0, Packet(TCP, one, other, dport=22))
    assert (refused.reached, refused.why.chain, refused.why.verdict) == ("", "refused", "drop")
    assert any(step.chain.endswith("_in") for step in refused.steps), (
        "it was the receiver's that was asked last"
    )
    for dport, met in ((80, True), (443, True), (400, True), (500, True), (501, False), (79, False)):
        assert place.talks(0, 1, Packet(TCP, one, other, dport=dport)) is met, dport
    assert place.talks(0, 1, Packet(UDP, one, other, dport=53)), "by its group"
    assert place.talks(0, 1, Packet(ICMP, one, other))
    assert not place.talks(1, 0, Packet(ICMP, other, one)), "the default group is for its members"


def test_a_list_s_lowest_number_decides() -> None:
    place = Place("network_acl")
    one, other = (interface.primary for interface in place.interfaces)
    found = place.send(0, Packet(TCP, one, other))
    assert (found.why.chain[:4], found.why.verdict) == ("acl_", "drop")
    assert f"ip daddr {'10.0.2.0/24'}" in found.why.rule


def test_the_internet_and_what_is_private() -> None:
    place = Place("internet_gateway")
    public, elastic, neither = (interface.primary for interface in place.interfaces)
    assert place.send(0, Packet(UDP, public, PUBLIC_RESOLVER)).reached == "internet"
    assert place.send(1, Packet(UDP, elastic, PUBLIC_RESOLVER)).reached == "internet"
    silent = place.send(2, Packet(UDP, neither, PUBLIC_RESOLVER))
    assert (silent.reached, silent.why.chain) == ("", "send"), "it has no public address to leave by"
    private = place.send(0, Packet(UDP, public, "192.168.7.7"))
    assert (private.reached, private.why.chain) == ("", "outside")


def test_a_route_to_an_interface_follows_its_check() -> None:
    place = Place("nat_instance")
    sender = place.interfaces[2].primary
    assert place.send(2, Packet(TCP, sender, "203.0.113.250")).reached == place.interfaces[0].id
    blackhole = place.send(2, Packet(TCP, sender, "198.18.0.1"))
    assert (blackhole.reached, blackhole.why.chain) == ("", "routing"), "that interface checks destinations"
    assert blackhole.why.rule.startswith("198.18.0.0/15 in table")


def test_a_nat_gateway_in_its_own_name() -> None:
    """A connection leaves with its public address, its answers find the sender, and nobody else comes in."""
    place = Place("nat_gateway")
    (nat,) = place.region.state.all(NatGateway)
    sender = place.interfaces[0]
    found = place.send(0, Packet(UDP, sender.primary, PUBLIC_RESOLVER, dport=53))
    assert (found.reached, str(found.packet.source)) == ("internet", nat.public_ip)
    assert any(step.verdict == f"snat {nat.private_ip}:10536-65535" for step in found.steps)
    internet = place.tracer.spaces["internet"]
    back = place.tracer.walk(internet, found.packet.answer())
    assert (back.reached, str(back.packet.target), back.packet.dport) == (sender.id, sender.primary, 40000)
    uninvited = place.tracer.walk(
        internet, Packet(UDP, PUBLIC_RESOLVER, nat.public_ip, sport=53, dport=40001)
    )
    assert (uninvited.reached, uninvited.why.namespace, uninvited.why.chain) == ("", nat.id, "input")


def test_two_senders_with_one_port() -> None:
    """Behind a NAT gateway the second one's is another, and each gets its own answers."""
    place = Place("nat_gateway")
    place.region.launch(place.interfaces[0].subnet_id)
    place.look()
    behind = [n for n, one in enumerate(place.interfaces) if one.subnet_id == place.interfaces[0].subnet_id]
    found = [
        place.send(n, Packet(TCP, place.interfaces[n].primary, PUBLIC_RESOLVER, dport=443)) for n in behind
    ]
    assert [one.reached for one in found] == ["internet"] * 2
    assert len({one.packet.sport for one in found}) == 2
    internet = place.tracer.spaces["internet"]
    back = [place.tracer.walk(internet, one.packet.answer()) for one in found]
    assert [one.reached for one in back] == [place.interfaces[n].id for n in behind]
    assert {one.packet.dport for one in back} == {40000}


def test_a_middlebox_both_ways() -> None:
    place = Place("middlebox")
    box, inner = place.interfaces
    assert place.send(1, Packet(TCP, inner.primary, box.primary)).reached == box.id
    route = [s.chain for s in place.send(1, Packet(TCP, inner.primary, "10.0.1.77")).steps]
    assert "routing" not in route


def test_peers_and_those_behind_them() -> None:
    place = Place("peering")
    one, other = (interface.primary for interface in place.interfaces)
    assert place.send(0, Packet(TCP, one, other)).why.chain == "refused", "the group is for its own VPC"
    assert place.send(0, Packet(TCP, one, "10.1.9.9")).why.chain == "routing", "nobody has that address"


def test_both_families() -> None:
    place = Place("dual_stack")
    (own,) = place.interfaces
    address = own.ipv6_addresses[0] if hasattr(own, "ipv6_addresses") else own.addresses6[0]
    assert place.send(0, Packet(ICMP6, address, "2001:db8:ffff::1")).reached == "internet"
    spoofed = place.send(0, Packet(ICMP6, "2001:db8:ffff::2", "2001:db8:ffff::1"))
    assert (spoofed.reached, spoofed.why.chain) == ("", "receive6")


def test_what_a_router_answers_itself() -> None:
    place = Place("two_instances")
    own = place.interfaces[0].primary
    for target, dport, reached in (
        ("169.254.169.254", 80, "router"),
        ("169.254.169.254", 81, ""),
        ("169.254.169.253", 53, "router"),
        ("10.0.0.2", 53, "router"),
        ("10.0.1.1", 22, ""),
    ):
        assert place.send(0, Packet(TCP, own, target, dport=dport)).reached == reached, (target, dport)


def test_a_word_that_is_not_known_is_an_error() -> None:
    with pytest.raises(KeyError):
        Rule("meta oifname foo accept", Packet(TCP, "10.0.0.1", "10.0.0.2"), Rules({})).judge()
