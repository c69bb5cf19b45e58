"""An operation's members by name: as much of its shapes as a rule about all operations asks."""

from collections.abc import Mapping
from typing import NamedTuple


class Outline(NamedTuple):
    """What an operation takes and gives, each member with its type; `bounded` if the model limits pages."""

    takes: Mapping[str, str]
    required: frozenset[str]
    gives: Mapping[str, str]
    bounded: bool
