"""The agent's network namespaces: routers of VPCs, appliances and the internet, and the work in each."""

import os
import socket
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Protocol

from elastinet.fabric.agent.attachments import Tell
from elastinet.fabric.agent.backoff import BackOff, opening_of, work_in
from elastinet.fabric.compile.items import LinkIncarnation
from elastinet.fabric.compile.plan import Plan
from elastinet.fabric.contract import names
from elastinet.fabric.contract.keys import Key, Subject, WayName
from elastinet.fabric.kernel import isolate
from elastinet.fabric.kernel.loop import Call, Loop, NamespaceConcern, complain
from elastinet.fabric.kernel.relay import Start
from elastinet.fabric.router import timeserver
from elastinet.fabric.router.router import failed_owners
from elastinet.fabric.router.space import (
    APPLIANCE,
    ENDPOINT,
    INTERNET,
    ROUTER,
    Namespace,
    Order,
    Outcome,
    Role,
)

SETTLING_SECONDS = 0.02
WITHOUT = {("nat64",)}
"""What may fail of a namespace that all else can do without: a NAT gateway still forwards IPv4."""


class Way(Protocol):
    """What stands beside the internet's namespace, and is to have a link to it."""

    def make(self, internet: int) -> None:
        """Make the link to the namespace of this descriptor; raises OSError."""

    def close(self) -> None:
        """Take it away."""


class Followers(Protocol):
    """Those who hear what a namespace's worker has done to interfaces."""

    def follow(self, outcome: Outcome) -> None:
        """Take in what was done."""

    def settled(self, appliance: str) -> None:
        """Hear that all that is wanted of a namespace is there."""

    def lose_network(self, network: str) -> None:
        """Hear that a network's namespace is about to end."""

    def lose(self, links: Mapping[str, LinkIncarnation | None]) -> None:
        """Hear of links that are gone."""


class Namespaces:
    """All namespaces, brought to what the plan wants of them.

    Each has one worker, which has one order at a time. `touch` says that a namespace has work, `look` that it
    is to be compared with the kernel first.
    """

    def __init__(
        self,
        plan: Plan,
        loop: Loop,
        relay: Start,
        backoff: BackOff,
        tell: Tell,
        wake: Call,
        helper: int | None,
        ways: Mapping[WayName, Way],
    ) -> None:
        self.by_id: dict[str, Namespace] = {}
        self.fds: dict[str, int] = {}
        """A descriptor of each namespace, guests' included, by the id of its owner."""
        self._plan, self._loop, self._relay, self._backoff = plan, loop, relay, backoff
        self._tell, self._wake, self._helper, self._ways = tell, wake, helper, ways
        self._followers: Followers | None = None
        self._internet: int | None = None
        self._dirty: set[str] = set()
        self._looking: set[str] = set()
        self._again: defaultdict[str, set[str]] = defaultdict(set)
        self._busy: set[str] = set()
        self._closing: list[int] = []
        self._failed: dict[str, dict[Subject, str]] = {}
        self._openings = 0

    def tell_of_links(self, followers: Followers) -> None:
        """Have somebody hear what is done to interfaces."""
        self._followers = followers

    @property
    def is_at_rest(self) -> bool:
        """True if nothing is under way or to be done."""
        return not (self._busy or self._dirty or self._looking)

    @property
    def failed(self) -> dict[Subject, str]:
        """The reasons why objects in namespaces are not as wanted, by key of the object."""
        return {key: why for part in self._failed.values() for key, why in part.items()}

    def touch(self, ids: Iterable[str]) -> None:
        """Say that there is work in namespaces."""
        self._dirty |= set(ids)

    def look(self, id: str) -> None:
        """Have a namespace looked at, because someone else may have changed it."""
        if id in self.by_id and id not in self._looking:
            self._looking.add(id)
            self._wake()

    def settle_again(self, id: str, link: str) -> None:
        """Have the other end of a link get its addresses and routes again, once the namespace can."""
        if id in self.by_id:
            self._again[id].add(link)
            self._dirty.add(id)
            self._wake()

    def look_at_all(self) -> None:
        """Have every namespace compared with the kernel."""
        self._looking |= self.by_id.keys()

    def descriptor(self, id: str) -> int | None:
        """A descriptor, to be closed, of a router's or an appliance's namespace; None for no such."""
        if id not in self.by_id or id == names.INTERNET:
            return None
        return os.open(f"{isolate.NETNS}/{id}", os.O_RDONLY | os.O_CLOEXEC)

    def reaped(self, pid: int) -> None:
        """Hear of an ended child: a server that nobody stopped is started again."""
        for id, namespace in self.by_id.items():
            if namespace.has_lost(pid):
                self._dirty.add(id)
                self._wake()

    # --- which there are --------------------------------------------------------------------------

    def keep(self) -> None:
        """Open those that are wanted, and close the others."""
        wanted = self._plan.networks.keys() | self._plan.appliances.keys()
        spare = self.by_id.keys() - wanted - {names.INTERNET} - self._busy
        for id in sorted(spare):
            self._lose(id)
        for id in sorted(wanted - self.by_id.keys()):
            if not self._backoff.is_resting(opening_of(id)):
                self._open(id, None)
        if self._internet is not None and names.INTERNET not in self.by_id:
            self._open_internet()

    def _lose(self, id: str) -> None:
        if self._followers:
            self._followers.lose_network(id)
        self._close(id)

    def guest_came(self, id: str, fd: int) -> None:
        """Take in a guest's namespace, into which links can be made; that of the internet is routed in."""
        self.fds[id] = fd
        if id == names.INTERNET:
            self._internet = fd
            self._open_internet()

    def guest_left(self, id: str, fd: int) -> None:
        """Let go of a guest's namespace as soon as no worker can be using it."""
        if fd >= 0:
            self._closing.append(fd)
        if id == names.INTERNET:
            self._internet = None
            for way in self._ways.values():
                way.close()
            if id in self.by_id:
                self._close(id)

    def _open_internet(self) -> None:
        if not self._backoff.is_resting(opening_of(names.INTERNET)):
            self._open(names.INTERNET, self._internet)
            self._make_ways()

    def _make_ways(self) -> None:
        """Link the internet with what stands beside it."""
        if self._internet is None or names.INTERNET not in self.by_id:
            return
        for name, way in self._ways.items():
            try:
                way.make(self._internet)
                self._failed.pop(name, None)
            except OSError as error:
                self._failed[name] = {name: str(error)}

    def way_is(self, name: WayName, why: str | None) -> None:
        """Hear that a way can be used, or why not."""
        if why is None:
            self._failed.pop(name, None)
        else:
            self._failed[name] = {name: why}
        self._wake()

    def _open(self, id: str, fd: int | None) -> None:
        """Make a namespace's router."""
        try:
            namespace = Namespace(id, self.fds, self._relay, self._role(id), fd, self._helper)
            self._admit(namespace)
        except OSError as error:
            self._failed[id] = {self._subject(id): str(error)}
            self._backoff.failed(opening_of(id), self._wake)
            return
        self._backoff.succeeded(opening_of(id))
        self._dirty.add(id)
        self._plan.stir(id)
        if namespace.role != INTERNET:
            self._openings += 1
            self._dirty |= self._plan.set_up(id, self._openings)
        self._hand_over(namespace)

    def _subject(self, id: str) -> Key:
        """The object that a namespace is there for; the internet's is no network's."""
        if id == names.INTERNET:
            return Key("guest", id)
        return Key("appliance" if id in self._plan.appliances else "network", id)

    def _role(self, id: str) -> Role:
        if id == names.INTERNET:
            return INTERNET
        appliance = self._plan.appliances.get(id)
        if appliance is None:
            return ROUTER
        return ENDPOINT if appliance.serves else APPLIANCE

    def _admit(self, namespace: Namespace) -> None:
        """Hold a new namespace and hear what others do in it; if that cannot be, the namespace ends."""
        try:
            if namespace.role != INTERNET:
                self.fds[namespace.id] = namespace.descriptor()
            self._loop.watch(
                namespace.monitor.fileno(), lambda: self._overheard(namespace), NamespaceConcern(namespace.id)
            )
        except OSError:
            if namespace.role != INTERNET and (held := self.fds.pop(namespace.id, None)) is not None:
                os.close(held)
            namespace.close()
            raise
        self.by_id[namespace.id] = namespace

    def _overheard(self, namespace: Namespace) -> None:
        """Look at a namespace that someone else changed, once he may be done."""
        about = NamespaceConcern(namespace.id)
        if namespace.monitor.hears_others():
            self._loop.later(SETTLING_SECONDS, lambda: self.look(namespace.id), about)
        elif namespace.monitor.doubts:
            self._loop.later(SETTLING_SECONDS, lambda: self._doubt(namespace), about)

    def _doubt(self, namespace: Namespace) -> None:
        """Look at a namespace where a link is down that was not about to be set up by us.

        What somebody else's router has put into it is up when no namespace is at work.
        """
        if self.by_id.get(namespace.id) is not namespace:
            return
        if self._busy:
            self._loop.later(SETTLING_SECONDS, lambda: self._doubt(namespace), NamespaceConcern(namespace.id))
        elif namespace.monitor.is_any_down():
            self.look(namespace.id)

    def _hand_over(self, namespace: Namespace) -> None:
        """Give the engine the sockets that are new, and answer at those of the time."""
        for place, listener in namespace.new_listeners():
            self._tell(place.told(namespace.id), listener.fileno())
        for clock in namespace.new_clocks():
            self._tell_time(clock)

    def _tell_time(self, clock: socket.socket) -> None:
        """Answer who asks for the time, until the socket is closed."""

        def serve() -> None:
            if seconds := timeserver.serve(clock):
                self._loop.forget(clock.fileno())
                self._loop.later(seconds, lambda: self._tell_time(clock))

        if clock.fileno() >= 0:
            self._loop.watch(clock.fileno(), serve)

    def _close(self, id: str) -> None:
        namespace = self.by_id.pop(id)
        self._again.pop(id, None)
        self._failed.pop(id, None)
        for fd in (namespace.monitor.fileno(), *(clock.fileno() for clock in namespace.clocks.values())):
            self._loop.forget(fd)
        if namespace.role != INTERNET:
            self._dirty |= self._plan.set_up(id, None)
            self._closing.append(self.fds.pop(id))
        try:
            namespace.close()
        except OSError as error:
            complain(f"{id} did not end well: {error}")

    # --- their work -------------------------------------------------------------------------------

    def give_orders(self) -> None:
        """Give every namespace with work its order, but not before those that make links in it."""
        work = ((self._dirty | self._looking) & self.by_id.keys()) - self._busy
        self._dirty &= self.by_id.keys()
        self._looking &= self.by_id.keys()
        at_work = self._busy | work
        work = {id for id in work if not self._plan.makers(id) & at_work}
        for id in work:
            self._busy.add(id)
            future = self.by_id[id].carry_out(self._order(id))
            future.add_done_callback(partial(self._finished, id))
        self._dirty -= work
        self._looking -= work

    def _order(self, id: str) -> Order:
        delta, owners = self._plan.delta(id), self._plan.owners[id]
        return Order(
            delta,
            {identity: owners[identity] for identity, item in delta.items() if item},
            id in self._looking,
            self._plan.networks.get(id),
            self._plan.interfaces(id),
            self._plan.timeouts(id),
            self._plan.appliances.get(id),
            frozenset(self._again.pop(id, ())),
        )

    def _finished(self, id: str, future: "Future[Outcome]") -> None:
        """Hear from a worker, in its thread."""
        self._loop.soon(lambda: self._done(id, future), NamespaceConcern(id))

    def _done(self, id: str, future: "Future[Outcome]") -> None:
        """Take in what a namespace's worker has done."""
        self._busy.discard(id)
        self._close_descriptors()
        error = future.exception()
        if id in self.by_id:
            self._hand_over(self.by_id[id])
        if error is None:
            self._take(id, future.result())
        else:
            self._failed[id] = {self._subject(id): str(error)}
        if self._failed[id]:
            self._retry_later(id, anew=error is not None)
        else:
            self._backoff.succeeded(work_in(id))
        self._wake()

    def _take(self, id: str, outcome: Outcome) -> None:
        self._failed[id] = failed_owners(outcome.failures, self._plan.owners[id], self._subject(id))
        if self._followers and id in self.by_id and id != names.INTERNET:
            self._followers.follow(outcome)
        if self._followers and not outcome.failures.keys() - WITHOUT:
            self._followers.settled(id)

    def fail(self, id: str, why: str) -> None:
        """Mark a namespace as failed for a fault that was noticed elsewhere, and compare all of it anew."""
        if id in self.by_id:
            self._busy.discard(id)
            self._failed[id] = {self._subject(id): why}
            self._retry_later(id, anew=True)

    def _retry_later(self, id: str, *, anew: bool) -> None:
        """Try a namespace's work again in a while; `anew` where nobody knows how far its worker came."""

        def retry() -> None:
            self._dirty.add(id)
            if anew and id in self.by_id:
                self._plan.stir(id)
                self._looking.add(id)
            self._wake()

        self._backoff.failed(work_in(id), retry)

    def _close_descriptors(self) -> None:
        """Close ended guests' namespaces once no worker can be using them."""
        if self._busy:
            return
        ended = set(self._closing)
        for id in [id for id, fd in self.fds.items() if fd in ended]:
            del self.fds[id]  # another file may have its number next
        for fd in self._closing:
            os.close(fd)
        self._closing.clear()
