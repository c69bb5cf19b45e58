"""A dump is somebody else's: whatever is in it, what is said is a sentence, and what is not read is not in the way."""

import copy
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from describing import described, engine_of, plain, spoil, write
from elastinet.dumps import files
from elastinet.dumps.account import Dump, account
from elastinet.dumps.finding import DumpError
from elastinet.model.interface import NetworkInterface
from elastinet.rules.reachability.question import Question, ask
from elastinet.rules.reachability.walk import INTERNET
from small_region import HERE, OWNER
from tries import tries
from wild_region import Wild

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1 << 80, 1e300, "", "x" * 100_000, "\x1b[31m", "\ud800", "10.0.0.0/99", "::/0", "999.1.1.1",
    "1" * 5000, [], [[]], [None], {}, {"a": {}}, "vpc-0", "igw-1;reboot", "../../etc", "9999-99-99", "0001-01-01",
)  # fmt: skip
SMALL = {
    "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": "111122223333"}],
    "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24",
                 "AvailabilityZone": "us-east-1a"}],
}  # fmt: skip


def said(dump: Dump) -> str:
    return "\n".join(map(str, dump.findings))


def put(folder: Path, **texts: str | bytes) -> Path:
    """A small VPC, and other files beside it."""
    (folder / "small.json").write_text(json.dumps(SMALL))
    for name, text in texts.items():
        (folder / f"{name}.json").write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def questions(dump: Dump) -> None:
    """Ask all pairs of a few interfaces, and the internet: an answer is given, whatever it is."""
    some = [interface.id for interface in dump.state.all(NetworkInterface)][:4]
    for one in some:
        for other in (*some, INTERNET):
            if one != other:
                ask(dump.state, Question(frozenset({one}), frozenset({other})))
                ask(dump.state, Question(frozenset({other}), frozenset({one})))


def read(folder: Path) -> Dump | None:
    """A dump, unless all of its VPCs are odd."""
    try:
        return account(folder)
    except DumpError:
        return None


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """A region's answers."""
    return described(Wild(3, forwards=True).region.engine, OWNER, HERE)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to everything inside of a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inside:
        yield (*path, name)
        yield from places(one, (*path, name))


@pytest.mark.parametrize("seed", range(tries(60)))
def test_odd_values_anywhere_are_left_out_with_a_sentence(
    seed: int, whole: dict[str, Any], tmp_path: Path
) -> None:
    dice, changed = random.Random(seed), copy.deepcopy(whole)
    spoil(changed, dice.sample(list(places(changed)), 12), ODD, dice)
    write(changed, tmp_path)
    if found := read(tmp_path):
        assert all(one.isprintable() for one in map(str, found.findings))
        questions(found)
        described(engine_of(found.state), OWNER, HERE)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: repr(odd)[:20])
def test_every_member_of_every_kind_may_be_odd(odd: Any, whole: dict[str, Any], tmp_path: Path) -> None:
    """A fifth of the members of every item of every list at a time."""
    for name, answer in whole.items():
        for kind, items in answer.items():
            changed = (
                {**answer, kind: [one | {m: odd for m in one if dice(name, m)} for one in items]}
                if isinstance(items, list)
                else answer
            )
            (tmp_path / f"{name}.json").write_text(json.dumps(changed))
    if found := read(tmp_path):
        questions(found)


def dice(name: str, member: str) -> bool:
    return random.Random(f"{name} {member}").random() < 0.2


@pytest.mark.parametrize(
    "text", ['{"Vpcs": [', "", "\x00\x01", "[" * 200_000, '{"a":' * 200_000, "NaN", b"\xff\xfe\x00"]
)
def test_a_file_that_is_not_json_is_left_out(text: str | bytes, tmp_path: Path) -> None:
    found = account(put(tmp_path, other=text))
    assert "other.json: left out: not JSON" in said(found)


@pytest.mark.parametrize("value", [1, "x", [], {}, [1], {"Vpcs": 1}, {"Vpcs": [1]}, {"Reservations": [{"Instances": 1}]},
                                   {"resources": [1], "version": 4}, {"resources": [{"type": "aws_vpc"}], "version": 4},
                                   {"resources": [{"type": "aws_vpc", "instances": [{"attributes": {"id": 7}}]}], "version": 4},
                                   {"terraform_version": "1", "values": {"root_module": {"child_modules": [1, {}]}}}])  # fmt: skip
def test_odd_documents_are_said(value: Any, tmp_path: Path) -> None:
    found = account(put(tmp_path, other=json.dumps(value)))
    assert "other.json" in said(found)


def test_links_pipes_and_hidden_folders_are_not_read(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "dump"
    for folder in (outside, inside, inside / ".git"):
        folder.mkdir()
    more = json.dumps({"Vpcs": [{"VpcId": "vpc-2", "CidrBlock": "10.9.0.0/16"}]})
    (outside / "vpcs.json").write_text(more)
    (inside / ".git" / "vpcs.json").write_text(more)
    (inside / "link.json").symlink_to(outside / "vpcs.json")
    (inside / "folder").symlink_to(outside)
    (inside / "round").symlink_to(inside)
    os.mkfifo(inside / "pipe.json")
    found = account(put(inside))
    assert "link.json: left out: a link" in said(found)
    assert "folder: left out: a link to a folder" in said(found)
    assert "pipe.json: left out: not a regular file" in said(found)
    assert "vpc-2" not in [noun.id for table in found.state.tables.values() for noun in table.rows.values()]


def test_too_much_is_refused_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, other='{"Vpcs": []}' + " " * 2000)
    monkeypatch.setattr(files, "MOST_FILE_BYTES", 1000)
    assert "other.json: left out: larger than" in said(account(tmp_path))
    monkeypatch.setattr(files, "MOST_BYTES", 100)
    with pytest.raises(DumpError, match="MiB of files"):
        account(tmp_path)
    monkeypatch.setattr(files, "MOST_BYTES", 10_000)
    monkeypatch.setattr(files, "MOST_FILES", 1)
    with pytest.raises(DumpError, match="more than 1 files"):
        account(tmp_path)


def test_what_is_no_dump_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match="no such folder"):
        account(tmp_path / "nowhere")
    with pytest.raises(DumpError, match="no VPC can be read"):
        account(tmp_path)


def test_names_of_files_are_shown_fit_for_a_terminal(tmp_path: Path) -> None:
    (put(tmp_path) / "\x1b[31mred\udcff.txt").write_text("")
    assert r"\x1b[31mred\udcff.txt: left out" in said(account(tmp_path))


def test_an_odd_state_still_describes(whole: dict[str, Any], tmp_path: Path) -> None:
    """What a dump lacks is made so that every describe works."""
    write({name: whole[name] for name in ("Vpcs", "Subnets", "NetworkInterfaces")}, tmp_path)
    found = account(tmp_path)
    assert plain(described(engine_of(found.state), OWNER, HERE))["Vpcs"] == whole["Vpcs"]
