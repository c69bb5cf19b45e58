"""An answer on a terminal: a sentence, the way as a column, and what opens what blocks."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console

from elastinet.cli.terminal import plain

KINDS = {
    "acl": "network ACL",
    "table": "route table",
    "gateway": "internet gateway",
    "egress": "egress-only gateway",
    "nat": "NAT gateway",
    "group": "security group",
}
WAYS = {"ingress": "in", "egress": "out", "": ""}


def show(console: Console, told: dict[str, Any], *, whole: bool = True) -> None:
    """Print an answer, or its sentence alone; commands are never broken over lines."""
    lines = _lines(plain(told)) if whole else (_sentence(plain(told)), *_verdicts(plain(told)))
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield _sentence(told)
    shown = set[str]()
    for head in ("there", "back"):
        if told[head]:
            yield f"[bold]{head}[/]"
            yield from _way(told[head], shown)
    steps = [*told["there"], *told["back"]]
    known = [blocker["sentence"] for step in steps for blocker in step["blockers"]]
    for blocker in told["blockers"]:
        if blocker["sentence"] not in known:
            yield from _blocked(blocker, shown)
    yield from (f"[yellow]warning:[/] {warning}" for warning in told["warnings"])
    yield from _verdicts(told)


def _verdicts(told: dict[str, Any]) -> Iterator[str]:
    """The two verdicts side by side, if packets were sent."""
    if "probe" not in told:
        return
    sent, seen = told["probe"]["reachable"], told["probe"]["seen"]
    words = {True: "reachable", False: "not reachable", None: "not sent"}
    yield f"analysis: {words[told['reachable']]}   packets: {words[sent]} ({seen})"
    if sent is not None and sent != told["reachable"]:
        yield "[red]The two differ.[/] The analysis assumes that instances forward and answer as they should."


def _sentence(told: dict[str, Any]) -> str:
    return f"[{'green' if told['reachable'] else 'red'}]{told['sentence']}[/]"


def _way(steps: list[dict[str, Any]], shown: set[str]) -> Iterator[str]:
    rows = [(KINDS.get(step["kind"], step["kind"]), _name(step)) for step in steps]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for row, step in zip(rows, steps, strict=True):
        kind, name = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        colour = "red" if step["blockers"] else "dim"
        yield f"  [{colour}]{'✗' if step['blockers'] else '↓'} {kind}[/]  {name}  {step['by']}".rstrip()
        for blocker in step["blockers"]:
            yield from _blocked(blocker, shown)


def _name(step: dict[str, Any]) -> str:
    return f"{step['name']} {WAYS[step['direction']]}".rstrip()


def _blocked(blocker: dict[str, Any], shown: set[str]) -> Iterator[str]:
    yield f"    [red]{blocker['sentence']}[/] [dim]({blocker['code']})[/]"
    for command in blocker["commands"]:
        if command not in shown:
            shown.add(command)
            yield f"      {command}"
