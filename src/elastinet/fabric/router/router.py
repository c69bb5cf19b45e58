"""One network namespace's router: what was applied there, and the only code that changes it.

All methods but `__init__` run in the namespace's own worker thread.
"""

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping

from elastinet.fabric.compile.items import (
    Chain,
    Class,
    Delta,
    Identity,
    Item,
    Items,
    Link,
    Queue,
    Sysctl,
)
from elastinet.fabric.compile.neighbours import ADVERTISE
from elastinet.fabric.contract.keys import Key, Subject
from elastinet.fabric.kernel import nfobserve, nftext, observe, offloads, relay, rtnl
from elastinet.fabric.kernel.doors import KERNEL, Doors
from elastinet.fabric.kernel.netlink import NETFILTER, Message
from elastinet.fabric.router import counters
from elastinet.fabric.router.announcing import Announcer
from elastinet.fabric.router.guestends import GuestEnds
from elastinet.fabric.router.record import Record

ORDER = tuple("sysctl link queue class redirect up address neighbour path rule inside".split())

LOOPBACK = 1

Failures = dict[Identity, str]


class Router:
    """The record of a namespace, its sockets, and the step from one set of items to the next."""

    def __init__(
        self,
        namespace_fds: Mapping[str, int],
        start_relay: relay.Start,
        doors: Doors = KERNEL,
        *,
        shared: bool = False,
    ) -> None:
        """`shared` if others may put things of their own into the namespace, too."""
        self.record = Record()
        self._announcer = Announcer()
        self.steps = 0
        self.ending: set[int] = set()
        self._wanted: Items = {}
        self._indexes: set[int] = set()
        self._owners: dict[Identity, Key] = {}
        self._unmet: set[Identity] = set()
        self._namespace_fds = namespace_fds
        self._middles: dict[str, int] = {}
        self._start_relay = start_relay
        self._doors = doors
        self.ends = GuestEnds(self.record, namespace_fds, doors)
        self._shared = shared
        with contextlib.ExitStack() as opened:
            self._netlink = opened.enter_context(contextlib.closing(doors.netlink()))
            self._nft = opened.enter_context(contextlib.closing(doors.nft()))
            opened.pop_all()

    @property
    def port(self) -> int:
        """The netlink port of this router, by which its own changes are known from others'."""
        return self._netlink.port

    @property
    def answers_solicitations(self) -> bool:
        """True if instances that ask in IPv6 shall be told their neighbours' MACs."""
        return ("chain", ADVERTISE) in self._wanted

    def holds_up(self, index: int) -> bool:
        """True if the link with this index has been set up, or is none that is wanted here."""
        name = self.record.names.get(index)
        return index not in self._indexes if name is None else ("up", name) in self.record.items

    def wants(self, index: int, address: str, prefix: int) -> bool:
        """True if the link with this index shall have this address."""
        name = self.record.names.get(index) or ("lo" if index == LOOPBACK else "")
        return ("address", name, address, prefix) in self._wanted

    def close(self) -> None:
        """Close the sockets."""
        self._netlink.close()
        self._nft.close()

    def observe(self) -> None:
        """Correct the record by what the kernel really has."""
        seen = observe.correct(self.record.items, self._netlink, self._doors.read)
        with contextlib.closing(self._doors.netlink(NETFILTER)) as netfilter:
            seen = nfobserve.correct(seen, netfilter)
        if self._shared:
            ours = self.record.items.keys() | self._wanted.keys()
            seen = {identity: item for identity, item in seen.items() if identity in ours}
        self.record.replace(seen)
        self._unmet |= seen.keys() | self._wanted.keys()

    def want(self, delta: Delta, owners: Mapping[Identity, Key]) -> None:
        """Take in a change of what is wanted; it stays to be done until it is done."""
        for identity, item in delta.items():
            before = self._wanted.pop(identity, None)
            if isinstance(before, Link | Queue):
                self._indexes.discard(before.index)
            if isinstance(item, Link | Queue):
                self._indexes.add(item.index)
            if item is None:
                self._owners.pop(identity, None)
            else:
                self._wanted[identity] = item
                self._owners[identity] = owners[identity]
        self._unmet |= delta.keys()

    def converge(self) -> Failures:
        """Do all that is left to be done; give what could not be done, and why."""
        self._unmet |= self._drop_links(self._unmet)
        changes = self._changes(self._unmet)
        self.steps += len(changes)
        failures = self._route_changes([pair for pair in changes if not isinstance(_any(pair), nftext.KINDS)])
        filters = [pair for pair in changes if isinstance(_any(pair), nftext.KINDS)]
        failures |= self._filter_changes(filters, self._owners) if filters else {}
        self._unmet = set(failures)
        self._announcer.tell(self.record, self._doors)
        return failures

    def give(self, item: Item) -> None:
        """Make an item that belongs to the namespace itself, and is not kept in the record."""
        self._send(rtnl.add(item, self._index, self._holder))

    def abandon(self) -> None:
        """Take every link away; the rest goes with the namespace."""
        self._wanted, self._indexes = {}, set()
        self._drop_links({link.identity for link in self.record.links()})

    def read_counters(self) -> counters.Counters:
        """The counters of this namespace so far."""
        moment, traffic = time.monotonic(), counters.links(self._netlink)
        names = [item.name for item in self.record.items.values() if isinstance(item, Queue)]
        queues = {name: self._index(name) for name in names}
        with contextlib.closing(self._doors.netlink(NETFILTER)) as netfilter:
            exceeded, named = counters.exceeded(netfilter), nfobserve.counters(netfilter)
        passed = counters.queues(self._netlink, queues)
        return counters.Counters(moment, traffic, passed, exceeded, named, counters.unplaced())

    def read_traffic(self) -> tuple[float, dict[int, counters.TrafficCounters]]:
        """The time (monotonic, in seconds) and the counters of this namespace's links."""
        return time.monotonic(), counters.links(self._netlink)

    def _changes(self, asked: Iterable[Identity]) -> list[nftext.Pair]:
        """Compare the record with what is wanted, in what may differ."""
        has, wanted = self.record.items.get, self._wanted.get
        pairs = ((has(identity), wanted(identity)) for identity in asked)
        return [(old, new) for old, new in pairs if old is not new and old != new]

    def _drop_links(self, asked: Iterable[Identity]) -> set[Identity]:
        """Take away links that go or must be new, all at once; give what the kernel takes with them."""
        found = (self.record.items.get(identity) for identity in asked if identity[0] in ("link", "queue"))
        devices = (item for item in found if isinstance(item, Link | Queue) and item.index)
        doomed = [item for item in devices if self._wanted.get(item.identity) != item]
        if not doomed:
            return set()
        self._drop_device_chains(doomed)
        self.ends.unsettle(item for item in doomed if isinstance(item, Link) and item.address)
        numbers = [number for item in doomed if (number := self._index(item.name))]
        self.ending |= set(numbers)
        self._send(rtnl.remove_links(numbers)) if len(numbers) > 1 else self._send(
            [message for item in doomed for message in rtnl.remove(item, self._index)]
        )
        lost = {identity for item in doomed for identity in self.record.hanging_on(item.name)}
        for identity in lost:
            self.record.remove(identity)
        return lost

    def _drop_device_chains(self, doomed: Iterable[Link | Queue]) -> None:
        """Take away what filters at devices that go."""
        hanging = (identity for item in doomed for identity in self.record.hanging_on(item.name))
        chains = [c for identity in hanging if isinstance(c := self.record.items[identity], Chain)]
        refusal = self._nft.run(nftext.removal(chains)) if chains else None
        if refusal:
            raise OSError(refusal)

    def _send(self, messages: list[Message]) -> None:
        """Send removals; what is already gone is no failure."""
        for error in self._netlink.send(messages):
            if error and not rtnl.is_absence(error):
                raise error

    def _route_changes(self, changes: list[nftext.Pair]) -> Failures:
        """Apply links, addresses, neighbours, routes and rules: kind by kind, each kind in one batch."""
        failures: Failures = {}
        for kind in ORDER:
            batch = [pair for pair in changes if _any(pair).identity[0] == kind]
            if kind == "class":
                batch.sort(key=_by_place)
            by_itself = {"sysctl": self._sysctls, "inside": self._insides}.get(kind, self._batch)
            failures |= by_itself(batch) if batch else {}
        return failures

    def _sysctls(self, changes: list[nftext.Pair]) -> Failures:
        failures: Failures = {}
        for old, new in changes:
            sysctl = new or old
            assert isinstance(sysctl, Sysctl)
            try:
                self._doors.write(sysctl.path, sysctl.value if new else sysctl.otherwise)
            except OSError as error:
                failures[sysctl.identity] = str(error)
            else:
                self._record(old, new, failures, None)
        return failures

    def _insides(self, changes: list[nftext.Pair]) -> Failures:
        """Give guests' ends their further addresses, and take those away that are none any more."""
        failures: Failures = {}
        by_link: dict[str, list[nftext.Pair]] = defaultdict(list)
        for pair in changes:
            by_link[str(_any(pair).identity[1])].append(pair)
        for name, pairs in by_link.items():
            refusal = self.ends.settle_addresses(name, pairs)
            for old, new in pairs:
                self._record(old, new, failures, refusal)
        return failures

    def _batch(self, changes: list[nftext.Pair]) -> Failures:
        failures: Failures = {}
        messages: list[Message] = []
        spans: list[tuple[nftext.Pair, int, int]] = []
        for pair in changes:
            try:
                made = self._messages(pair)
            except OSError as error:
                failures[_any(pair).identity] = str(error)
                continue
            spans.append((pair, len(messages), len(messages) + len(made)))
            messages += made
        answers = self._netlink.send(messages) if messages else []
        for (old, new), start, end in spans:
            errors = [error for error in answers[start:end] if error]
            if new is None:
                errors = [error for error in errors if not rtnl.is_absence(error)]
            self._record(old, new, failures, errors[0].strerror if errors else None)
        return failures

    def _messages(self, pair: nftext.Pair) -> list[Message]:
        old, new = pair
        if new is None:
            return rtnl.remove(old, self._index) if old else []
        replaced = rtnl.remove(old, self._index) if old and old.identity[0] == "rule" else []
        return replaced + rtnl.add(new, self._index, self._holder)

    def _holder(self, name: str) -> int:
        """The network namespace of a guest; the middle of a mediated link is made when it is asked for."""
        if not relay.is_middle(name):
            return self._namespace_fds[name]
        self._middles[name] = relay.middle()
        return self._middles[name]

    def _filter_changes(self, changes: list[nftext.Pair], owners: Mapping[Identity, Key]) -> Failures:
        """Apply packet filter changes in one transaction; if refused, owner by owner, to find the fault."""
        failures: Failures = {}
        for part in nftext.leaves(changes):
            self._transact(part, failures)
        changes = [pair for pair in changes if self.record.items.get(_any(pair).identity) != pair[1]]
        refusal = self._nft.run(nftext.script(changes))
        by_owner: dict[Key | None, list[nftext.Pair]] = defaultdict(list)
        for old, new in changes:
            if refusal is None:
                self._record(old, new, failures, None)
            else:
                by_owner[owners.get(_any((old, new)).identity)].append((old, new))
        for part in by_owner.values():
            self._transact(part, failures)
        return failures

    def _transact(self, changes: list[nftext.Pair], failures: Failures) -> None:
        refusal = self._nft.run(nftext.script(changes))
        for old, new in changes:
            self._record(old, new, failures, refusal)

    def _record(self, old: Item | None, new: Item | None, failures: Failures, refusal: str | None) -> None:
        """Keep the record true: what was done is applied, what was refused is not."""
        item = new or old
        assert item is not None
        if isinstance(new, Link) and new.mediated:
            refusal = self._mediate(new, refusal)
        refusal = refusal or (self._settle(new) if isinstance(new, Link) and new.address else None)
        if refusal:
            failures[item.identity] = refusal
            return
        self._announcer.note(old, new)
        if new is None:
            self.record.remove(item.identity)
        else:
            self.record.put(new)

    def _mediate(self, link: Link, refusal: str | None) -> str | None:
        """Have a relay join the two pairs of a link, if they could be made; without one both are gone."""
        middle = self._middles.pop(relay.middle_of(link.name), None)
        if middle is None:
            return refusal
        try:
            if refusal is None:
                offloads.only_tcp(link.name)
                relay.join(middle, self._start_relay)
        except OSError as error:
            return str(error)
        finally:
            os.close(middle)
        return refusal

    def _settle(self, link: Link) -> str | None:
        """Set up the guest's end of a new pair; where that cannot be, there is no pair."""
        refusal = self.ends.settle(link)
        if refusal:
            self._send(rtnl.remove(link, lambda _name: link.index))
        return refusal

    def _index(self, name: str) -> int:
        for kind in ("link", "queue"):
            found = self.record.items.get((kind, name))
            if isinstance(found, Link | Queue) and found.index:
                return found.index
        try:
            return self._doors.index(name)
        except OSError:
            return 0


def _by_place(pair: nftext.Pair) -> int:
    """Order classes so that children go before their parents, and parents come before their children."""
    old, new = pair
    item = new or old
    assert isinstance(item, Class)
    return item.number if new else -item.number


def _any(pair: nftext.Pair) -> Item:
    """The item that a change is about."""
    item = pair[1] or pair[0]
    assert item is not None
    return item


def failed_owners(failures: Failures, owners: Mapping[Identity, Key], namespace: Key) -> dict[Subject, str]:
    """Say failures by the objects that asked for the items; what no object asked for is the namespace's."""
    found: dict[Subject, str] = {owners[item]: why for item, why in failures.items() if item in owners}
    rest = [f"{'/'.join(map(str, item))}: {why}" for item, why in failures.items() if item not in owners]
    if rest:
        found[namespace] = "; ".join([*filter(None, [found.get(namespace)]), *rest])
    return found
