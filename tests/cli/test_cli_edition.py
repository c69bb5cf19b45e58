"""The edition of the rules that `elastinet predict` goes by for types, and what it says of the other one."""

from pathlib import Path
from typing import Any

import pytest

from commands import NONE, Run, refused, told

P5 = ("--src", "p5.48xlarge", "--dst", "p5.48xlarge", "--transport", "efa")
OLD = ("--src", "c5.xlarge", "--dst", "c5.xlarge")
SIXTEEN = ("--collective", "allreduce", "--bytes", "1GiB", "--type", "p5.48xlarge", "--count", "16")
NOWHERE = {"ELASTINET_STATE": "nowhere"}
"""Where no server is, whoever else runs one on this machine."""


def by(run: Run, *words: str, **variables: str) -> Any:
    return told(run("predict", *words, "--json", **NOWHERE | variables))


def test_todays_where_no_server_runs(run: Run) -> None:
    assert by(run, *P5)["rules"] == by(run, *SIXTEEN)["rules"] == "2026"
    first, second, *_ = run("predict", *P5, **NOWHERE).stdout.splitlines()
    assert first.startswith("p5.48xlarge to p5.48xlarge, rules 2026, ")
    assert second.startswith("by the rules classic otherwise: 99.035 Gbit/s on average")
    first, second, *_ = run("predict", *SIXTEEN, **NOWHERE).stdout.splitlines()
    assert first.endswith("rules 2026")
    assert second == "by the rules classic otherwise: 175.129 ms"


@pytest.mark.parametrize("words", [P5, SIXTEEN])
def test_each_edition_tells_of_the_other(run: Run, words: tuple[str, ...]) -> None:
    new, old = (by(run, *words, "--rules", rules) for rules in ("2026", "classic"))
    name = "seconds" if words is SIXTEEN else "mean_bps"
    assert (new["otherwise"]["rules"], new["otherwise"][name]) == ("classic", old[name])
    assert (old["otherwise"]["rules"], old["otherwise"][name]) == ("2026", new[name])
    assert abs(new[name] / old[name] - 1) > 0.1


def test_nothing_is_said_where_both_answer_alike(run: Run) -> None:
    assert by(run, *OLD)["otherwise"] is None
    lines = run("predict", *OLD, **NOWHERE).stdout.splitlines()
    assert not [line for line in lines if line.startswith("by the rules")]
    few = ("--collective", "alltoall", "--bytes", "64KiB", "--type", "c5.large", "--count", "2")
    assert by(run, *few)["otherwise"] is None


def test_what_only_one_edition_answers(run: Run) -> None:
    express = ("--src", "m6i.32xlarge", "--dst", "m6i.32xlarge", "--express")
    found = by(run, *express)
    assert found["otherwise"] == {
        "rules": "classic",
        "why": "there is no ENA Express in the rules of classic",
    }
    shown = run("predict", *express, **NOWHERE).stdout
    assert "by the rules classic not at all: there is no ENA Express" in shown
    refused(run("predict", *express, "--rules", "classic", **NOWHERE), 2, "there is no ENA Express")


def test_the_running_servers(run: Run) -> None:
    """The default of `start` is classic, and a plan beside such a server is made by its rules."""
    told(run("start", *NONE, "--state", "state"))
    for words in (P5, SIXTEEN):
        assert told(run("predict", *words, "--json", "--state", "state"))["rules"] == "classic"
        assert told(run("predict", *words, "--json", ELASTINET_STATE="state"))["rules"] == "classic"
        asked = told(run("predict", *words, "--json", "--state", "state", "--rules", "2026"))
        assert asked["rules"] == "2026"
    told(run("stop", "--json", "--state", "state"))
    assert by(run, *P5, ELASTINET_STATE="state")["rules"] == "2026"
    refused(run("predict", *P5, "--state", "state"), 1, "no server is running")


def test_the_configured_one_before_todays(run: Run, tmp_path: Path) -> None:
    assert by(run, *P5, ELASTINET_RULES="classic")["rules"] == "classic"
    file = tmp_path / "mine.toml"
    file.write_text('rules = "classic"\n')
    assert by(run, *SIXTEEN, ELASTINET_CONFIG=str(file))["rules"] == "classic"
    assert by(run, *SIXTEEN, "--rules", "2026", ELASTINET_CONFIG=str(file))["rules"] == "2026"
    refused(run("predict", *P5, "--rules", "1999", **NOWHERE), 2, "1999")
    refused(run("predict", *P5, **NOWHERE, ELASTINET_RULES="1999"), 2, "1999")
