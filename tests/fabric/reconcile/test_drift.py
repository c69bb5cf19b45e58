"""What somebody changes by hand in a router's namespace is found and put back; a fake kernel's, but for its hands."""

from collections.abc import Callable
from socket import AF_INET

import pytest

from elastinet.fabric.compile.items import LinkAddress, Neighbour, PolicyRule, RouteItem
from elastinet.fabric.contract.names import FIRST_INDEX, HOP_INDEX, HOP_LINK, ROUTER_MAC
from elastinet.fabric.kernel import rtnl
from fake_kernel import FakeDoors, FakeLink, FakeSpace
from kernel_script import down
from parts import ALL, eni, group, guest, network, table
from unreal_region import UnrealRegion

REGION = (
    network(), table(("198.18.0.0/15", "blackhole")), group(ALL),
    guest(1), guest(2), eni(1, "10.0.1.10"), eni(2, "10.0.2.10"),
)  # fmt: skip
STRANGER = bytes.fromhex("0200000000ff")


@pytest.fixture
def region() -> UnrealRegion:
    made = UnrealRegion(*REGION)
    assert not made.failures
    return made


def first(space: FakeSpace) -> FakeLink:
    """One of the two interfaces' links."""
    return min(of_interfaces(space), key=lambda link: link.name)


def of_interfaces(space: FakeSpace) -> list[FakeLink]:
    return [link for link in space.links.values() if link.index >= FIRST_INDEX]


def delete_the_pair(space: FakeSpace) -> None:
    space.drop(space.links[HOP_INDEX])


def delete_link(space: FakeSpace) -> None:
    space.drop(first(space))


def set_down(region: UnrealRegion) -> None:
    doors = FakeDoors(region.kernel, region.numbers["vpc-1"])
    assert doors.netlink().send([down(first(doors.space).index)]) == [None]


def by_hand(work: Callable[[FakeSpace], object]) -> Callable[[UnrealRegion], object]:
    return lambda region: work(region.space("vpc-1"))


def removes(kind: type) -> Callable[[UnrealRegion], object]:
    """Take away the first thing of a kind, by the message that does it."""

    def work(region: UnrealRegion) -> None:
        doors = FakeDoors(region.kernel, region.numbers["vpc-1"])
        item = next(region.items("vpc-1", kind))
        assert doors.netlink().send(rtnl.remove(item, doors.index)) == [None]

    return work


def commands(*lines: str) -> Callable[[UnrealRegion], object]:
    def work(region: UnrealRegion) -> None:
        assert region.space("vpc-1").filter.run("\n".join(lines)) is None

    return work


def other_mac(space: FakeSpace) -> None:
    space.neighbours[next(iter(space.neighbours))] = STRANGER


def other_way(space: FakeSpace) -> None:
    key = next(key for key, route in space.routes.items() if route.link == first(space).index)
    (other,) = {link.index for link in of_interfaces(space)} - {first(space).index}
    space.routes[key].found[4] = other.to_bytes(4, "little")


def lose_elements(space: FakeSpace) -> None:
    for found in space.filter.sets.values():
        found.elements.clear()


def lose_everything(space: FakeSpace) -> None:
    space.filter.tables, space.filter.chains, space.filter.sets = set(), {}, {}
    space.rules.clear()
    space.addresses.clear()


HARM: dict[str, Callable[[UnrealRegion], object]] = {
    "a link is deleted": by_hand(delete_link),
    "the router's own pair is deleted": by_hand(delete_the_pair),
    "the router's own pair has another MTU": by_hand(
        lambda space: setattr(space.links[HOP_INDEX], "mtu", bytes(4))
    ),
    "ARP tells the router's MAC": commands("flush chain arp elastinet answer"),
    "a link is set down": set_down,
    "a link has another alias": by_hand(lambda space: setattr(first(space), "alias", b"mine")),
    "a link has another MTU": by_hand(lambda space: setattr(first(space), "mtu", bytes(4))),
    "a link looks like ours": by_hand(
        lambda space: space.join(
            FakeLink(space, "odd", 77, bytes.fromhex(ROUTER_MAC.replace(":", "")), bytes(4))
        )
    ),
    "an address is removed": removes(LinkAddress),
    "an address is added": by_hand(
        lambda space: space.addresses.append((AF_INET, 24, first(space).index, bytes((10, 9, 9, 9))))
    ),
    "a neighbour is removed": removes(Neighbour),
    "a neighbour has another MAC": by_hand(other_mac),
    "a route is removed": removes(RouteItem),
    "a route leads elsewhere": by_hand(other_way),
    "a policy rule is removed": removes(PolicyRule),
    "a rule is added": commands("add rule inet elastinet receive accept"),
    "a chain is emptied": commands("flush chain inet elastinet receive"),
    "a chain is added": commands("add chain inet elastinet mine {  }"),
    "all elements are lost": by_hand(lose_elements),
    "nearly everything is lost": by_hand(lose_everything),
}


@pytest.mark.parametrize("what", HARM)
def test_it_is_put_back(region: UnrealRegion, what: str) -> None:
    """As soon as the router looks; and then there is nothing more to do."""
    HARM[what](region)
    before = region.steps()
    assert not region.converge(), "it has not looked"
    assert region.steps() == before
    assert not region.is_as_wanted()
    assert not region.converge()
    assert region.is_as_wanted()
    settled = region.steps()
    assert not region.look()
    assert region.steps() == settled


def test_a_link_that_was_lost_comes_back_as_another(region: UnrealRegion) -> None:
    """The guest's end is new, too: it has its address again, and the agent hears of it."""
    router = region.routers["vpc-1"]
    assert {alias: births for alias, (_, births) in router.record.take_news().items()} == {
        "eni-1": 1,
        "eni-2": 1,
        HOP_LINK: 1,
    }
    delete_link(region.space("vpc-1"))
    lost = next(id for id in ("i-1", "i-2") if not region.space(id).named("eth0"))
    assert not region.look()
    assert region.space(lost).addresses
    ((alias, (_, births)),) = router.record.take_news().items()
    assert (alias[-1], births) == (lost[-1], 2)


def test_what_is_wanted_no_more_goes_though_it_was_changed(region: UnrealRegion) -> None:
    """A link that somebody has deleted is no obstacle to its object's end."""
    delete_link(region.space("vpc-1"))
    assert not region.change(drop=REGION[3:])
    assert not region.look()
    assert region.is_as_wanted()
    assert not region.links("vpc-1")
