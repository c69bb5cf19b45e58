"""`elastinet verify`: what is to get through and what is not, asked row by row."""

import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from elastinet.cli.common import CommandFailure, Json, Port, State, find_server, print_json
from elastinet.cli.reach import junit
from elastinet.cli.reach.assertions import read
from elastinet.cli.reach.checking import Checked, Verdict, check
from elastinet.cli.terminal import plain

COLOURS: dict[Verdict, str] = {"passed": "green", "failed": "red", "skipped": "yellow"}
Rows = list[Checked]


def verify(
    file: Annotated[Path, typer.Argument(help="A TOML file of assertions.")],
    packets: Annotated[bool, typer.Option("--packets", help="Send packets, too.")] = False,
    junit_file: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML there.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.1, max=3600)] = 1.0,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Check assertions like "web -> db tcp/5432 allow"; exit code 0 only if every row has passed."""
    if watch and json:
        raise CommandFailure("--watch is for a terminal: --json is of one look", 2)
    server = find_server(port, state)

    def look() -> Rows:
        return [check(server, row, packets=packets) for row in read(file)]

    def keep(rows: Rows) -> None:
        if junit_file:
            junit.write(junit_file, str(file), rows)

    rows = _watched(look, keep, interval) if watch else look()
    keep(rows)
    if json:
        print_json([_shown(one) for one in rows])
    elif not watch:
        Console().print(_table(rows))
    sys.exit(0 if all(one.verdict == "passed" for one in rows) else 1)


def _shown(one: Checked) -> dict[str, object]:
    told = {"row": one.row.number, "assertion": one.row.text, "verdict": one.verdict}
    return {**told, "pairs": one.pairs, "why": list(one.why)}


def _watched(look: Callable[[], Rows], keep: Callable[[Rows], None], interval: float) -> Rows:
    """Keep a table up to date until Ctrl-C; without a terminal it is printed again when it changes.

    What is shown is kept then, and not before.
    """
    console, rows = Console(), look()
    with (
        Live(_table(rows), console=console, auto_refresh=False)
        if console.is_terminal
        else nullcontext() as live
    ):
        if live is None:
            console.print(_table(rows))
        keep(rows)
        try:
            while True:
                time.sleep(interval)
                before, rows = rows, look()
                if live is not None:
                    live.update(_table(rows), refresh=True)
                elif rows != before:
                    console.print(_table(rows))
                keep(rows)
        except KeyboardInterrupt:
            return rows


def _table(rows: Rows) -> Table:
    counts = Counter(one.verdict for one in rows)
    caption = ", ".join(f"{counts[verdict]} {verdict}" for verdict in COLOURS if counts[verdict])
    table = Table("row", "", "assertion", "pairs", "why", box=None, pad_edge=False, caption=caption)
    table.caption_justify = "left"
    for one in rows:
        verdict = f"[{COLOURS[one.verdict]}]{one.verdict}[/]"
        why = plain("\n".join(one.why))
        table.add_row(str(one.row.number), verdict, plain(one.row.text), str(one.pairs), why)
    return table
