"""Valid messages made wrong: a few random changes of their bytes, from a seed."""

import random
from collections.abc import Callable, Sequence

ODD_BYTES = (0x00, 0x01, 0x0A, 0x0D, 0x20, 0x7F, 0x80, 0xC0, 0xFE, 0xFF)
MOST_CHANGES = 4
Change = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def mutated(dice: random.Random, data: bytes, words: Sequence[bytes]) -> bytes:
    """A message with some changes; `words` are pieces that mean something in its protocol."""
    found = bytearray(data)
    for _ in range(dice.randint(1, MOST_CHANGES)):
        dice.choice(CHANGES)(dice, found, words)
    return bytes(found)


def _span(dice: random.Random, data: bytearray) -> tuple[int, int]:
    start = dice.randint(0, len(data))
    return start, min(len(data), start + dice.choice((1, 2, 4, 16, 64)))


def _flip(dice: random.Random, data: bytearray, _words: Sequence[bytes]) -> None:
    if data:
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _odd(dice: random.Random, data: bytearray, _words: Sequence[bytes]) -> None:
    if data:
        data[dice.randrange(len(data))] = dice.choice(ODD_BYTES)


def _cut(dice: random.Random, data: bytearray, _words: Sequence[bytes]) -> None:
    start, end = _span(dice, data)
    del data[start:end]


def _end(dice: random.Random, data: bytearray, _words: Sequence[bytes]) -> None:
    del data[dice.randint(0, len(data)) :]


def _repeat(dice: random.Random, data: bytearray, _words: Sequence[bytes]) -> None:
    start, end = _span(dice, data)
    data[start:start] = data[start:end] * dice.choice((1, 2, 8, 40))


def _noise(dice: random.Random, data: bytearray, _words: Sequence[bytes]) -> None:
    at = dice.randint(0, len(data))
    data[at:at] = dice.randbytes(dice.choice((1, 3, 17, 80)))


def _insert(dice: random.Random, data: bytearray, words: Sequence[bytes]) -> None:
    at = dice.randint(0, len(data))
    data[at:at] = dice.choice(words)


def _replace(dice: random.Random, data: bytearray, words: Sequence[bytes]) -> None:
    start, end = _span(dice, data)
    data[start:end] = dice.choice(words)


CHANGES: tuple[Change, ...] = (_flip, _odd, _cut, _end, _repeat, _noise, _insert, _insert, _replace, _replace)
