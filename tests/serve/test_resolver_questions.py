"""The answer that nobody could be asked: it is one to the question, however odd that is."""

import random
import struct
from pathlib import Path

import pytest

from elastinet.serve import questions

NAME = b"\x05other\x07example\x00" + struct.pack("!HH", 1, 1)


def test_a_failure_has_the_question_and_nothing_else() -> None:
    asked = struct.pack("!HBBHHHH", 0x1234, 1, 0, 1, 0, 0, 1) + NAME + b"\x00\x00\x29\x10\x00" + bytes(6)
    assert questions.failed(asked) == struct.pack("!HBBHHHH", 0x1234, 0x81, 0x82, 1, 0, 0, 0) + NAME


def test_odd_questions() -> None:
    for seed in range(500):
        dice = random.Random(seed)
        asked = dice.randbytes(dice.randint(13, 300))
        told = questions.failed(asked)
        assert told[:2] == asked[:2]
        assert (told[2] & 0x80, told[3] & 15) == (0x80, 2)
        assert len(told) <= len(asked)


def test_the_machines_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = tmp_path / "resolv.conf"
    monkeypatch.setattr(questions, "RESOLV_CONF", conf)
    assert questions.servers() == []
    conf.write_text(
        "search a\n# nameserver 192.0.2.9\nnameserver\nnameserver fe80::1%eth0\nnameserver 192.0.2.1\n"
    )
    assert questions.servers() == ["fe80::1%eth0", "192.0.2.1"]
