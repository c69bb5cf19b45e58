"""Addresses that have moved to another interface of their subnet, told to those who may know the old MAC.

They would find out only when they ask again. A gratuitous ARP request or an unsolicited advertisement goes
out by each link of the subnet, but only for an address that had another MAC: what is new is asked for.
"""

import socket
import struct
from collections import OrderedDict
from collections.abc import Iterable

from elastinet.fabric.compile.items import Element, Item
from elastinet.fabric.contract.names import ROUTER_MAC
from elastinet.fabric.kernel.doors import Doors
from elastinet.fabric.router.record import Record

MACS, SUBNETS = ("macs", "macs6"), "subnets"
MOST_REMEMBERED = 4096
"""Addresses that nobody has any more, but had; of more the oldest are forgotten."""
EVERYBODY, ALL_NODES = b"\xff" * 6, b"\x33\x33\0\0\0\1"
ARP, IPV6 = b"\x08\x06", b"\x86\xdd"
REQUEST = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
ICMP6, SAME_LINK = 58, 255
ADVERTISEMENT = struct.pack("!BBHI", 136, 0, 0, 0x20000000)
"""A neighbour advertisement that overrides what is known, without its checksum."""
OF_TARGET = b"\x02\x01"
TO_ALL_NODES = socket.inet_pton(socket.AF_INET6, "ff02::1")


class Announcer:
    """What a router has to tell of moved addresses."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, str] = OrderedDict()
        self._moved: dict[str, str] = {}

    def note(self, old: Item | None, new: Item | None) -> None:
        """Take in that an item has changed."""
        if isinstance(old, Element) and old.set in MACS:
            self._left[old.element] = old.data
            if len(self._left) > MOST_REMEMBERED:
                self._left.popitem(last=False)
        if isinstance(new, Element) and new.set in MACS and self._left.pop(new.element, new.data) != new.data:
            self._moved[new.element] = new.data

    def tell(self, record: Record, doors: Doors) -> None:
        """Tell who is on the subnets' links of all that has moved since the last time."""
        moved, self._moved = self._moved, {}
        if not moved:
            return
        links = [(item.data, record.names.get(int(item.element))) for item in _of(record, SUBNETS)]
        for place, mac in moved.items():
            mark, _, address = place.partition(" . ")
            frame = _unsolicited(address, mac) if ":" in address else _gratuitous(address, mac)
            doors.send_frame(frame, [name for own, name in links if own == mark and name])


def _of(record: Record, name: str) -> Iterable[Element]:
    return (item for item in record.items.values() if isinstance(item, Element) and item.set == name)


def _gratuitous(address: str, mac: str) -> bytes:
    own, place = _bytes(mac), socket.inet_aton(address)
    return EVERYBODY + _bytes(ROUTER_MAC) + ARP + REQUEST + own + place + bytes(6) + place


def _unsolicited(address: str, mac: str) -> bytes:
    place = socket.inet_pton(socket.AF_INET6, address)
    body = ADVERTISEMENT + place + OF_TARGET + _bytes(mac)
    ends = place + TO_ALL_NODES
    total = _sum(ends + struct.pack("!II", len(body), ICMP6) + body)
    header = struct.pack("!IHBB", 6 << 28, len(body), ICMP6, SAME_LINK) + ends
    return ALL_NODES + _bytes(ROUTER_MAC) + IPV6 + header + body[:2] + struct.pack("!H", total) + body[4:]


def _bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def _sum(data: bytes) -> int:
    """The Internet checksum of an even number of bytes: sums that carry over are remainders of 0xFFFF."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    return 0xFFFF - total % 0xFFFF
