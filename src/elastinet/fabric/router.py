"""One network namespace's router: what was applied there, and the only code that changes it.

All methods but `__init__` run in the namespace's own worker thread.
"""

import contextlib
import socket
from collections import Counter, defaultdict
from collections.abc import Mapping

from elastinet.fabric import nfobserve, nftext, observe, rtnl
from elastinet.fabric.items import Address, Identity, Item, Items, Link, Made, Neighbour, Path, Up
from elastinet.fabric.netlink import NETFILTER, Message, Netlink
from elastinet.fabric.nftables import Nft

ORDER = ("link", "up", "address", "neighbour", "path", "rule")

Failures = dict[Identity, str]


class Router:
    """The record of a namespace, its sockets, and the step from one set of items to the next."""

    def __init__(self, holders: Mapping[str, int]) -> None:
        self.applied: Items = {}
        self.steps = 0
        self.ending: set[int] = set()
        self._births: Counter[str] = Counter()
        self._holders = holders
        self._netlink = Netlink()
        self._nft = Nft()

    @property
    def port(self) -> int:
        """The netlink port of this router, by which its own changes are known from others'."""
        return self._netlink.port

    def links(self) -> dict[str, Made]:
        """The links that are there, by the resource they stand for."""
        there = [item for item in self.applied.values() if isinstance(item, Link)]
        return {link.alias: (link, self._births[link.name]) for link in there}

    def holds_up(self, index: int) -> bool:
        """Whether the link with this index is one that shall be up."""
        links = [
            item for item in list(self.applied.values()) if isinstance(item, Link) and item.index == index
        ]
        return not links or ("up", links[0].name) in self.applied

    def close(self) -> None:
        """Close the sockets."""
        self._netlink.close()
        self._nft.close()

    def observe(self) -> None:
        """Correct the record by what the kernel really has."""
        self.applied = observe.correct(self.applied, self._netlink)
        with contextlib.closing(Netlink(NETFILTER)) as netfilter:
            self.applied = nfobserve.correct(self.applied, netfilter)

    def converge(self, wanted: Items, owners: Mapping[Identity, str]) -> Failures:
        """Make the namespace what it is wanted to be; give what failed and why."""
        self._drop_links(wanted)
        changes = self._changes(wanted)
        self.steps += len(changes)
        failures = self._route_changes([pair for pair in changes if not isinstance(_any(pair), nftext.KINDS)])
        filters = [pair for pair in changes if isinstance(_any(pair), nftext.KINDS)]
        return failures | (self._filter_changes(filters, owners) if filters else {})

    def give(self, item: Item) -> None:
        """Make an item that belongs to the namespace itself, and is not kept in the record."""
        self._send(rtnl.add(item, self._index, self._holders.__getitem__))

    def abandon(self) -> None:
        """Take every link away; the rest goes with the namespace."""
        self._drop_links({})

    def _changes(self, wanted: Items) -> list[nftext.Pair]:
        """Compare the record with what is wanted."""
        applied = self.applied
        coming: list[nftext.Pair] = [
            (applied.get(identity), item)
            for identity, item in wanted.items()
            if applied.get(identity) is not item and applied.get(identity) != item
        ]
        return coming + [(item, None) for identity, item in applied.items() if identity not in wanted]

    def _drop_links(self, wanted: Items) -> None:
        """Take away links that go or must be new, all at once; the kernel takes what hangs on them."""
        doomed = [
            item
            for item in self.applied.values()
            if isinstance(item, Link) and wanted.get(item.identity) != item
        ]
        if not doomed:
            return
        numbers = [number for item in doomed if (number := self._index(item.name))]
        self.ending |= set(numbers)
        self._send(rtnl.remove_links(numbers)) if len(numbers) > 1 else self._send(
            [message for item in doomed for message in rtnl.remove(item, self._index)]
        )
        names = {item.name for item in doomed}
        self.applied = {identity: item for identity, item in self.applied.items() if _on(item) not in names}

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
            failures |= self._batch(batch) if batch else {}
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
        return replaced + rtnl.add(new, self._index, self._holders.__getitem__)

    def _filter_changes(self, changes: list[nftext.Pair], owners: Mapping[Identity, str]) -> Failures:
        """Apply packet filter changes in one transaction; if refused, owner by owner, to find the fault."""
        failures: Failures = {}
        if self._nft.run(nftext.script(changes)) is None:
            for old, new in changes:
                self._record(old, new, failures, None)
            return failures
        by_owner: dict[str, list[nftext.Pair]] = defaultdict(list)
        for pair in changes:
            by_owner[owners.get(_any(pair).identity, "")].append(pair)
        for part in by_owner.values():
            refusal = self._nft.run(nftext.script(part))
            for old, new in part:
                self._record(old, new, failures, refusal)
        return failures

    def _record(self, old: Item | None, new: Item | None, failures: Failures, refusal: str | None) -> None:
        """Keep the record true: what was done is applied, what was refused is not."""
        item = new or old
        assert item is not None
        if refusal:
            failures[item.identity] = refusal
        elif new is None:
            del self.applied[item.identity]
        else:
            self.applied[item.identity] = new
            if isinstance(new, Link):
                self._births[new.name] += 1

    def _index(self, name: str) -> int:
        found = self.applied.get(("link", name))
        if isinstance(found, Link):
            return found.index
        try:
            return socket.if_nametoindex(name)
        except OSError:
            return 0


def _on(item: Item) -> str | None:
    """The link with which an item comes and goes."""
    if isinstance(item, Link | Up):
        return item.name
    return item.link if isinstance(item, Address | Neighbour | Path) else None


def _any(pair: nftext.Pair) -> Item:
    """The item that a change is about."""
    item = pair[1] or pair[0]
    assert item is not None
    return item


def failed_owners(failures: Failures, owners: Mapping[Identity, str]) -> dict[str, str]:
    """Say failures by the objects that asked for the items."""
    return {owners.get(identity, "/".join(map(str, identity))): why for identity, why in failures.items()}
