"""The limit of one flow: what a pair is told and what a router is told are the same."""

from itertools import permutations, product
from typing import Any

import pytest

from elastinet.catalog.settings import Edition
from elastinet.ec2.core.fact import InstanceGone
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.desired.desired import build
from elastinet.model.interface import NetworkInterface
from elastinet.rules import flow_limits
from elastinet.rules.frames import Transport
from elastinet.rules.paths import path
from small_region import HERE, OWNER, Region

TCP = {"EnaSrdEnabled": True}
BOTH = TCP | {"EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": True}}
KIND = "m6i.8xlarge"
GENERAL, CLUSTER, EXPRESS = 5, 10, 25


class Place:
    """Instances with and without ENA Express, in and out of a cluster placement group, in two zones."""

    def __init__(self, rules: Edition) -> None:
        self.region = region = Region(rules)
        vpc = region.vpc("10.0.0.0/16")
        zones = [region.subnet(vpc, f"10.0.{n}.0/24", zone=zone) for n, zone in enumerate("aab")]
        region.call("CreatePlacementGroup", GroupName="close", Strategy="cluster")
        specs: list[Any] = [None, BOTH, TCP, BOTH]
        close = {"Placement": {"GroupName": "close"}}
        self.interfaces = [
            *(self._launch(zones[0], spec) for spec in specs),
            *(self._launch(zones[1], spec, **close) for spec in (None, BOTH)),
            self._launch(zones[2], BOTH),
        ]

    def _launch(self, subnet: str, spec: Any, **more: Any) -> str:
        made = self.region.launch(subnet, KIND, **more).id
        if spec and self.region.settings.rules == "2026":
            self.region.call(
                "ModifyNetworkInterfaceAttribute", NetworkInterfaceId=made, EnaSrdSpecification=spec
            )
        return made

    def pairs(self) -> list[tuple[NetworkInterface, NetworkInterface]]:
        now = [self.region.state.need(NetworkInterface, id) for id in self.interfaces]
        return list(permutations(now, 2))

    def of_pair(self, one: NetworkInterface, other: NetworkInterface, transport: Transport) -> float:
        way = path(self.region.state, one, other)
        rules = self.region.settings.rules
        return flow_limits.between(self.region.state, rules, one, other, way, transport).value / 1e9

    def of_router(self, one: NetworkInterface, other: NetworkInterface, protocol: int) -> float:
        """The first limit in the desired network that speaks of a packet, as a router asks them."""
        settings, state = self.region.settings, self.region.state
        wanted: Any = build(state, Key("bandwidth", self.region.instance(one).id), settings)
        for limit in wanted.nearer:
            near: Any = build(state, Key("near", limit.near), settings)
            speaks = protocol in (limit.protocols or (protocol,))
            if speaks and one.id in (limit.interfaces or (one.id,)) and other.primary in near.addresses:
                return limit.flow_bps / 1e9
        return wanted.flow_bps / 1e9


@pytest.mark.parametrize("rules", ["classic", "2026"])
def test_a_pair_and_its_router_are_told_the_same(rules: Edition) -> None:
    place = Place(rules)
    seen = set()
    for (one, other), (transport, protocol) in product(place.pairs(), (("tcp", 6), ("udp", 17))):
        found = place.of_pair(one, other, transport)  # type: ignore[arg-type]
        assert place.of_router(one, other, protocol) == found, (one.id, other.id, transport)
        seen.add(found)
    assert seen == ({GENERAL, CLUSTER} if rules == "classic" else {GENERAL, CLUSTER, EXPRESS})


def test_what_stops_is_no_peer() -> None:
    place = Place("2026")
    group = place.region.instance(place.region.state.need(NetworkInterface, place.interfaces[4]))
    name = group.placement_group or ""
    assert {i.id for i in flow_limits.peers(place.region.state, name)[1]} == set(place.interfaces[4:6])
    place.region.call("StopInstances", InstanceIds=[group.id])
    place.region.engine.report(OWNER, HERE, InstanceGone(group.id, True))
    assert {i.id for i in flow_limits.peers(place.region.state, name)[1]} == {place.interfaces[5]}


def test_an_edition_without_express_ignores_it() -> None:
    assert flow_limits.figure("classic", express=True).value == 5e9
    assert flow_limits.figure("classic", express=True, clustered=True).value == 10e9
    assert flow_limits.figure("2026", express=True, clustered=True).value == 25e9
