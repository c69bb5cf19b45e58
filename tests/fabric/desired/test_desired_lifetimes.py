"""Idle times of a state, as the agent is told them: only where they differ from the network's, and scaled."""

from typing import Any

import pytest

from elastinet.catalog.settings import Settings
from elastinet.fabric.contract import objects
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.objects import IdleTimes
from elastinet.fabric.desired.desired import build
from small_region import Region


def told(region: Region, key: Key, scale: float = 1.0) -> Any:
    return build(region.state, key, Settings(idle_time_scale=scale))


def interface(region: Region, subnet: str, kind: str, **times: int) -> Key:
    made = region.launch(subnet, kind)
    if times:
        asked = {"NetworkInterfaceId": made.id, "ConnectionTrackingSpecification": times}
        region.call("ModifyNetworkInterfaceAttribute", **asked)
    return Key("interface", made.id)


@pytest.mark.parametrize(
    ("kind", "times", "idle"),
    [
        ("c5.large", {}, None),
        ("c5.large", {"TcpEstablishedTimeout": 432_000, "UdpTimeout": 30}, None),
        ("c5.large", {"TcpEstablishedTimeout": 60}, IdleTimes(60, 180, 30)),
        ("c5.large", {"UdpTimeout": 60}, IdleTimes(432_000, 180, 60, entry=(180, 60))),
        ("m8i.large", {}, IdleTimes(350, 180, 30)),
        ("m8i.large", {"TcpEstablishedTimeout": 432_000}, None),
    ],
)
def test_of_an_interface(kind: str, times: dict[str, int], idle: IdleTimes | None) -> None:
    region = Region()
    vpc = region.vpc("10.0.0.0/16")
    key = interface(region, region.subnet(vpc, "10.0.1.0/24"), kind, **times)
    assert told(region, key).idle == idle
    assert told(region, key).early == (idle == IdleTimes(350, 180, 30))
    assert told(region, Key("network", vpc)).idle == IdleTimes(432_000, 180, 30)


def test_scaled() -> None:
    """Whole seconds, and never none."""
    region = Region()
    vpc = region.vpc("10.0.0.0/16")
    subnet = region.subnet(vpc, "10.0.1.0/24")
    late = interface(region, subnet, "c5.large", UdpTimeout=60)
    made = region.call("CreateNatGateway", SubnetId=subnet, ConnectivityType="private")["NatGateway"]
    assert told(region, late, 10).idle == IdleTimes(43_200, 18, 6, entry=(18, 6))
    assert told(region, late, 1000).idle is None, "both are one second"
    network = told(region, Key("network", vpc), 100)
    assert isinstance(network, objects.Network)
    assert (network.idle, network.other_idle, network.early_idle) == (IdleTimes(4320, 2, 1), 6, 4)
    assert told(region, Key("appliance", made["NatGatewayId"]), 100).idle == 4
