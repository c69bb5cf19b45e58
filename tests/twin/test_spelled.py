"""Every kind of command that a difference has is taken by the AWS CLI as it is printed, and by a server."""

import re
import shlex
from pathlib import Path

import pytest

from account_moves import MOVES, Changer, copy, rich
from applying import settle
from commands import NONE, Run, told
from describing import described, write
from elastinet.dumps.account import account
from elastinet.twin.differing import steps
from elastinet.twin.script import script
from forked import forked
from small_region import HERE, OWNER

KEY = {"AWS_ACCESS_KEY_ID": OWNER, "AWS_SECRET_ACCESS_KEY": "x", "AWS_PAGER": ""}
COMMAND = re.compile(r"(?:(?P<name>\w+)=\$\()?aws (?P<words>.*?)(?(name)\))", re.DOTALL)


@pytest.mark.in_turn(2)
@pytest.mark.parametrize("seed", [4, 11])
def test_the_cli_takes_what_is_printed(seed: int, run: Run, tmp_path: Path) -> None:
    """All moves in one difference; what is waited for is there at once, without a fabric."""
    original = rich(seed)
    write(described(copy(original), OWNER, HERE), tmp_path / "dump" / OWNER / HERE)
    before = account(tmp_path / "dump").state
    twin = copy(before)
    changer = Changer(twin, seed)
    for made in MOVES:
        try:
            made(changer)
        except IndexError:
            continue  # there is none to choose
        settle(twin)
    lines = [line for line in script(steps(before, twin.state), OWNER) if not line.startswith("#")]
    kinds = {line.partition("aws ec2 ")[2].split()[0] for line in lines}
    assert len(kinds) > 20
    server = told(run("start", *NONE, "--state", "state", "--twin", str(tmp_path / "dump")))
    names: dict[str, str] = {}
    for line in lines:
        found = COMMAND.fullmatch(line)
        assert found, line
        words = [re.sub(r"\$(\w+)", lambda m: names.get(m[1], m[0]), w) for w in shlex.split(found["words"])]
        if words[1] == "wait":
            continue
        done = forked("aws").run(words, KEY | {"AWS_ENDPOINT_URL": server["url"]})
        assert done.returncode == 0, (line, words, done.stderr)
        if found["name"]:
            names[found["name"]] = done.stdout.strip()
            assert names[found["name"]] not in ("", "None"), line
