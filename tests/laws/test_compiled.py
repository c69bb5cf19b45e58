"""Compiled = rule: a virtual packet through the compiled program meets what `rules` say of it."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocks6 import numbered
from compiled import compiled
from elastinet.model.interface import NetworkInterface
from elastinet.rules.admission import missing
from elastinet.rules.next_hop import NextHop, neighbour
from elastinet.rules.paths import NoNetworkPath, flow
from elastinet.rules.ranges import only
from packet import TCP, UDP, Packet
from random_region import Made, Shape, shapes
from small_region import Region
from tracer import Step, Tracer, shown, talks
from tries import tries


class Ruled(Made):
    """A region of which the rules of forecasts and measurements are asked."""

    def says(
        self, one: NetworkInterface, other: NetworkInterface, protocol: int, port: int
    ) -> tuple[bool, str]:
        """Whether the rules let a connection come about, and the address that it goes to."""
        try:
            way = flow(self.region.state, one, other, protocol=protocol, ports=only(port))
        except NoNetworkPath:
            return False, other.primary
        return not any(missing(self.region.state, way)), way.target_ip


def met(
    tracer: Tracer, one: NetworkInterface, other: NetworkInterface, to: Packet
) -> tuple[bool, list[Step]]:
    found, steps = talks(tracer, one.id, other.id, to)
    return found, steps


@settings(max_examples=tries(50), suppress_health_check=list(HealthCheck))
@given(shapes)
def test_the_program_says_what_the_rules_say(shape: Shape) -> None:
    made = Ruled(shape)
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
    block = made["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    near, far = (_subnet6(region, made["VpcId"], f"10.0.{n}.0/24", numbered(block, n)) for n in (1, 2))
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
        for target in ("2001:db8:ffff::5", numbered(block, 1).replace("::/64", "::99")):
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


def test_a_route_to_an_interface_with_its_check_on_leads_to_its_own_addresses() -> None:
    """EC2 asks the check of each packet, not of the route: what is the interface's own gets in."""
    region = Region()
    vpc = region.vpc("10.0.0.0/16")
    near, far = (region.subnet(vpc, cidr) for cidr in ("10.0.1.0/24", "10.0.2.0/24"))
    one, other = (region.launch(subnet) for subnet in (near, far))
    _open(region, one.groups[0])
    region.route(vpc, "10.0.2.0/24", NetworkInterfaceId=other.id)
    tracer = Tracer(compiled(region.state, region.settings))
    for target, reached in ((other.primary, other.id), ("10.0.2.200", "")):
        assert tracer.send(one.id, Packet(UDP, one.primary, target)).reached == reached
