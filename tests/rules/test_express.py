"""Whether ENA Express carries a flow between two interfaces, the reason why not, and what it gives the flow."""

from typing import Any

import pytest

from elastinet.catalog.settings import Edition
from elastinet.model.interface import NetworkInterface
from elastinet.rules.express import why_not
from elastinet.rules.path_limits import Traffic
from elastinet.rules.paths import path
from elastinet.rules.performance import of_pair
from small_region import Region

TCP = {"EnaSrdEnabled": True}
BOTH = TCP | {"EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": True}}


class Place:
    """A VPC with two subnets in one zone and one in another, and what is launched there."""

    def __init__(self) -> None:
        self.region = Region("2026")
        self.vpc = self.region.vpc("10.0.0.0/16")
        self.left, self.near = (self.region.subnet(self.vpc, f"10.0.{n}.0/24") for n in (1, 2))
        self.far = self.region.subnet(self.vpc, "10.0.3.0/24", zone="b")

    def launch(self, subnet: str, spec: Any = None, kind: str = "m6i.8xlarge", **more: Any) -> str:
        id = self.region.launch(subnet, kind, **more).id
        return self.enable(id, **spec) if spec else id

    def enable(self, id: str, **spec: Any) -> str:
        self.region.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=id, EnaSrdSpecification=spec)
        return id

    def ends(self, one: str, other: str) -> list[NetworkInterface]:
        return [self.region.state.need(NetworkInterface, id) for id in (one, other)]

    def why_not(
        self, one: str, other: str, transport: Any = "tcp", rules: Edition = "2026", **how: bool
    ) -> str | None:
        """In both directions, which must agree as to whether."""
        state, (here, there) = self.region.state, self.ends(one, other)
        found = why_not(state, rules, here, there, path(state, here, there, **how), transport)
        back = why_not(state, rules, there, here, path(state, there, here, **how), transport)
        assert (found is None) == (back is None)
        return found

    def flow_bps(self, one: str, other: str, transport: Any = "tcp") -> int:
        """What one flow carries."""
        here, there = self.ends(one, other)
        return of_pair(self.region.state, self.region.settings, here, there, Traffic(transport)).bps


@pytest.fixture
def place() -> Place:
    return Place()


def test_carried_in_a_subnet_and_in_a_zone(place: Place) -> None:
    one, other, near = (place.launch(s, BOTH, "c6in.8xlarge") for s in (place.left, place.left, place.near))
    for transport in ("tcp", "udp"):
        for peer in (other, near):
            assert place.why_not(one, peer, transport) is None
            assert place.flow_bps(one, peer, transport) == 25e9


def test_never_more_than_the_instances_have(place: Place) -> None:
    one, other = place.launch(place.left, BOTH), place.launch(place.left, BOTH, "c6in.8xlarge")
    assert place.flow_bps(one, other) == 12.5e9


def test_carried_over_a_peering_connection(place: Place) -> None:
    vpc = place.region.vpc("10.1.0.0/16")
    one, other = place.launch(place.left, TCP), place.launch(place.region.subnet(vpc, "10.1.1.0/24"), TCP)
    peering = place.region.peer(place.vpc, vpc)
    for here, block in ((place.vpc, "10.1.0.0/16"), (vpc, "10.0.0.0/16")):
        place.region.route(here, block, VpcPeeringConnectionId=peering)
    assert place.why_not(one, other) is None


def test_both_must_have_it_and_udp_its_own_flag(place: Place) -> None:
    both, tcp, none = (place.launch(place.left, spec) for spec in (BOTH, TCP, None))
    assert place.why_not(both, tcp, "tcp") is None
    assert place.why_not(both, tcp, "udp") == f"ENA Express is not enabled for UDP on {tcp}"
    assert place.why_not(both, none, "tcp") == f"ENA Express is not enabled on {none}"
    assert "EFA" in (place.why_not(both, tcp, "efa") or "")
    assert (place.flow_bps(both, tcp, "udp"), place.flow_bps(both, none)) == (5e9, 5e9)


def test_not_where_the_flag_outlives_it(place: Place) -> None:
    one, other = place.launch(place.left, BOTH), place.launch(place.left, BOTH)
    place.enable(one, EnaSrdEnabled=False)
    assert place.why_not(one, other, "udp") == f"ENA Express is not enabled on {one}"


def test_not_between_zones_types_editions(place: Place) -> None:
    one, far = place.launch(place.left, BOTH), place.launch(place.far, BOTH)
    small, other = place.launch(place.left, kind="m6i.large"), place.launch(place.left, BOTH)
    assert place.why_not(one, far) == f"{one} is in us-east-1a, {far} in us-east-1b"
    assert place.why_not(one, small) == "the instance type m6i.large does not support ENA Express"
    assert (
        place.why_not(one, other, rules="classic") == "the edition 'classic' of the rules has no ENA Express"
    )


def test_not_through_the_internet(place: Place) -> None:
    place.region.gateway(place.vpc)
    one, other = (place.launch(place.left, BOTH, public=True) for _ in range(2))
    assert place.why_not(one, other, public=True) == "the way leads through internet gateways"
    assert place.why_not(one, other) is None


def test_not_through_a_middlebox(place: Place) -> None:
    """One in either direction is enough; inside the subnet it is not on the way."""
    one, near, other = (place.launch(s, BOTH) for s in (place.left, place.near, place.left))
    box, call = place.launch(place.near, TCP), place.region.call
    call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=box, SourceDestCheck={"Value": False})
    table = call("CreateRouteTable", VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    call("AssociateRouteTable", RouteTableId=table, SubnetId=place.left)
    call("CreateRoute", RouteTableId=table, DestinationCidrBlock="10.0.2.0/24", NetworkInterfaceId=box)
    assert place.why_not(one, near) == f"the way leads through {box}"
    assert place.why_not(one, other) is None
    assert place.flow_bps(one, near) == 5e9


def test_an_instance_has_the_bandwidth_of_its_weighting(place: Place) -> None:
    found = {}
    for weighting in ("default", "vpc-1", "ebs-1"):
        options = {"NetworkPerformanceOptions": {"BandwidthWeighting": weighting}}
        one, other = (place.region.launch(place.left, "m8i.24xlarge", **options) for _ in range(2))
        limits = of_pair(place.region.state, place.region.settings, one, other, Traffic("tcp", 20))
        found[weighting] = limits.bps / 1e9
    assert found == {"default": 40, "vpc-1": 50, "ebs-1": 32.5}
