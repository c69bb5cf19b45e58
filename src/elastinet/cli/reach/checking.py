"""A row of assertions, asked: passed, failed, or skipped where it could not be asked."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from elastinet.cli.common import CommandFailure, ask, run_folder
from elastinet.cli.reach.assertions import Assertion
from elastinet.cli.reach.probe import probe
from elastinet.serve.places import Server

REFUSED = 2
"""The exit code by which a question is known that cannot be asked."""
Verdict = Literal["passed", "failed", "skipped"]
Ask = Callable[[dict[str, str]], dict[str, Any]]
"""Answers a row's words as the page of a server does; raises CommandFailure with REFUSED if it cannot."""


class Checked(NamedTuple):
    """A row, its verdict, the number of pairs that it is about, and why."""

    row: Assertion
    verdict: Verdict
    pairs: int
    why: tuple[str, ...] = ()


def of_server(server: Server) -> Ask:
    """A server's own page."""
    return lambda words: ask(server, "GET", f"/_elastinet/verify?{urlencode(words)}", refused=REFUSED)


def check(asked: Ask, row: Assertion, sender: Server | None = None) -> Checked:
    """Ask about a row, and have a server send packets; raises CommandFailure only if nobody answers."""
    words = {"source": row.source, "target": row.target, "protocol": row.protocol, "port": row.port}
    flags = {"ipv6": row.ipv6, "packets": sender is not None}
    try:
        told = asked(words | {name: "true" for name, is_set in flags.items() if is_set})
    except CommandFailure as failure:
        if failure.code != REFUSED:
            raise
        return Checked(row, "skipped", 0, (str(failure),))
    checked = _analysed(row, told)
    return _sent(sender, checked, told) if sender else checked


def _analysed(row: Assertion, told: dict[str, Any]) -> Checked:
    wrong, counts = ("shut" if row.allow else "open"), told["counts"]
    if counts[wrong]:
        return Checked(row, "failed", told["pairs"], tuple(one["sentence"] for one in told[wrong]))
    asleep = counts["asleep"]
    why = f"{asleep} of {told['pairs']} only because something does not run: see elastinet why"
    return Checked(row, "passed", told["pairs"], (why,) if asleep else ())


def _sent(server: Server, checked: Checked, told: dict[str, Any]) -> Checked:
    """The same beside packets: these must say the same of every pair."""
    verdict, why, run = checked.verdict, list(checked.why), run_folder(server)
    for pair in (*told["open"], *told["shut"]):
        found = probe(server, run, pair["packet"])
        who = f"packets from {pair['source']} to {pair['target']}"
        if found.reachable is None:
            verdict = "failed" if verdict == "failed" else "skipped"
            why.append(f"{who} could not be sent: {found.seen}")
        elif found.reachable != checked.row.allow:
            verdict = "failed"
            why.append(f"{who} {'get' if found.reachable else 'do not get'} through ({found.seen})")
    return checked._replace(verdict=verdict, why=tuple(why))
