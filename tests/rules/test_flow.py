"""The limit of one flow, by where two instances are."""

from typing import Any

import pytest

from elastinet.ec2.core.fact import InstanceGone, InstanceRunning
from elastinet.model.interface import NetworkInterface
from elastinet.rules.path_limits import Traffic
from elastinet.rules.performance import of_pair
from small_region import Region

GIGA = 10**9
GROUPS = {"near": "cluster", "other": "cluster", "apart": "spread"}
Place = tuple[str, str | None]
"""A type, and the placement group that it is in."""


class Groups:
    """A region with a subnet and three placement groups."""

    def __init__(self, rules: str = "classic") -> None:
        self.region = Region(rules)
        self.subnet = self.region.subnet(self.region.vpc("10.0.0.0/16"), "10.0.1.0/24")
        for name, strategy in GROUPS.items():
            self.region.call("CreatePlacementGroup", GroupName=name, Strategy=strategy)

    def launch(self, kind: str, group: str | None) -> NetworkInterface:
        where = {"Placement": {"GroupName": group}} if group else {}
        return self.region.launch(self.subnet, kind, **where)

    def flow_bps(self, *ends: NetworkInterface) -> int:
        """What one flow carries from an interface to another, and back."""
        state, settings = self.region.state, self.region.settings
        one, other = (state.need(NetworkInterface, end.id) for end in ends)
        there, back = (
            of_pair(state, settings, *pair, Traffic()).bps for pair in ((one, other), (other, one))
        )
        assert there == back
        return there

    def mediate(self, end: NetworkInterface) -> None:
        """Take an instance's enhanced networking away."""
        instance = self.region.instance(end)
        self.region.call("StopInstances", InstanceIds=[instance.id])
        self.region.engine.report(*instance.scope, InstanceGone(instance.id, True))
        off: dict[str, Any] = {"EnaSupport": {"Value": False}}
        self.region.call("ModifyInstanceAttribute", InstanceId=instance.id, **off)
        self.region.call("StartInstances", InstanceIds=[instance.id])
        self.region.engine.report(*instance.scope, InstanceRunning(instance.id, 2))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("c5n.18xlarge", None), ("c5n.18xlarge", None), 5),
        (("c5n.18xlarge", "near"), ("c5n.18xlarge", "near"), 10),
        (("c5n.18xlarge", "near"), ("c5n.18xlarge", "other"), 5),
        (("c5n.18xlarge", "apart"), ("c5n.18xlarge", "apart"), 5),
        (("c5n.18xlarge", "near"), ("c5n.18xlarge", None), 5),
        (("t2.micro", None), ("c5n.18xlarge", None), 1.024),
    ],
)
@pytest.mark.parametrize("rules", ["classic", "2026"])
def test_flow(one: Place, other: Place, rules: str, expected: float) -> None:
    groups = Groups(rules)
    assert groups.flow_bps(groups.launch(*one), groups.launch(*other)) == expected * GIGA


def test_ena_express_is_above_a_cluster_group() -> None:
    groups = Groups("2026")
    ends = [groups.launch("c6in.32xlarge", "near") for _ in range(2)]
    assert groups.flow_bps(*ends) == 10 * GIGA
    for end in ends:
        on: dict[str, Any] = {"EnaSrdSpecification": {"EnaSrdEnabled": True}}
        groups.region.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=end.id, **on)
    assert groups.flow_bps(*ends) == 25 * GIGA


def test_a_cluster_group_helps_enhanced_networking_only() -> None:
    groups = Groups()
    one, other, third = (groups.launch("m4.16xlarge", "near") for _ in range(3))
    groups.mediate(third)
    assert groups.flow_bps(one, other) == 10 * GIGA
    assert groups.flow_bps(one, third) == 5 * GIGA
