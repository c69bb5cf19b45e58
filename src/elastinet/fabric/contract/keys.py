"""Keys: by these the engine and the agent speak of the objects of a desired network."""

from typing import Literal, get_args

import msgspec

ObjectKind = Literal[
    "network",
    "table",
    "guest",
    "interface",
    "group",
    "members",
    "mapping",
    "acl",
    "appliance",
    "peering",
    "bandwidth",
    "near",
]


class Key(msgspec.Struct, frozen=True, order=True, array_like=True, cache_hash=True, gc=False):
    """An object's kind and id. As JSON it is a list, as text "kind:id"."""

    kind: ObjectKind
    id: str

    def __str__(self) -> str:
        """The text that people read in a status, a log, an error."""
        return f"{self.kind}:{self.id}"


WayName = Literal["exposure", "endpoints", "outside"]
"""A link of the internet's: with the machine, with AWS's endpoints, or with the machine's network."""
WAYS: tuple[WayName, ...] = get_args(WayName)
Subject = Key | Literal["agent"] | WayName
"""What can fail: an object, the agent as a whole, or a link of the internet's."""


# --- what one object's compilation reads of others, beside their whole value -----------------------


class Exists(msgspec.Struct, frozen=True, gc=False):
    """Whether an object is there, whatever it is like."""

    key: Key


class HasIpv6(msgspec.Struct, frozen=True, gc=False):
    """Whether a network carries IPv6."""

    network: str


class Epoch(msgspec.Struct, frozen=True, gc=False):
    """The number of a network's epoch."""

    network: str


class HasForwarders(msgspec.Struct, frozen=True, gc=False):
    """Whether some interface of a network takes packets for others."""

    network: str


class NamespaceUp(msgspec.Struct, frozen=True, gc=False):
    """Whether a guest's, router's, appliance's or the internet's namespace is there, and of which boot."""

    namespace: str


Dependency = Key | Exists | HasIpv6 | Epoch | HasForwarders | NamespaceUp
