"""IPv6 addresses for names that have only IPv4, whatever the one who answers says."""

import asyncio
import random
import struct

import pytest

from elastinet.serve import dns64

NAME = b"\x05other\x07example\0"
ALIAS = b"\x05alias\xc0\x12"
QUESTION = struct.pack("!6H", 0x1234, 0x0120, 1, 0, 0, 0) + NAME + struct.pack("!HH", 28, 1)
AS_ADDRESS = dns64.PREFIX + bytes((192, 0, 2, 10))


def opt(size: int, secure: bool = False) -> bytes:
    return b"\0" + struct.pack("!HHIH", 41, size, 0x8000 if secure else 0, 0)


def with_opt(question: bytes, option: bytes) -> bytes:
    return question[:10] + b"\0\1" + question[12:] + option


def record(kind: int, data: bytes, name: bytes = b"\xc0\x0c", seconds: int = 5000) -> bytes:
    return name + struct.pack("!HHIH", kind, 1, seconds, len(data)) + data


def answer(kind: int, *found: bytes, flags: int = 0x81A0) -> bytes:
    question = NAME + struct.pack("!HH", kind, 1)
    return struct.pack("!6H", 0x1234, flags, 1, len(found), 0, 0) + question + b"".join(found)


ADDRESS = record(1, bytes((192, 0, 2, 10)))
ONLY_IPV4 = {28: answer(28), 1: answer(1, ADDRESS)}


def told(question: bytes, answers: dict[int, bytes], most: int | None = None) -> bytes:
    """The answer that is made of those to questions of each kind."""

    async def ask(asked: bytes) -> bytes:
        at = dns64._after_name(asked, 12)
        return answers[struct.unpack_from("!H", asked, at)[0]]

    return asyncio.run(dns64.ask_for_both(question, ask, most))


def test_an_address_is_made() -> None:
    found = told(QUESTION, ONLY_IPV4)
    number, flags, *counts = struct.unpack_from("!6H", found)
    assert (number, flags, counts) == (0x1234, 0x8180, [1, 1, 0, 0]), "nobody has signed that"
    assert found[12 : len(QUESTION)] == QUESTION[12:]
    (made,) = dns64.records(found)
    assert (made.name, made.kind, made.seconds) == (NAME, 28, 600)
    assert found[made.start : made.end] == AS_ADDRESS


def test_a_chain_of_names_stays() -> None:
    chain = answer(1, record(5, ALIAS), record(1, bytes((192, 0, 2, 10)), name=b"\x05alias\x07example\0"))
    found = told(QUESTION, ONLY_IPV4 | {1: chain})
    alias, made = dns64.records(found)
    assert found[alias.start : alias.end] == made.name == b"\x05alias\x07example\0"
    assert (alias.kind, made.kind) == (5, 28)


@pytest.mark.parametrize(
    "answers",
    [
        {28: answer(28, record(28, bytes(16)))},
        {28: answer(28, flags=0x8183)},
        {28: answer(28, flags=0x8380)},
        {1: answer(1)},
        {1: answer(1, ADDRESS, flags=0x8182)},
        {1: answer(1, record(1, bytes(5)))},
        {1: answer(1, *(ADDRESS,) * 128)},
        {1: answer(1, record(1, bytes(4), name=b"\xc0\x1f"))},
        {1: answer(1, ADDRESS)[:-1]},
        {1: b""},
        {28: b"\x12\x34"},
    ],
    ids=[
        "has IPv6", "no such name", "by TCP", "no address", "failed", "no address's length", "too many", "a loop",
        "cut", "nothing", "no header",
    ],
)  # fmt: skip
def test_what_stays_as_it_is(answers: dict[int, bytes]) -> None:
    answers = ONLY_IPV4 | answers
    assert told(QUESTION, answers) == answers[28]


def test_addresses_that_stand_for_ipv4_in_sockets_are_none() -> None:
    mapped = answer(28, record(28, dns64.NOT_IPV6 + bytes(4)))
    assert told(QUESTION, ONLY_IPV4 | {28: mapped}).endswith(AS_ADDRESS)
    assert told(QUESTION, ONLY_IPV4 | {28: answer(28, flags=0x8182)}).endswith(AS_ADDRESS)


def test_who_checks_signatures_himself_gets_none() -> None:
    unchecked = QUESTION[:3] + b"\x10" + QUESTION[4:]
    assert told(with_opt(unchecked, opt(1232, secure=True)), ONLY_IPV4) == ONLY_IPV4[28]
    for asked in (with_opt(unchecked, opt(1232)), with_opt(QUESTION, opt(1232, secure=True))):
        assert told(asked, ONLY_IPV4).endswith(AS_ADDRESS)


def test_an_answer_has_room() -> None:
    many = ONLY_IPV4 | {1: answer(1, *(ADDRESS,) * 60)}
    for asked, most in ((QUESTION, 512), (with_opt(QUESTION, opt(1232)), 1232), (QUESTION, 65535)):
        found = told(asked, many, most if most > 5000 else None)
        cut = bool(struct.unpack_from("!H", found, 2)[0] & 0x0200)
        assert (len(found) <= most, cut) == (True, most < 5000)
        assert len(list(dns64.records(found))) == (60 if most > 5000 else (most - len(QUESTION)) // 41)


def test_odd_messages() -> None:
    """Whatever is asked and answered, it is an answer or what was answered."""
    plain = (QUESTION, with_opt(QUESTION, opt(1232)), ONLY_IPV4[1], answer(1, record(5, ALIAS), ADDRESS))
    for seed in range(2000):
        dice = random.Random(seed)
        asked, one, other = (bytearray(dice.choice(plain)) for _ in range(3))
        for message in (asked, one, other):
            for _ in range(dice.choice((0, 1, 3, 9))):
                message[dice.randrange(len(message))] = dice.choice((0, 0xC0, 0xFF, 12, dice.randrange(256)))
            del message[dice.choice((len(message), dice.randrange(len(message)))) :]

        async def ask(question: bytes, asked: bytearray = asked, one=one, other=other) -> bytes:
            return bytes(one if question == asked else other)

        found = asyncio.run(dns64.ask_for_both(bytes(asked), ask))
        if found != one:
            assert len(found) <= 65535
            assert all(record.kind in (5, 28, 41) for record in dns64.records(found))
