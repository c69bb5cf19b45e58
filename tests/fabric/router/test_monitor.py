"""A router tells its own changes from others': only others' have it read again all that there is."""

import os
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from elastinet.fabric.compile.items import Link, Up
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.kernel import rtnl
from elastinet.fabric.kernel.netlink import CREATE, EXCLUSIVE, NetlinkSocket
from elastinet.fabric.kernel.rtmessages import ifinfmsg
from elastinet.fabric.kernel.worker import Worker
from elastinet.fabric.router.monitor import Monitor
from elastinet.fabric.router.router import Router
from kernel_script import down

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may make a namespace without a user namespace"
)
INDEX, PEER_INDEX, MANY = 5000, 6000, 40


class Space(NamedTuple):
    """A namespace with a router and somebody else, and one where the router's links end."""

    worker: Worker
    router: Router
    monitor: Monitor
    hands: NetlinkSocket


@pytest.fixture
def space() -> Iterator[Space]:
    beyond = Worker("beyond", None)
    end = beyond.call(lambda: os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
    worker = Worker("watched", None)

    def furnish() -> Space:
        router = Router({"i-1": end}, lambda *_: None)
        return Space(worker, router, Monitor(router), NetlinkSocket())

    made = worker.call(furnish)
    yield made
    worker.call(made.monitor.close)
    worker.call(made.hands.close)
    worker.call(made.router.close)
    worker.stop()
    beyond.stop()
    os.close(end)


def converge(space: Space) -> None:
    """Have the router make many links, and set them up."""
    made = [
        Link(f"v{n}", INDEX + n, f"eni-{n}", 1500, f"02:00:00:00:00:{n:02x}", "i-1", "once", f"p{n}",
             f"02:00:00:00:01:{n:02x}", peer_index=PEER_INDEX + n)
        for n in range(MANY)
    ]  # fmt: skip
    items = {item.identity: item for link in made for item in (link, Up(link.name))}

    def work() -> None:
        space.router.want(items, dict.fromkeys(items, Key("interface", "eni-1")))
        assert space.router.converge() == {}

    space.worker.call(work)


def heard(space: Space) -> bool:
    """True if others have changed something, as far as one can tell now."""
    others, down = space.monitor.hears_others(), space.monitor.is_any_down()
    return others or down


def hears(space: Space) -> bool:
    """True as soon as others are heard; the kernel tells of what is done before it answers who does it."""
    end = time.monotonic() + 10
    while not (found := heard(space)) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def strange(space: Space) -> None:
    named = [("IFLA_IFNAME", "stranger"), ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", "veth")]})]
    made = rtnl.encoded(rtnl.NEWLINK, CREATE | EXCLUSIVE, ifinfmsg, {}, named)
    assert space.hands.send([made]) == [None]


def set_down(space: Space) -> None:
    assert space.hands.send([down(INDEX)]) == [None]


def delete(space: Space) -> None:
    gone = rtnl.encoded(rtnl.DELLINK, 0, ifinfmsg, {"index": INDEX}, [])
    assert space.hands.send([gone]) == [None]


def test_its_own_links_are_no_news(space: Space) -> None:
    converge(space)
    assert not heard(space)


@pytest.mark.parametrize("change", [strange, set_down, delete])
def test_what_others_do_is(space: Space, change: Callable[[Space], None]) -> None:
    converge(space)
    assert not heard(space)
    change(space)
    assert hears(space)
    assert not heard(space)
