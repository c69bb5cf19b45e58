"""Addresses that have moved to another interface of their subnet, told to those who may know the old MAC.

They would find out only when they ask again. A gratuitous ARP request goes out by each link of the subnet,
but only for an address that had another MAC: what is new is asked for.
"""

import socket
import struct
from collections import OrderedDict
from collections.abc import Iterable

from elastinet.fabric.compile.items import Element, Item
from elastinet.fabric.contract.names import ROUTER_MAC
from elastinet.fabric.kernel.doors import Doors
from elastinet.fabric.router.record import Record

MACS, SUBNETS = "macs", "subnets"
MOST_REMEMBERED = 4096
"""Addresses that nobody has any more, but had; of more the oldest are forgotten."""
EVERYBODY = b"\xff" * 6
ARP = b"\x08\x06"
REQUEST = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)


class Announcer:
    """What a router has to tell of moved addresses."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, str] = OrderedDict()
        self._moved: dict[str, str] = {}

    def note(self, old: Item | None, new: Item | None) -> None:
        """Take in that an item has changed."""
        if isinstance(old, Element) and old.set == MACS:
            self._left[old.element] = old.data
            if len(self._left) > MOST_REMEMBERED:
                self._left.popitem(last=False)
        if isinstance(new, Element) and new.set == MACS and self._left.pop(new.element, new.data) != new.data:
            self._moved[new.element] = new.data

    def tell(self, record: Record, doors: Doors) -> None:
        """Tell who is on the subnets' links of all that has moved since the last time."""
        moved, self._moved = self._moved, {}
        if not moved:
            return
        links = [(item.data, record.names.get(int(item.element))) for item in _of(record, SUBNETS)]
        for place, mac in moved.items():
            mark, _, address = place.partition(" . ")
            doors.send_frame(_gratuitous(address, mac), [name for own, name in links if own == mark and name])


def _of(record: Record, name: str) -> Iterable[Element]:
    return (item for item in record.items.values() if isinstance(item, Element) and item.set == name)


def _gratuitous(address: str, mac: str) -> bytes:
    own, place = bytes.fromhex(mac.replace(":", "")), socket.inet_aton(address)
    head = EVERYBODY + bytes.fromhex(ROUTER_MAC.replace(":", "")) + ARP
    return head + REQUEST + own + place + bytes(6) + place
