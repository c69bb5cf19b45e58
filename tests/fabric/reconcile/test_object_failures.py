"""One object that cannot be made: the others are, it is said which one, and it is made as soon as it can be."""

from elastinet.fabric.contract.names import HOP_LINK, HOP_PEER
from elastinet.fabric.router.router import Failures
from fake_kernel import FakeLink
from parts import ALL, eni, group, guest, network, table
from unreal_region import UnrealRegion

BASE = (network(), table(), group(ALL), guest(1), guest(2))
ROUTERS = len({"lo", HOP_LINK, HOP_PEER})
FIRST, SECOND = eni(1, "10.0.1.10"), eni(2, "10.0.2.10")


def owners(region: UnrealRegion, failures: Failures) -> set[str]:
    return {region.plan.owners["vpc-1"][identity] for identity in failures}


def test_a_name_that_a_guest_has_taken() -> None:
    """The guest's root has a device of that name already: only this interface fails, until it is gone."""
    region = UnrealRegion(*BASE)
    guests = region.space("i-2")
    taken = FakeLink(guests, "eth0", 50, bytes(6), bytes(4))
    guests.join(taken)
    failures = region.change(FIRST, SECOND)
    assert owners(region, failures) == {SECOND.key}
    assert "File exists" in {why for identity, why in failures.items() if identity[0] == "link"}
    assert len(region.space("vpc-1").links) == ROUTERS + 1, "the first one's"
    assert region.space("i-1").addresses
    again = region.converge()
    assert again.keys() == failures.keys(), "it is tried again each time"
    guests.drop(taken)
    assert not region.converge()
    assert region.is_as_wanted()
    assert guests.addresses


def test_a_filter_that_is_refused() -> None:
    """Somebody has put another verdict for the second one's link: the first one is not kept waiting."""
    region = UnrealRegion(*BASE, FIRST)
    (link,) = region.links("vpc-1")
    filter = region.space("vpc-1").filter
    of_links = ((n, s) for n, s in filter.sets.items() if str(link.index) in s.elements)
    name, found = next((n, s) for n, s in of_links if "verdict" in s.definition)  # no two links have one
    index = region.plan.view.numbers.link(SECOND.id)
    found.elements[str(index)] = next(v for v in found.elements.values())
    chains = len(filter.chains)
    failures = region.change(SECOND, group(ALL, ALL, id="sg-3"))
    assert owners(region, failures) == {SECOND.key}
    assert ("element", name, str(index)) in failures
    assert "File exists" in set(failures.values()).pop()
    assert len(filter.chains) > chains, "the new group's are there"
    del filter.sets[name].elements[str(index)]
    assert not region.converge()
    assert region.is_as_wanted()


def test_what_failed_and_is_wanted_no_more() -> None:
    region = UnrealRegion(*BASE, FIRST)
    there = region.space("i-2")
    there.join(FakeLink(there, "eth0", 50, bytes(6), bytes(4)))
    assert region.change(SECOND)
    assert not region.change(drop=(SECOND,))
    assert region.is_as_wanted()


def test_a_guest_that_is_on_its_way_out() -> None:
    """Its namespace's descriptor is closed already: no link is made, and others are."""
    region = UnrealRegion(*BASE, FIRST)
    region.numbers["i-2"], kept = 1000, region.numbers["i-2"]
    failures = region.change(SECOND)
    assert owners(region, failures) == {SECOND.key}
    assert len(region.space("vpc-1").links) == ROUTERS + 1
    region.numbers["i-2"] = kept
    assert not region.converge()
    assert region.is_as_wanted()
