"""The limits between two instances, and the one that binds."""

from typing import Any

import pytest

from elastinet.ec2.core.fact import InstanceGone, InstanceRunning
from elastinet.model.interface import NetworkInterface
from elastinet.rules.allowances import AllowanceUnit, flat
from elastinet.rules.path_limits import Limit, PathLimits, Traffic
from elastinet.rules.paths import NoNetworkPath
from elastinet.rules.performance import of_pair
from small_region import HERE, THERE, Region

GIGA = 10**9
BIG = ("c5n.18xlarge", "c5n.18xlarge")


def between(
    region: Region, one: NetworkInterface, other: NetworkInterface, *, public: bool = False, **traffic: Any
) -> PathLimits:
    now = (region.state.need(NetworkInterface, interface.id) for interface in (one, other))
    return of_pair(region.state, region.settings, *now, Traffic(**traffic), public=public)


def binding(region: Region, limits: PathLimits, *interfaces: NetworkInterface) -> tuple[float, list[str]]:
    """What binds, with the instances called by their place."""
    names = {region.instance(interface).id: str(place) for place, interface in enumerate(interfaces)}
    found = []
    for limit in limits.binding:
        head, _, rest = limit.resource.partition(" ")
        found.append(f"{names.get(head, head)} {rest}".strip())
        assert limit.source
    return limits.bps / GIGA, found


def pair(region: Region, *kinds: str, **more: Any) -> list[NetworkInterface]:
    subnet = region.subnet(region.vpc("10.0.0.0/16"), "10.0.1.0/24")
    return [region.launch(subnet, kind, **more) for kind in kinds]


@pytest.mark.parametrize(
    ("kinds", "traffic", "expected"),
    [
        (("c5.large", "c5n.18xlarge"), {}, (5, ["flow"])),
        (("c5.large", "c5n.18xlarge"), {"connections": 4}, (10, ["0 out"])),
        (("c5n.18xlarge", "c5.large"), {"connections": 4}, (10, ["1 in"])),
        (("c5.large", "c5.large"), {"connections": 2}, (10, ["flow", "0 out", "1 in"])),
        (("c5n.18xlarge", "c5n.18xlarge"), {"connections": 4}, (20, ["flow"])),
        (("c5n.18xlarge", "c5n.18xlarge"), {"transport": "mptcp", "subflows": 4}, (20, ["flow"])),
        (
            ("c5n.18xlarge", "c5n.18xlarge"),
            {"connections": 40},
            (100, ["0 out", "0 NIC 0 out", "1 in", "1 NIC 0 in"]),
        ),
        (("t2.micro", "c5n.18xlarge"), {"transport": "udp"}, (1.024, ["0 out"])),
        (("c3.8xlarge", "c5n.18xlarge"), {"connections": 9}, (10, ["0 out", "0 NIC 0 out"])),
    ],
)
def test_inside_a_vpc(
    kinds: tuple[str, str], traffic: dict[str, Any], expected: tuple[float, list[str]]
) -> None:
    region = Region()
    ends = pair(region, *kinds)
    assert binding(region, between(region, *ends, **traffic), *ends) == expected


def test_one_of_several_cards() -> None:
    region = Region("2026")
    ends = pair(region, "c6in.32xlarge", "c6in.32xlarge")
    assert binding(region, between(region, *ends, connections=99), *ends) == (
        170,
        ["0 card 0 out", "1 card 0 in"],
    )


def test_in_a_cluster_group() -> None:
    region = Region()
    region.call("CreatePlacementGroup", GroupName="near", Strategy="cluster")
    ends = pair(region, "c5n.18xlarge", "c5n.18xlarge", Placement={"GroupName": "near"}, public=True)
    assert between(region, *ends).bps == 10 * GIGA
    region.gateway(ends[0].vpc_id)
    assert binding(region, between(region, *ends, public=True), *ends)[0] == 5
    alone = pair(region, "c5n.18xlarge", "c5n.18xlarge")
    assert between(region, *alone).bps == 5 * GIGA


@pytest.mark.parametrize(
    ("rules", "expected"),
    [("classic", (5, ["0 gateway out", "1 gateway in"])), ("2026", (10, ["0 gateway out"]))],
)
def test_through_internet_gateways(rules: str, expected: tuple[float, list[str]]) -> None:
    region = Region(rules)
    ends = pair(region, "m5.16xlarge", "c5n.18xlarge", public=True)
    region.gateway(ends[0].vpc_id)
    found = between(region, *ends, connections=99, public=True)
    assert binding(region, found, *ends) == expected
    assert found.mtu == 1500


@pytest.mark.parametrize("rules", ["classic", "2026"])
def test_between_regions(rules: str) -> None:
    region = Region(rules)
    left, right = region.vpc("10.1.0.0/16"), region.vpc("10.2.0.0/16", THERE)
    here, there = region.subnet(left, "10.1.1.0/24"), region.subnet(right, "10.2.1.0/24", THERE)
    peering = region.peer(left, right, HERE, THERE)
    region.route(left, "10.2.0.0/16", VpcPeeringConnectionId=peering)
    region.route(right, "10.1.0.0/16", THERE, VpcPeeringConnectionId=peering)
    one, two = (region.launch(here, "c5n.18xlarge") for _ in range(2))
    other = region.launch(there, "c5n.18xlarge", THERE)
    found = [between(region, *ends, connections=9) for ends in ((one, other), (two, other), (other, one))]
    resources = [
        {limit.resource for limit in limits.shared if limit.resource.startswith("pcx-")} for limits in found
    ]
    if rules == "2026":
        assert resources == [set()] * 3
        assert found[0].bps == 45 * GIGA
    else:
        assert resources == [
            {f"{peering} from {left}"},
            {f"{peering} from {left}"},
            {f"{peering} from {right}"},
        ]
        assert binding(region, found[0], one, other) == (5, [f"{peering} from {left}"])
    assert found[0].mtu == 8500


def test_an_instance_s_interfaces_share_its_limits() -> None:
    region = Region()
    one, other = pair(region, "c5.large", "c5n.18xlarge")
    made = region.call("CreateNetworkInterface", SubnetId=one.subnet_id)["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    region.call(
        "AttachNetworkInterface", NetworkInterfaceId=made, InstanceId=region.instance(one).id, DeviceIndex=1
    )
    second = region.state.need(NetworkInterface, made)
    assert between(region, one, other) == between(region, second, other)


@pytest.mark.parametrize(
    ("transport", "public", "expected"),
    [
        ("tcp", False, 8949 / 9015),
        ("tcp", True, 1448 / 1514),
        ("udp", False, 8973 / 9015),
        ("udp", True, 1472 / 1514),
        ("mptcp", True, 1424 / 1514),
    ],
)
def test_goodput(transport: Any, public: bool, expected: float) -> None:
    region = Region()
    ends = pair(region, "c5.large", "c5.large", public=True)
    region.gateway(ends[0].vpc_id)
    assert between(region, *ends, transport=transport, public=public).goodput == pytest.approx(
        expected, rel=1e-12
    )


def test_efa_has_no_limit_for_a_flow() -> None:
    region = Region()
    ends = pair(region, *BIG)
    with pytest.raises(NoNetworkPath, match=f"{ends[0].id} is no EFA"):
        between(region, *ends, transport="efa")
    with pytest.raises(NoNetworkPath, match="is not routed"):
        between(region, *pair(region, *BIG, interface_type="efa", public=True), transport="efa", public=True)
    ends = pair(region, *BIG, interface_type="efa")
    found = binding(region, between(region, *ends, transport="efa"), *ends)
    assert found == (100, ["0 out", "0 NIC of EFA out", "1 in", "1 NIC of EFA in"])


@pytest.mark.parametrize(("rules", "scope"), [("classic", "one subnet"), ("2026", "one VPC and one zone")])
def test_how_far_efa_reaches(rules: str, scope: str) -> None:
    region = Region(rules)
    (here,) = pair(region, BIG[0], interface_type="efa")
    beside = region.subnet(here.vpc_id, "10.0.2.0/24")
    too_far = [region.subnet(here.vpc_id, "10.0.3.0/24", zone="b"), other_vpc(region)]
    if rules == "2026":
        other = region.launch(beside, BIG[0], interface_type="efa")
        assert between(region, here, other, transport="efa").bps == 100 * GIGA
    else:
        too_far.append(beside)
    for where in too_far:
        with pytest.raises(NoNetworkPath, match=scope):
            between(region, here, region.launch(where, BIG[0], interface_type="efa"), transport="efa")


def test_all_efas_of_an_instance_send_together() -> None:
    region = Region("2026")
    one, other = pair(region, "p4d.24xlarge", "p4d.24xlarge", interface_type="efa")
    found = between(region, one, other, transport="efa")
    assert binding(region, found, one, other) == (100, ["0 EFA out", "1 EFA in"])
    ends = [efa_only(region, end, end.subnet_id, card=1) for end in (one, other)]
    assert between(region, *ends, transport="efa").bps == 200 * GIGA
    assert between(region, *ends, transport="efa") == between(region, one, other, transport="efa")


def test_p4d_keeps_to_itself() -> None:
    region = Region("2026")
    ends = pair(region, "p4d.24xlarge", "c5n.18xlarge", interface_type="efa")
    with pytest.raises(NoNetworkPath, match=r"EFAs of p4d.24xlarge and c5n.18xlarge do not talk"):
        between(region, *ends, transport="efa")


def other_vpc(region: Region) -> str:
    return region.subnet(region.vpc("10.9.0.0/16"), "10.9.1.0/24")


def test_efa_needs_no_address_and_no_route() -> None:
    """An EFA-only interface has neither; by IP nothing goes to it."""
    region = Region("2026")
    ends = pair(region, *BIG)
    far = region.subnet(ends[0].vpc_id, "10.0.2.0/24")
    made = [efa_only(region, end, subnet) for end, subnet in zip(ends, (ends[0].subnet_id, far), strict=True)]
    assert between(region, *made, transport="efa").bps == 100 * GIGA
    for transport in ("tcp", "udp"):
        with pytest.raises(NoNetworkPath, match=f"{made[1].id} is EFA-only and has no address"):
            between(region, ends[0], made[1], transport=transport)


def efa_only(region: Region, beside: NetworkInterface, subnet: str, *, card: int = 0) -> NetworkInterface:
    """An EFA-only interface in the instance of another one."""
    asked = {"SubnetId": subnet, "InterfaceType": "efa-only"}
    id = region.call("CreateNetworkInterface", **asked)["NetworkInterface"]["NetworkInterfaceId"]
    instance = region.instance(beside)
    region.call("StopInstances", InstanceIds=[instance.id])
    region.engine.report(*instance.scope, InstanceGone(instance.id, True))
    region.call(
        "AttachNetworkInterface",
        NetworkInterfaceId=id,
        InstanceId=instance.id,
        DeviceIndex=1,
        NetworkCardIndex=card,
    )
    region.call("StartInstances", InstanceIds=[instance.id])
    region.engine.report(*instance.scope, InstanceRunning(instance.id, 2))
    return region.state.need(NetworkInterface, id)


def test_a_limit_in_packets_lets_through_what_its_frames_hold() -> None:
    """10,000 packets a second are 720 Mbit/s of 9,015 bytes, and 121 Mbit/s of 1,514."""
    region = Region()
    large = between(region, *pair(region, *BIG), connections=40)
    limit = Limit("i-1 out", flat(10_000, AllowanceUnit.PACKETS), "AWS publishes none")
    for mtu in (9001, 1500):
        found = large._replace(shared=(*large.shared, limit), mtu=mtu)
        assert found.bps == pytest.approx(10_000 * (mtu + 14) * 8)
        assert found.binding == (limit,)
        assert limit.as_json() == {
            "resource": "i-1 out", "baseline_pps": 10_000, "peak_pps": 10_000, "credit_packets": 0,
            "source": "AWS publishes none",
        }  # fmt: skip
    many = large._replace(
        shared=(*large.shared, limit._replace(allowance=flat(10**9, AllowanceUnit.PACKETS)))
    )
    assert many.binding == large.binding


def test_connections_are_no_rate() -> None:
    limit = Limit("i-1 out", flat(10_000, AllowanceUnit.CONNECTIONS), "AWS publishes none")
    with pytest.raises(ValueError, match="no rate"):
        limit.bps(1500)


def test_through_a_nat_gateway_its_own_limit_is_in_force() -> None:
    region = Region()
    left, right = region.vpc("10.1.0.0/16"), region.vpc("10.2.0.0/16")
    inner, outer = region.subnet(left, "10.1.1.0/24"), region.subnet(left, "10.1.2.0/24")
    one = region.launch(inner, "c5n.18xlarge")
    other = region.launch(region.subnet(right, "10.2.1.0/24"), "c5n.18xlarge", public=True)
    for vpc in (left, right):
        region.gateway(vpc)
    address = region.call("AllocateAddress")["AllocationId"]
    nat = region.call("CreateNatGateway", SubnetId=outer, AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = region.call("CreateRouteTable", VpcId=left)["RouteTable"]["RouteTableId"]
    region.call("AssociateRouteTable", RouteTableId=table, SubnetId=inner)
    region.call("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    found = between(region, one, other, connections=9)
    resources = [limit.resource.partition(" ")[2] for limit in found.shared if "gateway" in limit.resource]
    assert (resources, found.mtu) == (["gateway in"], 1500)
    assert [limit.bps(1500) for limit in found.shared if limit.resource == f"{nat} out"] == [100 * GIGA]
    assert binding(region, found, one, other) == (5, ["1 gateway in"])
