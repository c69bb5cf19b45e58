"""A snapshot may be anybody's file: whatever is in it, it is a state that holds together, or refused in a line."""

import hashlib
import os
import random
import subprocess
import sys
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from account_moves import Changer
from commands import Run
from commands import refused as refused_by
from compiled import planned
from describing import described, spoil
from elastinet.catalog.settings import Settings, unlimited
from elastinet.engine import Engine
from elastinet.model.change import decode, encode
from elastinet.model.fault import Fault
from elastinet.model.image import Snapshot
from elastinet.model.state import KINDS
from elastinet.operator import snapshots
from elastinet.store import MemoryJournal
from elastinet.store.snapshot import MAGIC, MOST_BYTES, MOST_UNPACKED_BYTES, read, write
from full_region import Full
from served import Served, new_account
from small_region import HERE, OWNER
from tries import tries

ODD: tuple[Any, ...] = (
    None, 0, -1, 1 << 63, float("nan"), float("inf"), 1e300, "", " ", "\n", "\x00", "\x1b[2J", "\u202e", "../../etc/passwd",
    "i-../x", "; drop table", '" } add rule', "a\ndhcp-script=/bin/sh", "$(id)", "10.0.0.0/8", "10.0.0.1/8", "::/0", "fe80::1%eth0",
    "0.0.0.0", "vpc-1", "x" * 5000, [], {}, True, [None], ["running"], "terminated", "pending", b"\xff",
)  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> bytes:
    full = Full(3)
    full.settle()
    return snapshots.saved(full.region.engine, "", 7.0)


def empty() -> Engine:
    return Engine(MemoryJournal(), Settings(quotas=unlimited()))


def tried(engine: Engine, data: bytes) -> bool:
    """Whether it was loaded; refused, it has left nothing and said so in a line."""
    try:
        snapshots.loaded(engine, data, "", replace=False)
    except Fault as refusal:
        fault = refusal
    else:
        return True
    assert fault.status == 400
    assert fault.message.isprintable(), ascii(fault.message)
    assert len(fault.message) < 500
    assert engine.is_empty
    return False


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way for name, one in inside for way in ((*path, name), *places(one, (*path, name)))]


def spoiled(whole: bytes, dice: random.Random, count: int) -> bytes:
    """The same with odd values in some places, and a digest that is right."""
    body = msgspec.msgpack.decode(zlib.decompress(whole.split(b"\n", 2)[2]))
    spoil(body, dice.sample(places(body), count), ODD, dice)
    return packed(msgspec.msgpack.encode(body))


def packed(line: bytes, **head: Any) -> bytes:
    """A file with any line of a journal, and a digest that is right."""
    body = zlib.compress(line)
    told = {"format": 1, "program": "0.1.0", "time": 7.0, "account": ""}
    return b"%s%s\n%s" % (
        MAGIC,
        msgspec.json.encode(told | {"digest": hashlib.sha256(body).hexdigest()} | head),
        body,
    )


@pytest.mark.parametrize("seed", range(tries(400)))
def test_an_odd_snapshot_is_refused_or_is_then_used_as_any_state(seed: int, whole: bytes) -> None:
    """Its program is compiled, its describes answer, operations do or are refused; nothing breaks."""
    dice, engine = random.Random(seed), empty()
    if not tried(engine, spoiled(whole, dice, dice.choice((1, 1, 2, 5)))):
        return
    planned(engine.state, engine.settings)
    described(engine, OWNER, HERE)


@pytest.mark.parametrize("seed", range(tries(80)))
def test_what_no_state_needs_may_lack(seed: int, whole: bytes) -> None:
    """Any nouns may be left out of a file; what is left holds together, or is refused."""
    dice, engine = random.Random(seed), empty()
    nouns = [noun for noun in read(whole, "0.1.0").nouns if dice.random() > 0.05]
    if not tried(engine, write(nouns, program="0.1.0", time=7.0)):
        return
    planned(engine.state, engine.settings)
    described(engine, OWNER, HERE)


def test_what_is_whole_is_taken(whole: bytes) -> None:
    engine = empty()
    assert tried(engine, whole)
    Changer(engine, 1).change(12)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        MAGIC,
        MAGIC + b"\n",
        MAGIC + b"{}\n",
        MAGIC + b"[" * 4000 + b"\n",
        MAGIC + b"x" * 100_000,
        b"PK\x03\x04" + bytes(500),
        packed(b""),
        packed(b"\x91" * 100_000 + b"\x90"),
        packed(b"\xdd\xff\xff\xff\xff"),
        packed(b"\xc6\xff\xff\xff\xff"),
        packed(encode(decode(msgspec.msgpack.encode({"operation": "Other", "time": 1.0})))),
        packed(b"", program="0.1.0.1.9999999999999"),
        packed(b"", program="\x1b[2J"),
        packed(b"", program="\u0661.\u0662.\u0663"),
        packed(b"", program="9" * 4000),
        packed(b"", format=-(1 << 60)),
        packed(b"", format=1 << 60),
        packed(b"", time=1e300),
    ],
    ids=range(19),
)  # fmt: skip
def test_garbage(data: bytes) -> None:
    assert not tried(empty(), data)


def test_what_unpacks_to_too_much() -> None:
    assert not tried(empty(), packed(bytes(MOST_UNPACKED_BYTES + 1)))


@pytest.mark.parametrize("seed", range(tries(200)))
def test_a_damaged_file(seed: int, whole: bytes) -> None:
    """A byte that is another, or an end that lacks: nothing of it is believed."""
    dice = random.Random(seed)
    at = dice.randrange(len(whole))
    other = bytearray(whole)
    other[at] ^= 1 << dice.randrange(8)
    for data in (bytes(other), whole[:at]):
        engine = empty()
        if tried(engine, data):  # the time, or the account that it says it is of: nothing of the state
            assert at < whole.index(b'"digest"')
            assert data != whole[:at]


def test_no_name_of_a_file_comes_from_it(whole: bytes) -> None:
    """An id is the name of a disk's folder."""
    nouns = read(whole, "0.1.0").nouns
    for kind in KINDS:
        first = next((noun for noun in nouns if type(noun) is kind), None)
        if kind.__name__ == "Instance":
            assert first is not None
            odd = [first.but(id="i-../../../etc/passwd"), *(n for n in nouns if n is not first)]
            assert not tried(empty(), write(odd, program="0.1.0", time=7.0))


@pytest.mark.parametrize("name", ["../disks/i-1", "/etc", "", "AB" * 32, "ab" * 32 + "\n"])
def test_no_name_of_a_content_comes_from_it(name: str, whole: bytes) -> None:
    """It is the name of a folder that instances get as theirs."""
    nouns = read(whole, "0.1.0").nouns
    own = next(n for n in nouns if isinstance(n, Snapshot) and n.file_system and n.file_system.layers)
    assert own.file_system
    for odd in (
        own.but(file_system=msgspec.structs.replace(own.file_system, layers=(name,))),
        own.but(base=(name,)),
        own.but(file_system=msgspec.structs.replace(own.file_system, user="x; reboot")),
    ):
        rest = [noun for noun in nouns if noun is not own]
        assert not tried(empty(), write([odd, *rest], program="0.1.0", time=7.0))


def test_the_page_takes_no_more_than_it_has_room_for(serve: Any) -> None:
    """Sizes and words are bounded before anything is made of them."""
    served: Served = serve()
    page = f"{served.url}/_elastinet/snapshot"
    assert post(page, b"\n" * (MOST_BYTES + 1))[0] == 413
    assert post(page, b"x")[0] == 400
    assert post(f"{page}?account=../1", b"x")[0] == 400
    assert served.client(account=new_account()).describe_vpcs()["Vpcs"]


def post(url: str, data: bytes) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=60) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def odd_files(tmp_path: Path) -> dict[str, Path]:
    """Things that are no files, or no snapshots."""
    found = {
        name: tmp_path / name for name in ("fifo", "folder", "large", "empty", "loop", "secret", "absent")
    }
    os.mkfifo(found["fifo"])
    found["folder"].mkdir()
    with found["large"].open("wb") as large:
        large.write(MAGIC)
        large.truncate(MOST_BYTES * 8)
    found["empty"].touch()
    found["loop"].symlink_to(found["loop"])
    found["secret"].write_text("a secret of somebody's")
    return found | {"device": Path("/dev/zero")}


def test_a_file_that_is_none(run: Run, odd_files: dict[str, Path]) -> None:
    """Neither waited for, nor read to its end, nor told from."""
    for name, path in odd_files.items():
        code = 1 if name in ("empty", "secret") else 2
        refused_by(done := run("snapshot", "list", str(path)), code, str(path))
        assert "a secret" not in done.stderr


def test_what_is_no_snapshot_is_not_written_over(
    run: Run, odd_files: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(odd_files["secret"])
    for name in ("secret", "fifo", "folder", "link", "loop"):
        refused_by(run("snapshot", "save", str(tmp_path / name)), 2, "choose another name")
    assert odd_files["secret"].read_text() == "a secret of somebody's"


def test_a_terminal_is_not_steered(tmp_path: Path, whole: bytes) -> None:
    """What a file says of itself and of whom is spelled out."""
    nouns = [n.but(owner="\x1b[2J", region="\x1b]0;x\x07") for n in read(whole, "0.1.0").nouns]
    (tmp_path / "odd").write_bytes(write(nouns, program="0.1.0", time=7.0, account="\x1b[2J"))
    program = [sys.executable, "-c", "from elastinet.cli import main; main()", "snapshot", "list", "odd"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert b"\x1b" not in done.stdout
    assert b"\\x1b[2J" in done.stdout
