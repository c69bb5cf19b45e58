"""A region of two VPCs, made from a random shape: groups, lists, gateways, a peering connection, a NAT gateway."""

from typing import Any, Literal, NamedTuple

from hypothesis import strategies as st

from elastinet.model.acl import NetworkAcl
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from small_region import Region

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
