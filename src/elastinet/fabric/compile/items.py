"""Kernel objects that we want, one struct per kind; equal items mean an equal kernel.

An item's `identity` is its key in its namespace; the other fields are its contents.
"""

import socket
from typing import Literal

import msgspec

from elastinet.fabric.contract.names import TABLE_MASK

Identity = tuple[str | int, ...]
Family = Literal["inet", "netdev", "arp"]
"""nftables' families of tables: for what is routed, for what passes a device, for ARP."""


def family_of(address: str) -> int:
    """The family that an address or a block is of."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Item(msgspec.Struct, frozen=True):
    """One kernel object."""

    @property
    def identity(self) -> Identity:
        """The key of this object in its namespace."""
        raise NotImplementedError


class Link(Item, frozen=True):
    """Our end of a veth pair, named in this namespace; `alias` is the resource's full id.

    `holder` is the guest whose namespace has the other end, `token` changes when the pair must be new.
    The other end gets `address` (with its prefix; an IPv6 one of the link where it has no IPv4) and a default
    route through `gateway` at its birth, and the index `peer_index` if that is not 0. A `mediated` one is two
    pairs with a relay between them.
    `primary_subnet` is the block that eth0 is in, where the other end is a further device of a guest.
    """

    name: str
    index: int
    alias: str
    mtu: int
    mac: str
    holder: str
    token: str
    peer_name: str
    peer_mac: str
    address: str = ""
    gateway: str = ""
    peer_index: int = 0
    mediated: bool = False
    primary_subnet: str = ""

    @property
    def identity(self) -> Identity:
        return ("link", self.name)


class Up(Item, frozen=True):
    """A link that is set up: one made here, or the other end of a pair that is made elsewhere."""

    name: str

    @property
    def identity(self) -> Identity:
        return ("up", self.name)


class LinkAddress(Item, frozen=True):
    """An address on a link, without the route that the kernel would add."""

    link: str
    address: str
    prefix: int

    @property
    def identity(self) -> Identity:
        return ("address", self.link, self.address, self.prefix)


class Neighbour(Item, frozen=True):
    """A permanent neighbour: nobody is asked, and nobody can claim the address."""

    link: str
    address: str
    mac: str

    @property
    def identity(self) -> Identity:
        return ("neighbour", self.link, self.address)


class RouteItem(Item, frozen=True):
    """A route of either family in a kernel table: over a link, perhaps through a gateway, or to nowhere."""

    table: int
    destination: str
    link: str = ""
    via: str = ""

    @property
    def identity(self) -> Identity:
        return ("path", self.table, self.destination)


class PolicyRule(Item, frozen=True):
    """A policy rule of one family: packets with `mark` under `mask` (0 for all), to `to` if given, go by
    `table`.
    """

    preference: int
    mark: int
    table: int
    mask: int = TABLE_MASK
    to: str = ""
    family: int = socket.AF_INET

    @property
    def identity(self) -> Identity:
        return ("rule", self.preference, self.mark, self.to, self.family)


class Sysctl(Item, frozen=True):
    """A setting below /proc/sys/net; `otherwise` is what it says when nobody asks for it."""

    path: str
    value: str
    otherwise: str

    @property
    def identity(self) -> Identity:
        return ("sysctl", self.path)


class GuestAddress(Item, frozen=True):
    """A further address or a delegated block of the guest's end of a link.

    It is given once: what the guest then does with it is its own matter.
    """

    link: str
    address: str

    @property
    def identity(self) -> Identity:
        return ("inside", self.link, self.address)


class Queue(Item, frozen=True):
    """A device that packets are sent through to wait in, with a tree of classes; `alias` is the full id.

    Also a link's own tree, where `index` is 0: `otherwise` is the class of what nobody has put in one.
    """

    name: str
    index: int = 0
    alias: str = ""
    otherwise: int = 0

    @property
    def identity(self) -> Identity:
        return ("queue", self.name)


class Class(Item, frozen=True):
    """A class of a queue by its number: what it is given, and what it may borrow up to, in bits a second.

    `parent` is 0 at the top of the tree.
    """

    queue: str
    number: int
    parent: int
    rate_bps: int
    ceil_bps: int

    @property
    def identity(self) -> Identity:
        return ("class", self.queue, self.number)


class Redirect(Item, frozen=True):
    """Sends to a queue what leaves by a link without a mark that says it may go directly."""

    link: str
    queue: str

    @property
    def identity(self) -> Identity:
        return ("redirect", self.link)


class Chain(Item, frozen=True):
    """An nftables chain with its rules; `hook` is empty for one that others jump to.

    One with a `device` stands before or behind that device, and goes with it.
    """

    name: str
    rules: tuple[str, ...]
    hook: str = ""
    family: Family = "inet"
    device: str = ""

    @property
    def identity(self) -> Identity:
        return ("chain", self.name)


class Set(Item, frozen=True):
    """An nftables set or map without its elements; `definition` is the text between the braces.

    Also an object that rules use by its name: a counter, or for how long conntrack keeps an entry.
    """

    name: str
    definition: str
    kind: Literal["set", "map", "counter", "ct timeout"] = "set"
    family: Family = "inet"

    @property
    def identity(self) -> Identity:
        return ("set", self.name)

    @property
    def has_elements(self) -> bool:
        """True if we say which elements it has; packets fill a dynamic one."""
        return self.kind in ("set", "map") and "dynamic" not in self.definition


class Element(Item, frozen=True):
    """One element of a set or map, in nftables' own notation."""

    set: str
    element: str
    data: str = ""
    family: Family = "inet"

    @property
    def identity(self) -> Identity:
        return ("element", self.set, self.element)


Items = dict[Identity, Item]

Delta = dict[Identity, Item | None]
"""A change of what is wanted: what is new or different, None for what is wanted no more."""

LinkIncarnation = tuple[Link, int]
"""A link that is there, and how often its name was made: one that was lost comes back as another."""
