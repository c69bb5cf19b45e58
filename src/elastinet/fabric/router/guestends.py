"""The guests' ends of a router's links: set up, given further addresses, set up again, left behind clean."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from elastinet.fabric.compile.items import GuestAddress, Link
from elastinet.fabric.kernel.doors import Doors
from elastinet.fabric.kernel.loop import complain
from elastinet.fabric.kernel.nftext import Pair
from elastinet.fabric.router import guestend
from elastinet.fabric.router.record import Record


class GuestEnds:
    """Does in guests' namespaces what their links ask for; each answer is why it could not be done."""

    def __init__(self, record: Record, namespace_fds: Mapping[str, int], doors: Doors) -> None:
        self._record, self._namespace_fds, self._doors = record, namespace_fds, doors

    def settle(self, link: Link) -> str | None:
        """Give the guest's end of a new pair at once what its DHCP client will be told again."""
        return self._visit(link, lambda: guestend.settle(link, self._doors))

    def settle_addresses(self, name: str, changes: Sequence[Pair]) -> str | None:
        """Give a link's other end further addresses, and take those away that are none any more."""
        link = self._record.items.get(("link", name))
        if not isinstance(link, Link):
            return "its link is not there"
        come = [new.address for _, new in changes if isinstance(new, GuestAddress)]
        go = [old.address for old, new in changes if new is None and isinstance(old, GuestAddress)]
        return self._visit(link, lambda: guestend.settle_addresses(link, come, go, self._doors))

    def settle_again(self, name: str) -> None:
        """Give a link's other end all that it had: its routes went as the guest set it down."""
        link = self._record.items.get(("link", name))
        if not isinstance(link, Link) or not link.address:
            return
        hanging = (self._record.items[identity] for identity in self._record.hanging_on(name))
        addresses = [item.address for item in hanging if isinstance(item, GuestAddress)]

        def settle() -> None:
            guestend.settle(link, self._doors)
            guestend.settle_addresses(link, addresses, (), self._doors)

        if why := self._visit(link, settle):
            complain(f"{link.peer_name} of {link.holder} came up again, but not its routes: {why}")

    def unsettle(self, links: Iterable[Link]) -> None:
        """Take away what links would leave behind in guests that stay; raises OSError."""
        for link in links:
            if link.holder not in self._namespace_fds:
                continue
            if why := self._visit(link, partial(guestend.unsettle, link, self._doors)):
                raise OSError(why)

    def _visit(self, link: Link, work: Callable[[], None]) -> str | None:
        """Do something in the network namespace of a link's other end."""
        namespace = self._namespace_fds.get(link.holder)
        if namespace is None:
            return "its guest has ended"
        try:
            with self._doors.visit(namespace):
                work()
        except OSError as error:
            return str(error)
        return None
