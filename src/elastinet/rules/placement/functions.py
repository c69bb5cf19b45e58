"""The virtual functions of a zone's network cards: which are free, and how many more instances that bears."""

from collections import Counter
from collections.abc import Iterable
from sys import maxsize

from elastinet.rules.devices import Device

Asked = tuple[int, ...]
"""Number of virtual functions that an instance takes of each card of its host, indexed by card."""


def asked(device: Device, cards: Iterable[int]) -> Asked:
    """The virtual functions taken by an instance whose interfaces are on these cards of its host."""
    if device.function != "virtual":
        return ()
    counts = Counter(cards)
    return tuple(counts[card] for card in range(max(counts, default=-1) + 1))


class Functions:
    """The virtual functions in use in a zone, by host and card, with the interface of each."""

    def __init__(self, per_card: int) -> None:
        self.per_card = per_card
        self.held: dict[tuple[int, int], dict[int, str]] = {}

    def lowest_free(self, host: int, card: int) -> int | None:
        """The function that is handed out next; None for none."""
        taken = self.held.get((host, card), {})
        return next((number for number in range(self.per_card) if number not in taken), None)

    def in_use(self, host: int, card: int) -> int:
        """Number of virtual functions of a card in use."""
        return len(self.held.get((host, card), ()))

    def room(self, host: int, asked: Asked) -> int:
        """Number of further instances with this demand for functions that fit on a host."""
        rooms = (
            max(self.per_card - self.in_use(host, card), 0) // number
            for card, number in enumerate(asked)
            if number
        )
        return min(rooms, default=maxsize)

    def empty_room(self, asked: Asked) -> int:
        """Number of instances with this demand for functions that fit on a host where none is in use."""
        return min((self.per_card // number for number in asked if number), default=maxsize)

    def give(self, host: int, card: int, number: int, interface: str) -> None:
        """An interface has a function."""
        self.held.setdefault((host, card), {})[number] = interface

    def take_back(self, host: int, card: int, number: int, interface: str) -> None:
        """An interface has it no more; another may have got it meanwhile."""
        taken = self.held.get((host, card), {})
        if taken.get(number) == interface:
            del taken[number]
            if not taken:
                del self.held[host, card]
