"""`elastinet top`."""

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json
from elastinet.cli.measure import figures
from elastinet.cli.terminal import plain
from elastinet.serve.places import Server

if TYPE_CHECKING:
    from elastinet.operator.rates import Page, Rate

Interval = Annotated[float, typer.Option(help="Seconds between two looks.", min=0.1, max=3600)]
Once = Annotated[bool, typer.Option("--once", help="Look once, and end.")]
HEADS = ("instance", "type", "", "rate", "of allowance", "allowance", "credits", "empty in", "held by")


def top(
    interval: Interval = 1.0, once: Once = False, port: Port = None, state: State = None, json: Json = False
) -> None:
    """Show what instances send and receive, the share of their allowance, and the limit that holds them."""
    server, console = find_server(port, state), Console()
    if json:
        print_json([one._asdict() for one in _look(server, _page(server), interval)[1]])
    elif once or not console.is_terminal:
        console.print(_table(*_look(server, _page(server), interval)))
    else:
        _watch(server, console, interval)


def _page(server: Server) -> "Page":
    page: Page = ask(server, "GET", "/_elastinet/traffic")
    return page


def _look(server: Server, before: "Page", interval: float) -> tuple["Page", list["Rate"]]:
    """The next page, and what has happened until then."""
    if before["seconds"] is not None:
        time.sleep(interval)
    after = _page(server)
    return after, _rates(before, after)


def _rates(before: "Page", after: "Page") -> list["Rate"]:
    from elastinet.operator.rates import rates

    return list(rates(before, after))


def _watch(server: Server, console: Console, interval: float) -> None:
    """Look again and again, until Ctrl-C."""
    page = _page(server)
    first = _table(page, _rates(page, page))
    with Live(first, console=console, screen=True, auto_refresh=False) as live:
        try:
            while True:
                page, found = _look(server, page, interval)
                live.update(_table(page, found), refresh=True)
        except KeyboardInterrupt:
            return


def _table(page: "Page", found: list["Rate"]) -> Table:
    table = Table(*HEADS, box=None, pad_edge=False, caption=_caption(page), caption_justify="left")
    for one in found:
        table.add_row(*_row(one))
    return table


def _caption(page: "Page") -> str | None:
    if page["seconds"] is None:
        return "No packets are carried (fabric none): there are no rates."
    scale = page["bandwidth_scale"]
    return None if scale == 1 else f"Bandwidths are those of EC2; on this machine they are {scale:g} of them."


def _row(one: "Rate") -> tuple[str, ...]:
    name = f"{plain(one.name)} ({one.instance})" if one.name else one.instance
    return (
        name if one.direction == "out" else "",
        one.type if one.direction == "out" else "",
        one.direction,
        figures.rate(one.bps),
        f"{one.share:.0%}",
        figures.rate(one.allowance_bps),
        "" if one.credits is None else f"{one.credits:.0%}",
        "" if one.seconds_to_empty is None else figures.time(one.seconds_to_empty),
        one.binding or "",
    )
