"""Compiled = rule: a virtual packet through the compiled program meets what `rules` say of it."""

from dataclasses import replace
from typing import Any, Literal, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiled import compiled
from elastinet.model.acl import NetworkAcl
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.rules.admission import Passage, missing
from elastinet.rules.next_hop import NextHop, neighbour
from elastinet.rules.paths import NoNetworkPath, addresses, path
from elastinet.rules.routing import route_to, table_of
from packet import TCP, UDP, Packet
from small_region import Region
from tracer import Step, Tracer, shown, talks
from tries import tries

PORTS = (80, 443)
CIDRS = ("0.0.0.0/0", "10.0.0.0/16", "10.0.1.0/24", "10.1.0.0/16", "203.0.113.0/24", "10.0.2.0/23")
SPANS = ((80, 80), (0, 65535), (81, 500), (1, 443))
IN_FULL = (0, 65535)
"""What an ACL opens for answers, whose ports are any: a part of them may let one connection by, not the next."""


Nat = Literal["public", "private", ""]
"""The kind of NAT gateway that the second subnet sends through; "" for none."""


class Allowed(NamedTuple):
    """A rule of a group: to or from a block, or a group by its number."""

    protocol: str
    span: tuple[int, int]
    peer: str | int


class Entry(NamedTuple):
    """An entry of a network ACL."""

    egress: bool
    allow: bool
    protocol: str
    span: tuple[int, int]
    cidr: str


class Shape(NamedTuple):
    """What a region is made of."""

    gateways: tuple[bool, bool]
    routes: tuple[bool, bool]
    is_peered: bool
    public: tuple[bool, ...]
    members: tuple[tuple[int, ...], ...]
    ingress: tuple[tuple[Allowed, ...], ...]
    egress: tuple[tuple[Allowed, ...], ...]
    entries: tuple[tuple[Entry, ...], ...]
    nat: Nat
    types: tuple[str, ...]


allowed = st.builds(
    Allowed,
    st.sampled_from(("tcp", "udp", "-1")),
    st.sampled_from(SPANS),
    st.sampled_from((*CIDRS, 0, 1, 2)),
)
entries = st.builds(
    Entry,
    st.booleans(),
    st.sampled_from((True, True, False)),
    st.sampled_from(("6", "17", "-1")),
    st.sampled_from((*SPANS[:2], IN_FULL)),
    st.sampled_from(CIDRS),
)
few = st.lists(allowed, min_size=1, max_size=3).map(tuple)
mostly = st.sampled_from((True, True, True, False))
shapes = st.builds(
    Shape,
    gateways=st.tuples(mostly, mostly),
    routes=st.tuples(mostly, mostly),
    is_peered=st.booleans(),
    public=st.tuples(*[mostly] * 4),
    members=st.tuples(*[st.sampled_from(((0,), (1,), (0, 1)))] * 4),
    ingress=st.tuples(few, few, few, few),
    egress=st.tuples(*[st.just(()) | few] * 4),
    entries=st.tuples(*[st.just(()) | st.lists(entries, max_size=3).map(tuple)] * 3),
    nat=st.sampled_from(("public", "private", "")),
    types=st.tuples(*[st.sampled_from(("c5.large", "m8i.large"))] * 4),
)


class Made:
    """A region of two VPCs: two subnets and two instances in the first, one subnet and two in the second.

    A NAT gateway is in a further subnet of the first VPC, which uses the main table.
    """

    def __init__(self, shape: Shape) -> None:
        self.region = region = Region()
        self.vpcs = [region.vpc(f"10.{n}.0.0/16") for n in (0, 1)]
        subnets = [("10.0.1.0/24", 0), ("10.0.2.0/24", 0), ("10.1.1.0/24", 1)]
        self.subnets = [region.subnet(self.vpcs[vpc], cidr) for cidr, vpc in subnets]
        self._gateways(shape)
        self._peering(shape)
        can_be = shape.nat == "private" or shape.gateways[0]  # a public one fails without an internet gateway
        self.nat = self._nat(shape.nat) if shape.nat and can_be else None
        self._groups(shape)
        for subnet, own in zip(self.subnets, shape.entries, strict=True):
            self._acl(subnet, own)
        places = (self.subnets[0], self.subnets[1], self.subnets[2], self.subnets[2])
        self.interfaces = [self._launch(subnet, number, shape) for number, subnet in enumerate(places)]

    def _gateways(self, shape: Shape) -> None:
        for vpc, wanted in zip(self.vpcs, shape.gateways, strict=True):
            if wanted:
                self.region.gateway(vpc)

    def _peering(self, shape: Shape) -> None:
        if not shape.is_peered:
            return
        peering = self.region.peer(*self.vpcs)
        blocks = ("10.1.0.0/16", "10.0.0.0/16")
        for vpc, block, wanted in zip(self.vpcs, blocks, shape.routes, strict=True):
            if wanted:
                self.region.route(vpc, block, VpcPeeringConnectionId=peering)

    def _nat(self, kind: Nat) -> NatGateway:
        """Have the second subnet send through a NAT gateway: to everywhere, or to the other VPC."""
        call, vpc = self.region.call, self.vpcs[0]
        subnet = self.region.subnet(vpc, "10.0.3.0/24")
        if kind == "public":
            allocation = call("AllocateAddress", Domain="vpc")["AllocationId"]
            made = call("CreateNatGateway", SubnetId=subnet, AllocationId=allocation)
        else:
            made = call("CreateNatGateway", SubnetId=subnet, ConnectivityType="private")
        id = made["NatGateway"]["NatGatewayId"]
        table = call("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
        call("AssociateRouteTable", RouteTableId=table, SubnetId=self.subnets[1])
        block = "0.0.0.0/0" if kind == "public" else "10.1.0.0/16"
        call("CreateRoute", RouteTableId=table, DestinationCidrBlock=block, NatGatewayId=id)
        return self.region.state.need(NatGateway, id)

    def _groups(self, shape: Shape) -> None:
        vpcs = [self.vpcs[0], self.vpcs[0], self.vpcs[1], self.vpcs[1]]
        named = [
            self.region.call("CreateSecurityGroup", GroupName=f"g{n}", Description="-", VpcId=vpc)
            for n, vpc in enumerate(vpcs)
        ]
        self.groups = [made["GroupId"] for made in named]
        for group, ingress, egress in zip(self.groups, shape.ingress, shape.egress, strict=True):
            self._rules("AuthorizeSecurityGroupIngress", group, ingress)
            if egress:
                all_out = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
                self.region.call("RevokeSecurityGroupEgress", GroupId=group, IpPermissions=all_out)
                self._rules("AuthorizeSecurityGroupEgress", group, egress)

    def _rules(self, action: str, group: str, rules: tuple[Allowed, ...]) -> None:
        written = {repr(self._permission(group, rule)): self._permission(group, rule) for rule in rules}
        for permission in written.values():
            self.region.call(action, GroupId=group, IpPermissions=[permission])

    def _permission(self, group: str, rule: Allowed) -> dict[str, Any]:
        ports = {} if rule.protocol == "-1" else {"FromPort": rule.span[0], "ToPort": rule.span[1]}
        head: dict[str, Any] = {"IpProtocol": rule.protocol, **ports}
        if isinstance(rule.peer, str):
            return head | {"IpRanges": [{"CidrIp": rule.peer}]}
        return head | {"UserIdGroupPairs": [{"GroupId": self._peer_of(group, rule.peer)}]}

    def _peer_of(self, group: str, number: int) -> str:
        """A group of the same VPC's: of another only where the two are peered, which is another matter."""
        first = self.groups.index(group) // 2 * 2
        return self.groups[first + number % 2]

    def _acl(self, subnet: str, entries: tuple[Entry, ...]) -> None:
        if not entries:
            return
        vpc = self.vpcs[self.subnets.index(subnet) // 2]
        acl = self.region.call("CreateNetworkAcl", VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
        whole = (Entry(egress, True, "-1", IN_FULL, "0.0.0.0/0") for egress in (False, True))
        for number, entry in enumerate((*entries, *whole)):
            ports = (
                {} if entry.protocol == "-1" else {"PortRange": {"From": entry.span[0], "To": entry.span[1]}}
            )
            self.region.call(
                "CreateNetworkAclEntry",
                NetworkAclId=acl,
                RuleNumber=100 + number,
                Protocol=entry.protocol,
                RuleAction="allow" if entry.allow else "deny",
                Egress=entry.egress,
                CidrBlock=entry.cidr,
                **ports,
            )
        (old,) = self.region.state.where(NetworkAcl, "association.subnet-id", subnet)
        (own,) = (a.id for a in old.associations if a.subnet_id == subnet)
        self.region.call("ReplaceNetworkAclAssociation", AssociationId=own, NetworkAclId=acl)

    def _launch(self, subnet: str, number: int, shape: Shape) -> NetworkInterface:
        made = self.region.launch(subnet, shape.types[number], public=shape.public[number])
        groups = [self.groups[number // 2 * 2 + member] for member in shape.members[number]]
        self.region.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=made.id, Groups=groups)
        return self.region.state.need(NetworkInterface, made.id)

    def says(
        self, one: NetworkInterface, other: NetworkInterface, protocol: int, port: int
    ) -> tuple[bool, str]:
        """Whether the rules let a connection come about, and the address that it goes to."""
        state = self.region.state
        try:
            source, target = addresses(state, one, other, path(state, one, other))
        except NoNetworkPath:
            if not self._goes_by_nat(one, other):
                return False, other.primary
            assert self.nat
            source, target = self.nat.private_ip, other.primary
        passage = Passage(protocol, port, port, source, target)
        return not any(missing(state, one, other, passage)), target

    def _goes_by_nat(self, one: NetworkInterface, other: NetworkInterface) -> bool:
        """Whether routes lead to the NAT gateway, from there over the peering connection, and back to it.

        `rules.paths` has no such way, by a gateway's private address.
        """
        if self.nat is None:
            return False
        nat = self.region.state.need(NetworkInterface, self.nat.interface_id)
        ways = ((one, other), (nat, other), (other, nat))
        kinds = [self._kind_of_route(sender, receiver.primary) for sender, receiver in ways]
        return kinds == ["nat", "peering", "peering"]

    def _kind_of_route(self, sender: NetworkInterface, address: str) -> str | None:
        table = table_of(self.region.state, sender.vpc_id, sender.subnet_id)
        route = route_to(self.region.state, table, address)
        return route.kind if route else None


def met(
    tracer: Tracer, one: NetworkInterface, other: NetworkInterface, to: Packet
) -> tuple[bool, list[Step]]:
    found, steps = talks(tracer, one.id, other.id, to)
    return found, steps


@settings(max_examples=tries(50), suppress_health_check=list(HealthCheck))
@given(shapes)
def test_the_program_says_what_the_rules_say(shape: Shape) -> None:
    made = Made(shape)
    tracer = Tracer(compiled(made.region.state, made.region.settings))
    for one in made.interfaces:
        for other in (interface for interface in made.interfaces if interface is not one):
            for protocol, port in ((TCP, 80), (UDP, 443), (TCP, 443)):
                says, target = made.says(one, other, protocol, port)
                packet = Packet(protocol, one.primary, target, dport=port)
                found, steps = met(tracer, one, other, packet)
                assert found == says, "\n".join((f"{one.primary} to {target}:{port}", *shown(steps)))
                if found:  # what both ends remember, each in its way, goes on
                    found, steps = met(tracer, one, other, packet)
                    assert found, "\n".join((f"again {one.primary} to {target}:{port}", *shown(steps)))


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(checks=st.tuples(*[st.booleans()] * 4), secondary=st.booleans())
def test_frames_go_to_the_neighbour_that_the_rule_names(checks: tuple[bool, ...], secondary: bool) -> None:
    """From each interface to each one's MAC, and to nobody's, for addresses of all, of no one, and beyond."""
    region = Region()
    vpc = region.vpc("10.0.0.0/16")
    near, far = (region.subnet(vpc, cidr) for cidr in ("10.0.1.0/24", "10.0.2.0/24"))
    made = [region.launch(subnet) for subnet in (near, near, far, near)]
    if secondary:
        call = {"NetworkInterfaceId": made[1].id, "PrivateIpAddresses": ["10.0.1.7"]}
        region.call("AssignPrivateIpAddresses", **call)
    for interface, check in zip(made, checks, strict=True):
        wanted = {"NetworkInterfaceId": interface.id, "SourceDestCheck": {"Value": check}}
        region.call("ModifyNetworkInterfaceAttribute", **wanted)
    _open(region, made[0].groups[0])
    found = [region.state.need(NetworkInterface, interface.id) for interface in made]
    tracer = Tracer(compiled(region.state, region.settings))
    targets = (*(one.primary for one in found), "10.0.1.7", "10.0.2.200", "10.244.2.5", "203.0.113.9")
    for one in found:
        for mac in (*(other.mac for other in found if other is not one), "02:00:00:00:00:77"):
            for target in targets:
                says = neighbour(region.state, one, mac, target)
                reached = tracer.send(one.id, Packet(UDP, one.primary, target), mac)
                wanted = says.target if isinstance(says, NextHop) else ""
                assert reached.reached == wanted, "\n".join((one.id, mac, target, *shown(reached.steps)))


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(checks=st.tuples(*[st.booleans()] * 4))
def test_frames_of_ipv6_too(checks: tuple[bool, ...]) -> None:
    """And who asks for a neighbour's address, or for one of its delegated prefix, is told that one's MAC."""
    region = Region()
    made = region.call("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = made["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].removesuffix("00::/56")
    near, far = (_subnet6(region, made["VpcId"], f"10.0.{n}.0/24", f"{block}0{n}::/64") for n in (1, 2))
    ends = [_end6(region, *end) for end in zip((near, near, far, near), checks, strict=True)]
    prefix = {"NetworkInterfaceId": ends[1].id, "Ipv6PrefixCount": 1}
    delegated = region.call("AssignIpv6Addresses", **prefix)["AssignedIpv6Prefixes"][0]
    _open(region, ends[0].groups[0])
    found = [region.state.need(NetworkInterface, end.id) for end in ends]
    tracer = Tracer(compiled(region.state, region.settings))
    owners = {end.addresses6[0]: end for end in found} | {delegated.replace("::/80", "::7"): found[1]}
    for one in found:
        for target, owner in owners.items():
            packet = Packet(UDP, one.addresses6[0], target)
            if owner is not one:
                assert tracer.send(one.id, packet).reached == owner.id, (one.id, target)
            for mac in (*(other.mac for other in found if other is not one), "02:00:00:00:00:77"):
                _goes_by_the_rule(region, tracer, one, mac, packet)
        for target in ("2001:db8:ffff::5", f"{block}01::99"):
            _goes_by_the_rule(region, tracer, one, found[1].mac, Packet(UDP, one.addresses6[0], target))


def _subnet6(region: Region, vpc: str, cidr: str, block: str) -> str:
    made = region.call(
        "CreateSubnet", VpcId=vpc, CidrBlock=cidr, Ipv6CidrBlock=block, AvailabilityZone="us-east-1a"
    )
    return str(made["Subnet"]["SubnetId"])


def _end6(region: Region, subnet: str, check: bool) -> NetworkInterface:
    """An interface with an IPv6 address."""
    made = region.launch(subnet)
    region.call("AssignIpv6Addresses", NetworkInterfaceId=made.id, Ipv6AddressCount=1)
    wanted = {"NetworkInterfaceId": made.id, "SourceDestCheck": {"Value": check}}
    region.call("ModifyNetworkInterfaceAttribute", **wanted)
    return made


def _goes_by_the_rule(
    region: Region, tracer: Tracer, one: NetworkInterface, mac: str, packet: Packet
) -> None:
    """Assert that a frame ends where the rule says; a MAC of one's own is nobody else's."""
    if mac == one.mac:
        return
    says = neighbour(region.state, one, mac, str(packet.target))
    reached = tracer.send(one.id, replace(packet), mac)
    wanted = says.target if isinstance(says, NextHop) else ""
    assert reached.reached == wanted, "\n".join((one.id, mac, str(packet.target), *shown(reached.steps)))


def _open(region: Region, group: str) -> None:
    every = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    six = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    region.call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=six)
    region.call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=every)
