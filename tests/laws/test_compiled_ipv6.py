"""Compiled = rule for IPv6: what meets a virtual packet between instances of which some have IPv6 only."""

from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocks6 import numbered
from compiled import compiled
from elastinet.model.interface import NetworkInterface
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules.admission import missing
from elastinet.rules.paths import NoNetworkPath, address_for, flow
from elastinet.rules.ranges import only
from elastinet.rules.reachability.question import Question, ask
from packet import TCP, UDP, Packet
from small_region import Region
from tracer import Tracer, shown, talks
from tries import tries

SPANS = ((80, 80), (0, 65535), (81, 500))


class Allowed(NamedTuple):
    """A rule of a group: to or from everybody, a subnet by its number, or the group itself (None)."""

    protocol: str
    span: tuple[int, int]
    peer: int | str | None


class Shape(NamedTuple):
    """What a region is made of."""

    doors: tuple[str, str]
    is_peered: bool
    ingress: tuple[tuple[Allowed, ...], ...]
    egress: tuple[tuple[Allowed, ...], ...]


rules = st.lists(
    st.builds(
        Allowed,
        st.sampled_from(("tcp", "udp", "-1")),
        st.sampled_from(SPANS),
        st.sampled_from(("::/0", "::/0", 0, 1, 2, None)),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
shapes = st.builds(
    Shape,
    doors=st.tuples(*[st.sampled_from(("gateway", "gateway", "egress", ""))] * 2),
    is_peered=st.booleans(),
    ingress=st.tuples(rules, rules),
    egress=st.tuples(rules, rules),
)


class Made:
    """Two VPCs: in the first a subnet of IPv6 only and one of both families, in the second one of IPv6 only."""

    def __init__(self, shape: Shape) -> None:
        self.region = region = Region()
        self.vpcs = [region.vpc(f"10.{n}.0.0/16") for n in (0, 1)]
        for vpc in self.vpcs:
            region.call("AssociateVpcCidrBlock", VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
        self.subnets = [
            self._subnet(self.vpcs[0], 1),
            self._subnet(self.vpcs[0], 2, CidrBlock="10.0.2.0/24"),
            self._subnet(self.vpcs[1], 1),
        ]
        for vpc, door in zip(self.vpcs, shape.doors, strict=True):
            self._door(vpc, door)
        if shape.is_peered:
            self._peering()
        self.groups = [self._group(*one) for one in zip(self.vpcs, shape.ingress, shape.egress, strict=True)]
        places = (self.subnets[0], *self.subnets)
        self.interfaces = [self._launch(subnet, number == 3) for number, subnet in enumerate(places)]

    def _block(self, vpc: str) -> str:
        return self.region.state.need(Vpc, vpc).cidrs6[0]

    def _subnet(self, vpc: str, number: int, **family: Any) -> str:
        block = numbered(self._block(vpc), number)
        asked = {"VpcId": vpc, "Ipv6CidrBlock": block, **(family or {"Ipv6Native": True})}
        made: str = self.region.call("CreateSubnet", **asked)["Subnet"]["SubnetId"]
        on = {"AssignIpv6AddressOnCreation": {"Value": True}}
        self.region.call("ModifySubnetAttribute", SubnetId=made, **on)
        return made

    def _route(self, vpc: str, destination: str, **target: str) -> None:
        own = {"RouteTableId": self.region.table(vpc), "DestinationIpv6CidrBlock": destination}
        self.region.call("CreateRoute", **own, **target)

    def _door(self, vpc: str, door: str) -> None:
        """Its way to the internet."""
        if door == "gateway":
            self._route(vpc, "::/0", GatewayId=self.region.gateway(vpc))
        elif door == "egress":
            made = self.region.call("CreateEgressOnlyInternetGateway", VpcId=vpc)["EgressOnlyInternetGateway"]
            self._route(vpc, "::/0", EgressOnlyInternetGatewayId=made["EgressOnlyInternetGatewayId"])

    def _peering(self) -> None:
        """Both have a route: the rules know of no way that goes over a connection and comes back another way."""
        peering = self.region.peer(*self.vpcs)
        for vpc, other in zip(self.vpcs, reversed(self.vpcs), strict=True):
            self._route(vpc, self._block(other), VpcPeeringConnectionId=peering)

    def _group(self, vpc: str, ingress: tuple[Allowed, ...], egress: tuple[Allowed, ...]) -> str:
        call = self.region.call
        made = call("CreateSecurityGroup", GroupName="g", Description="-", VpcId=vpc)
        id = str(made["GroupId"])
        all_out = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        call("RevokeSecurityGroupEgress", GroupId=id, IpPermissions=all_out)
        (shown,) = call("DescribeSecurityGroups", GroupIds=[id])["SecurityGroups"]
        if shown["IpPermissionsEgress"]:
            call("RevokeSecurityGroupEgress", GroupId=id, IpPermissions=shown["IpPermissionsEgress"])
        for action, given_rules in (("Ingress", ingress), ("Egress", egress)):
            written = {repr(p): p for p in (self._permission(id, rule) for rule in given_rules)}
            for permission in written.values():
                call(f"AuthorizeSecurityGroup{action}", GroupId=id, IpPermissions=[permission])
        return id

    def _permission(self, group: str, rule: Allowed) -> dict[str, Any]:
        ports = {} if rule.protocol == "-1" else {"FromPort": rule.span[0], "ToPort": rule.span[1]}
        head: dict[str, Any] = {"IpProtocol": rule.protocol, **ports}
        if rule.peer is None:
            return head | {"UserIdGroupPairs": [{"GroupId": group}]}
        block = rule.peer
        if isinstance(block, int):
            block = self.region.state.need(Subnet, self.subnets[block]).cidr6
        return head | {"Ipv6Ranges": [{"CidrIpv6": block}]}

    def _launch(self, subnet: str, is_second: bool) -> NetworkInterface:
        made = self.region.launch(subnet)
        group = self.groups[1 if is_second else 0]
        self.region.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=made.id, Groups=[group])
        return self.region.state.need(NetworkInterface, made.id)

    def analysed(self, one: NetworkInterface, other: NetworkInterface, packet: Packet) -> bool:
        """The same of the analysis, for one packet."""
        values = {
            "source": packet.source,
            "destination": packet.target,
            "sport": packet.sport,
            "dport": packet.dport,
        }
        fields = {name: only(int(value)) for name, value in values.items()}
        asked = Question(frozenset({one.id}), frozenset({other.id}), packet.protocol, 6, fields)
        return ask(self.region.state, asked).reachable

    def says(self, one: NetworkInterface, other: NetworkInterface, protocol: int, port: int) -> bool:
        """Whether the rules let a connection come about."""
        try:
            way = flow(self.region.state, one, other, protocol=protocol, ports=only(port))
        except NoNetworkPath:
            return False
        return not any(missing(self.region.state, way))


@settings(max_examples=tries(40), suppress_health_check=list(HealthCheck))
@given(shapes)
def test_the_program_says_of_ipv6_what_the_rules_say(shape: Shape) -> None:
    made = Made(shape)
    tracer = Tracer(compiled(made.region.state, made.region.settings))
    for one in made.interfaces:
        for other in (interface for interface in made.interfaces if interface is not one):
            source, target = address_for(one, other), address_for(other, one)
            assert ":" in target
            for protocol, port in ((TCP, 80), (UDP, 443)):
                packet = Packet(protocol, source, target, dport=port)
                found, steps = talks(tracer, one.id, other.id, packet)
                text = "\n".join((f"{source} to {target}:{port}", *shown(steps)))
                assert found == made.says(one, other, protocol, port), text
                assert found == made.analysed(one, other, packet), text
