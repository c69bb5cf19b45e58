"""Who goes past the kernel by EFA: each condition by itself, and that nobody shares memory who may not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastinet.catalog.images import images
from elastinet.model.instance import Instance
from elastinet.rules.efa import bypass
from elastinet.rules.interfaces import instance_id_of
from small_region import OWNER, Region

C5N, P4D = "c5n.18xlarge", "p4d.24xlarge"


class Place:
    """A VPC with two subnets in one zone and one in another, a second VPC, and groups with a rule of their own."""

    def __init__(self, rules: Any = "classic") -> None:
        self.region = Region(rules)
        self.rules = rules
        self.vpc = self.region.vpc("10.0.0.0/16")
        self.left, self.near = (self.region.subnet(self.vpc, f"10.0.{n}.0/24") for n in (1, 2))
        self.far = self.region.subnet(self.vpc, "10.0.3.0/24", zone="b")
        self.group = self.open_group("open")

    def open_group(self, name: str) -> str:
        """A group that lets all in and out to itself."""
        asked = {"GroupName": name, "Description": "d", "VpcId": self.vpc}
        group = self.region.call("CreateSecurityGroup", **asked)["GroupId"]
        for way in ("Ingress", "Egress"):
            self.rule(way, group)
        return str(group)

    def rule(self, way: str, group: str, verb: str = "Authorize", protocol: str = "-1") -> None:
        own = {"IpProtocol": protocol, "UserIdGroupPairs": [{"GroupId": group, "UserId": OWNER}]}
        if protocol == "tcp":
            own |= {"FromPort": 1, "ToPort": 65535}
        self.region.call(f"{verb}SecurityGroup{way}", GroupId=group, IpPermissions=[own])

    def launch(self, subnet: str, *groups: str, kind: str = C5N, efa: bool = True, **more: Any) -> str:
        """A running instance, with an EFA if it is to have one."""
        interface = self.region.launch(subnet, kind, interface_type="efa" if efa else "interface", **more)
        asked = {"NetworkInterfaceId": interface.id, "Groups": list(groups or [self.group])}
        self.region.call("ModifyNetworkInterfaceAttribute", **asked)
        return instance_id_of(interface) or ""

    def launch_two(self, first: tuple[str, str], second: tuple[str, str]) -> str:
        """A running instance with an EFA on each of two cards, in a subnet and a group each."""
        cards = [
            {
                "DeviceIndex": card,
                "NetworkCardIndex": card,
                "SubnetId": subnet,
                "Groups": [group],
                "InterfaceType": "efa",
            }
            for card, (subnet, group) in enumerate((first, second))
        ]
        return instance_id_of(self.region.launch("", P4D, NetworkInterfaces=cards)) or ""

    def instance(self, id: str) -> Instance:
        return self.region.state.need(Instance, id)

    def fault(self, one: str, other: str) -> str | None:
        """The first reason why not, whichever of the two is named first."""
        ends = self.instance(one), self.instance(other)
        found = {bypass.why_not(self.region.state, *pair, self.rules) for pair in (ends, ends[::-1])}
        assert len({bool(fault) for fault in found}) == 1
        return bypass.why_not(self.region.state, *ends, self.rules)

    def memory(self, id: str) -> str | None:
        return bypass.memory(self.region.state, self.instance(id), self.rules)


@pytest.fixture
def place() -> Place:
    return Place()


def test_two_that_may(place: Place) -> None:
    one, other = (place.launch(place.left) for _ in range(2))
    assert place.fault(one, other) is None
    assert place.memory(one) == place.memory(other) == f"{place.left}+{place.group}"


def test_one_without_efa(place: Place) -> None:
    one, other = place.launch(place.left), place.launch(place.left, efa=False)
    assert place.fault(one, other) == f"{other} has no EFA"
    assert place.memory(other) is None


def test_one_that_does_not_run(place: Place) -> None:
    one, other = (place.launch(place.left) for _ in range(2))
    place.region.call("StopInstances", InstanceIds=[other])
    assert place.fault(one, other) in (f"{other} is stopping", f"{other} is stopped")
    assert place.memory(other) == ""


def test_one_that_runs_windows(place: Place) -> None:
    image = next(i.id for i in images("us-east-1", ()).values() if i.platform)
    one, other = place.launch(place.left), place.launch(place.left, ImageId=image)
    assert place.fault(one, other) == f"{other} runs Windows, where an EFA is an ENA only"
    assert place.memory(other) == ""


def test_types_that_talk_apart(place: Place) -> None:
    one, other, third = (place.launch(place.left, kind=kind) for kind in (P4D, C5N, P4D))
    names = f"{one} is a {P4D}, {other} a {C5N}"
    assert place.fault(one, other) == f"EFAs of P4d, P4de and DL1 talk to each other only: {names}"
    assert place.fault(one, third) is None
    assert place.memory(one) == place.memory(third) != place.memory(other)


def test_the_scope_of_an_edition(place: Place) -> None:
    one, other = place.launch(place.left), place.launch(place.near)
    assert "EFA stays in one subnet" in (place.fault(one, other) or "")
    today = Place("2026")
    one, near, far = (today.launch(subnet) for subnet in (today.left, today.near, today.far))
    assert today.fault(one, near) is None
    assert "EFA stays in one VPC and one zone" in (today.fault(one, far) or "")
    assert today.memory(one) == today.memory(near) != today.memory(far)


@pytest.mark.parametrize("way", ["Ingress", "Egress"])
def test_all_in_and_all_out_and_to_itself(place: Place, way: str) -> None:
    """All out to 0.0.0.0/0, which every new group has, is not enough, nor are all ports of TCP."""
    one, other = (place.launch(place.left) for _ in range(2))
    place.rule(way, place.group, "Revoke")
    place.rule(way, place.group, protocol="tcp")
    assert place.fault(one, other) == f"{place.group} does not let all traffic in from and out to itself"
    assert place.memory(one) == ""
    place.rule(way, place.group)
    assert place.fault(one, other) is None


def test_groups_that_are_not_the_same(place: Place) -> None:
    second = place.open_group("second")
    one, other = place.launch(place.left), place.launch(place.left, second)
    assert "no security group in common" in (place.fault(one, other) or "")
    assert place.memory(one) != place.memory(other)


def test_memories_that_overlap(place: Place) -> None:
    """One may with both, but they not with each other: it goes by the order of its groups."""
    second = place.open_group("second")
    one = place.launch(place.left, place.group, second)
    first, other = place.launch(place.left), place.launch(place.left, second)
    assert place.fault(one, first) is None
    assert place.fault(one, other) == (
        f"{one} shares memory with {place.left}, {place.group}, {other} with {place.left}, {second}"
    )


def test_the_same_two_efas_have_reach_and_group() -> None:
    """Two in one subnet and two in one group are not enough: several EFAs are of the edition 2026, and outlast it."""
    place = Place("2026")
    one_group, second, third = (place.open_group(name) for name in ("one", "two", "three"))
    one = place.launch_two((place.left, one_group), (place.near, second))
    other = place.launch_two((place.left, second), (place.near, third))
    assert "shares memory" in (place.fault(one, other) or "")
    place.rules = "classic"
    assert place.fault(one, other) == f"the EFAs of {one} and {other} have no security group in common"
    assert place.memory(one) != place.memory(other)


ONE = st.fixed_dictionaries({
    "subnet": st.sampled_from(("left", "near", "far")),
    "groups": st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True),
    "kind": st.sampled_from((C5N, P4D)),
    "efa": st.booleans(),
    "second": st.none() | st.tuples(st.sampled_from(("left", "near")), st.integers(0, 2)),
})  # fmt: skip


def launched(place: Place, groups: list[str], wanted: dict[str, Any]) -> str:
    """One of these: with `second` a P4d with another EFA, where both are in one zone."""
    subnet, own = getattr(place, wanted["subnet"]), [groups[n] for n in wanted["groups"]]
    if wanted["second"] and wanted["subnet"] != "far":
        name, group = wanted["second"]
        return place.launch_two((subnet, own[0]), (getattr(place, name), groups[group]))
    return place.launch(subnet, *own, kind=wanted["kind"], efa=wanted["efa"])


@given(
    st.sampled_from(("classic", "2026")), st.lists(ONE, min_size=2, max_size=5), st.sets(st.integers(0, 5))
)
def test_nobody_shares_memory_who_may_not(
    rules: str, wanted: list[dict[str, Any]], lacking: set[int]
) -> None:
    place = Place("2026")  # which has instances with several EFAs; they are there under the other one, too
    place.rules = rules
    groups = [place.group, place.open_group("one"), place.open_group("two")]
    for number in lacking:
        place.rule(("Ingress", "Egress")[number % 2], groups[number // 2], "Revoke")
    ids = [launched(place, groups, one) for one in wanted]
    for one in ids:
        for other in ids:
            if one != other:
                together = bool(place.memory(one)) and place.memory(one) == place.memory(other)
                assert together == (place.fault(one, other) is None)
