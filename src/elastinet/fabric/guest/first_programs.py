"""The programs of a first boot, whoever has read of them."""

from typing import Literal, NamedTuple

When = Literal["boot", "instance"]


class Program(NamedTuple):
    """A file to be run in the instance: at each boot, or once in the life of its disk."""

    path: str
    data: bytes
    when: When = "instance"


class Reading(NamedTuple):
    """What is to be run, in this order, and a sentence on each part that is not."""

    programs: tuple[Program, ...] = ()
    unread: tuple[str, ...] = ()
