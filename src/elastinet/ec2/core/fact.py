"""What is reported to the engine and enters the state: by the fabric, by the operator, by the clock,
by an analysis that was made beside it.

A fact names the boot or the attachment that it is about, so one that comes late changes nothing. The journal
has it under the name of its class.
"""

from typing import get_args

import msgspec


class InstanceRunning(msgspec.Struct, frozen=True):
    """This boot of an instance has its namespaces, links and addresses."""

    instance: str
    boot: int


class InstanceGone(msgspec.Struct, frozen=True):
    """An instance has no machine under it any more; `asked` is false where it ended by itself."""

    instance: str
    asked: bool


class InstanceLost(msgspec.Struct, frozen=True):
    """Nobody knows of a machine under an instance any more."""

    instance: str


class InterfaceAttached(msgspec.Struct, frozen=True):
    """An interface is in its instance and has its address."""

    interface: str
    attachment: str


class InterfaceDetached(msgspec.Struct, frozen=True):
    """An interface has left its instance."""

    interface: str
    attachment: str


class UnitFailed(msgspec.Struct, frozen=True):
    """A rack or a host has lost its power, or only its network."""

    unit: str
    kind: str


class UnitRepaired(msgspec.Struct, frozen=True):
    """A rack or a host has again what it had lost."""

    unit: str


class ScopeAnalysed(msgspec.Struct, frozen=True):
    """An analysis of an access scope has ended: with its findings, packed, or in a failure."""

    analysis: str
    interfaces: int = 0
    count: int = 0
    pages: tuple[bytes, ...] = ()
    warning: str = ""
    failure: str = ""


class ImageCaptured(msgspec.Struct, frozen=True):
    """A copy of an instance's disk is there, under this name, or there is none for a reason."""

    snapshot: str
    content: str = ""
    error: str = ""


class Sweep(msgspec.Struct, frozen=True):
    """Some time has passed."""


AnyFact = (
    InstanceRunning
    | InstanceGone
    | InstanceLost
    | InterfaceAttached
    | InterfaceDetached
    | UnitFailed
    | UnitRepaired
    | ScopeAnalysed
    | ImageCaptured
    | Sweep
)
FACT_NAMES: tuple[str, ...] = tuple(kind.__name__ for kind in get_args(AnyFact))
