"""`elastinet verify`: what is to get through and what is not, asked row by row."""

import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from elastinet.cli.common import CommandFailure, Json, Port, State, find_server, print_json
from elastinet.cli.reach import junit
from elastinet.cli.reach.assertions import read
from elastinet.cli.reach.checking import Checked, Verdict, check, of_server
from elastinet.cli.terminal import plain
from elastinet.serve.places import Server

if TYPE_CHECKING:
    from elastinet.dumps.finding import Finding

COLOURS: dict[Verdict, str] = {"passed": "green", "failed": "red", "skipped": "yellow"}
Rows = list[Checked]


def verify(
    file: Annotated[Path, typer.Argument(help="A TOML file of assertions.")],
    packets: Annotated[bool, typer.Option("--packets", help="Send packets, too.")] = False,
    junit_file: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML there.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")] = False,
    dump: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Ask an account's dump, and no server.")
    ] = None,
    interval: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.1, max=3600)] = 1.0,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Check assertions like "web -> db tcp/5432 allow"; exit code 0 only if every row has passed."""
    if watch and json:
        raise CommandFailure("--watch is for a terminal: --json is of one look", 2)
    if dump and (packets or port or state):
        raise CommandFailure("--dump asks files: --packets, --port and --state are for a server", 2)
    look = _by_dump(dump, file) if dump else _by_server(find_server(port, state), file, packets=packets)

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


def _by_server(server: Server, file: Path, *, packets: bool) -> Callable[[], Rows]:
    sender = server if packets else None
    return lambda: [check(of_server(server), row, sender) for row in read(file)]


def _by_dump(dump: Path, file: Path) -> Callable[[], Rows]:
    """A look at a dump, which is read anew each time; each thing that weakens its answers is said once."""
    from elastinet.cli.reach import dumped

    said = set["Finding"]()

    def look() -> Rows:
        assertions, found = read(file), dumped.read(dump)
        dumped.say(tuple(one for one in found.findings if one not in said))
        said.update(found.findings)
        return [check(partial(dumped.verify, found.state), row) for row in assertions]

    return look


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
