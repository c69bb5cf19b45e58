"""What routers do with objects as they come, change and go, in namespaces of a fake kernel."""

import random
from typing import Any

import pytest

from elastinet.fabric.contract.names import HOP_LINK, HOP_PEER
from elastinet.fabric.contract.objects import AnyObject, GroupRule
from parts import ALL, eni, group, guest, network, table
from unreal_region import UnrealRegion

WEB = GroupRule(6, 80, 80, "0.0.0.0/0")
BASE = (network(), table(), group(ALL))
PAIR = (guest(1), guest(2), eni(1, "10.0.1.10"), eni(2, "10.0.2.10"))


def links(region: UnrealRegion) -> dict[str, Any]:
    return {link.name: link for link in region.space("vpc-1").links.values()}


def test_what_is_put_is_there() -> None:
    region = UnrealRegion(*BASE, *PAIR)
    assert not region.failures
    assert region.is_as_wanted()
    assert len(region.links("vpc-1")) == 2
    for number in (1, 2):
        there = region.space(f"i-{number}")
        assert there.named("eth0").up
        assert len(there.addresses) == 1
        assert len(there.routes) == 3, "the main table's, and its own one's"


def test_nothing_is_done_twice() -> None:
    region = UnrealRegion(*BASE, *PAIR)
    before = region.steps()
    assert not region.change(*BASE, *PAIR)
    assert not region.look()
    assert region.steps() == before


@pytest.mark.parametrize("one_by_one", [True, False])
def test_what_is_removed_is_gone(one_by_one: bool) -> None:
    """In any order nothing of it stays, nor in the guest; what is left is as if it had never been."""
    bare = UnrealRegion(*BASE)
    for seed in range(5):
        region = UnrealRegion(*BASE, *PAIR)
        doomed = random.Random(seed).sample(PAIR, len(PAIR))
        for part in [(item,) for item in doomed] if one_by_one else [tuple(doomed)]:
            assert not region.change(drop=part)
            assert region.is_as_wanted()
        assert region.space("vpc-1").filter == bare.space("vpc-1").filter
        assert links(region).keys() == links(bare).keys() == {"lo", HOP_LINK, HOP_PEER}
        assert region.space("i-1").links.keys() == {1}


def test_the_last_object_s_end_leaves_nothing_but_the_base() -> None:
    region = UnrealRegion(*BASE, *PAIR)
    assert not region.change(drop=(*PAIR, table(), group()))
    assert region.is_as_wanted()


CHANGES: dict[str, tuple[AnyObject, bool]] = {
    "a group's rules": (group(WEB), False),
    "a table's routes": (table(("198.18.0.0/15", "blackhole")), False),
    "an interface's groups": (eni(1, "10.0.1.10", groups=()), False),
    "an interface's addresses": (eni(1, "10.0.1.10", addresses=("10.0.1.10", "10.0.1.11")), False),
    "an interface's check": (eni(1, "10.0.1.10", check=False), False),
    "an attachment": (eni(1, "10.0.1.10", attachment="attach-2"), True),
    "a guest's boot": (guest(1, boot=2), True),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_replaced_is_as_the_new_one_says(what: str) -> None:
    """Little else is touched, and a link is made anew only where it must be."""
    changed, is_new_link = CHANGES[what]
    region = UnrealRegion(*BASE, *PAIR)
    before, steps = links(region), region.steps()
    assert not region.change(changed)
    assert region.is_as_wanted()
    assert steps < region.steps() < 2 * steps
    assert [link is before[name] for name, link in links(region).items()].count(False) == is_new_link


def test_what_changes_back_and_forth_piles_nothing_up() -> None:
    region = UnrealRegion(*BASE, *PAIR)
    before = region.seen("vpc-1").keys()
    for _ in range(3):
        for changed, _ in CHANGES.values():
            assert not region.change(changed)
        assert not region.change(*BASE, *PAIR)
    assert region.seen("vpc-1").keys() == before
    assert region.is_as_wanted()


def test_two_networks_do_not_meet() -> None:
    """Peers' links come and go with their connection; each network has its own only."""
    there = (network("vpc-2"), table(id="rtb-2", network="vpc-2"), group(ALL, id="sg-2", network="vpc-2"))
    away = eni(2, "10.0.2.10", network="vpc-2", table="rtb-2", groups=("sg-2",))
    region = UnrealRegion(*BASE, *there, PAIR[0], PAIR[1], PAIR[2], away)
    assert not region.failures
    assert region.is_as_wanted()
    assert not region.change(drop=(network(), table(), group(), PAIR[2]))
    assert region.is_as_wanted()
    (link,) = region.links("vpc-2")
    assert region.space("i-2").links.keys() == {1, region.space("vpc-2").named(link.name).peer.index}
    assert region.space("i-1").links.keys() == {1}
