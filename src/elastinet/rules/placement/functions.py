"""The virtual functions of a zone's network cards: which are free, and how many more instances that bears."""

from collections import Counter
from collections.abc import Iterable
from sys import maxsize

from elastinet.rules.devices import Device

Asked = tuple[int, ...]
"""How many functions an instance takes of each card of its host, by the card's number."""


def asked(device: Device, cards: Iterable[int]) -> Asked:
    """What an instance takes whose interfaces are on these cards of its host."""
    if device.function != "virtual":
        return ()
    counts = Counter(cards)
    return tuple(counts[card] for card in range(max(counts, default=-1) + 1))


class Functions:
    """Which interface has which function of which card of which host."""

    def __init__(self, per_card: int) -> None:
        self.per_card = per_card
        self.held: dict[tuple[int, int], dict[int, str]] = {}

    def lowest_free(self, host: int, card: int) -> int | None:
        """The function that is handed out next; None for none."""
        taken = self.held.get((host, card), {})
        return next((number for number in range(self.per_card) if number not in taken), None)

    def in_use(self, host: int, card: int) -> int:
        """How many functions of a card interfaces have."""
        return len(self.held.get((host, card), ()))

    def room(self, host: int, asked: Asked) -> int:
        """How many more instances that take this a host has functions for."""
        rooms = (
            max(self.per_card - self.in_use(host, card), 0) // number
            for card, number in enumerate(asked)
            if number
        )
        return min(rooms, default=maxsize)

    def empty_room(self, asked: Asked) -> int:
        """How many instances that take this a host without any has functions for."""
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
