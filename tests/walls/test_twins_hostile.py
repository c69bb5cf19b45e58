"""A twin is of somebody else's files, and its difference is run by a shell: whatever is in them, it is only data."""

import copy as copying
import json
import random
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from account_moves import Changer, copy
from commands import NONE, Run, refused, told
from compiled import planned
from describing import described, spoil, write
from elastinet.catalog.settings import Settings
from elastinet.dumps.account import MOST_FINDINGS, account
from elastinet.dumps.finding import DumpError
from elastinet.model.noun import Noun
from elastinet.model.state import State
from elastinet.twin.differing import steps
from elastinet.twin.original import Original, decode, encode, read
from elastinet.twin.script import script
from full_region import Full
from refusing import refusing
from small_region import HERE, OWNER
from tries import tries

KEY = {"AWS_ACCESS_KEY_ID": OWNER, "AWS_SECRET_ACCESS_KEY": "x"}
HOSTILE = (
    "'; touch hacked; '", "$(touch hacked)", "`touch hacked`", "\ntouch hacked\n", "\\'; touch hacked #", "\x1b[2J\x00",
    "file:///etc/shadow", "-rf", "https://192.0.2.1/x", "{\"a\": 1}", "[1]", "\ud800", "", " ", "*", "~", "a=b,c={d}", "x" * 300,
    "\u202etouch hacked", "& touch hacked &", "| touch hacked", "> hacked", "!!", "%s%n",
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, 0, -1, 1 << 70, 1e300, *HOSTILE, "../x", "10.0.0.0/8", "us-east-1-bos-1a", "vpc-0", [], {}, "running", True,
)  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    full = Full(3)
    full.settle()
    return described(full.region.engine, OWNER, HERE)


def texts(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way for name, one in inside for way in ((*path, name), *texts(one, (*path, name)))]


def spoiled(whole: dict[str, Any], dice: random.Random, count: int) -> dict[str, Any]:
    changed = copying.deepcopy(whole)
    spoil(changed, dice.sample(texts(changed), count), ODD, dice)
    return changed


def original_of(folder: Path) -> Original | None:
    try:
        return read(folder)
    except DumpError as error:
        told = str(error)
    assert told.isprintable()
    return None


@pytest.mark.parametrize("seed", range(tries(60)))
def test_an_odd_dump_is_a_twin_or_refused_and_then_used_as_any_account(
    seed: int, whole: dict[str, Any], tmp_path: Path
) -> None:
    """Its program is compiled, its describes answer, operations do or are refused; nothing breaks."""
    dice = random.Random(seed)
    write(spoiled(whole, dice, 12), tmp_path / OWNER / HERE)
    original = original_of(tmp_path)
    if original is None:
        return
    assert decode(encode(original)) == original
    engine = copy(original.state)
    planned(engine.state, Settings())
    Changer(engine, seed).change(12)
    planned(engine.state, Settings())
    described(engine, original.account, original.region)
    check_words(list(script(steps(original.state, engine.state), original.account)))


def check_words(lines: list[str]) -> None:
    """Every line is one command of the AWS CLI, or what it makes, or a comment."""
    for line in lines:
        assert line.isprintable(), line
        if not line.startswith("# "):
            name, is_made, rest = line.partition("=$(aws ec2 ")
            assert line.startswith("aws ec2 ") or (is_made and name.replace("_", "").isalnum()), line
            assert shlex.split(rest or line)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:20])
def test_no_text_of_a_twin_is_run_by_the_shell(text: str, whole: dict[str, Any], tmp_path: Path) -> None:
    """Every text of every noun is hostile, and all of it is new, and all that was is gone."""
    write(whole, tmp_path / "dump" / OWNER / HERE)
    before = read(tmp_path / "dump").state
    after = State()
    for table in before.tables.values():
        for noun in table.rows.values():
            hostile = _with(noun, text)
            after.replace(type(noun), hostile.id, hostile)
    every = State()
    for one, other in ((before, after), (State(), after), (after, State()), (before, every)):
        lines = list(script(steps(one, other), OWNER))
        check_words(lines)
        text = "\n".join(["set -e", "aws() { :; }", *lines, ""])
        (tmp_path / "fix.sh").write_text(text, encoding="utf-8")
        done = subprocess.run(["sh", "fix.sh"], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert sorted(p.name for p in tmp_path.iterdir()) == ["dump", "fix.sh"]


FREE = {"description", "group_name", "list_name", "policy", "key_name", "image_id", "instance_type", "ptr_record",
        "user_data", "tenancy", "service_name", "hostname_type", "platform"}  # fmt: skip


def _with(noun: Noun, text: str) -> Noun:
    """The same with a hostile text wherever a dump may have any."""
    changes = {name: text for name in noun.__struct_fields__ if name in FREE}
    return noun.but(**changes, tags=(("Name", text), (text, text)))


def test_an_endpoint_names_no_file(run: Run, tmp_path: Path) -> None:
    """An id that is none becomes neither a file's name nor a parameter."""
    server = told(run("start", *NONE, "--state", "state"))
    swapped = {"<prefixListId>pl-": "<prefixListId>../../../pl-", "<vpcId>vpc-": "<vpcId>../vpc-"}
    with refusing(server["url"], instead=swapped) as url:
        done = run("import", "found", "--region", HERE, "--endpoint-url", url, **KEY)
    assert done.returncode == 0, done.stderr
    kept = {path.name for path in (tmp_path / "found").rglob("*") if path.is_file()}
    assert "describe-vpcs.json" in kept
    assert not any(name.startswith("pl-") for name in kept)
    assert not list(tmp_path.rglob("pl-*"))


def test_very_many_odd_items_are_few_findings(tmp_path: Path) -> None:
    odd = ",".join(f'{{"SubnetId": "subnet-{n:x}"}}' for n in range(50_000))
    same = ",".join(["{}"] * 200_000)
    vpc = '{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}'
    (tmp_path / "all.json").write_text(f'{{"Vpcs": [{vpc}], "Subnets": [{odd}], "Addresses": [{same}]}}')
    began = time.monotonic()
    found = account(tmp_path)
    assert time.monotonic() - began < 120  # it takes a few seconds
    assert len(found.findings) == MOST_FINDINGS + 1
    assert "more like these" in str(found.findings[-1])


def test_a_start_says_what_is_wrong_in_one_line(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    vpc = {"VpcId": "../vpc-1", "CidrBlock": "10.0.0.0/16"}
    (folder / "vpcs.json").write_text(json.dumps({"Vpcs": [vpc]}))
    refused(run("start", *NONE, "--twin", "bad"), 2, "no VPC can be read")
    refused(run("start", *NONE, "--twin", "bad\x1b[2J"), 2, "no such folder")
    alike = [{"VpcId": f"vpc-{n}00000000000001", "CidrBlock": "10.0.0.0/16"} for n in ("100", "200")]
    (folder / "vpcs.json").write_text(json.dumps({"Vpcs": alike}))
    refused(run("start", *NONE, "--twin", "bad"), 2, "end alike")
