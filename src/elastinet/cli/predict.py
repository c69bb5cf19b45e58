"""`elastinet predict`: what would be carried, for how long, and what binds, without sending anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from elastinet.catalog.words import Algorithm, Collective, Group, Via
from elastinet.cli.common import CommandFailure, Json, Port, State, print_json
from elastinet.cli.measure import collective as collectives
from elastinet.cli.measure import throughput
from elastinet.cli.measure.pair import End
from elastinet.cli.terminal import plain


def predict(
    source: Annotated[str | None, End] = None,
    target: Annotated[str | None, End] = None,
    flows: Annotated[
        str, typer.Option(help="How many flows; with --mptcp, subflows of one connection.")
    ] = "1",
    udp: Annotated[bool, typer.Option("--udp", help="UDP in place of TCP.")] = False,
    mptcp: Annotated[bool, typer.Option("--mptcp", help="Multipath TCP.")] = False,
    transport: Annotated[
        Literal["efa", "tcp"] | None, typer.Option(help="efa: over EFA, beside TCP; a collective's default.")
    ] = None,
    duration: Annotated[str, typer.Option(help="For how long: 90, 10m, 1h (the default).")] = "",
    bytes: Annotated[str, typer.Option(help="Until so much data has been sent: 500GB, 1TB.")] = "",
    via: Annotated[Via | None, typer.Option(help="gateway: by public addresses; else with --src.")] = None,
    src: Annotated[str, typer.Option(help="In place of an instance: TYPE@ZONE.")] = "",
    dst: Annotated[str, typer.Option(help="In place of an instance: TYPE@ZONE.")] = "",
    group: Annotated[Group, typer.Option(help="The types in a placement group.")] = "none",
    express: Annotated[bool, typer.Option("--express", help="ENA Express at both types.")] = False,
    collective: Annotated[Collective | None, typer.Option(help="Of --count instances of --type.")] = None,
    type: Annotated[str, typer.Option(help="Of a collective: TYPE or TYPE@ZONE.")] = "",
    count: Annotated[str, typer.Option(help="Of a collective: how many instances.")] = "",
    ranks: Annotated[
        str, typer.Option("--ranks-per-instance", help="One, or one for each accelerator; without such any.")
    ] = "",
    algorithm: Annotated[Algorithm | None, typer.Option(help="Of a collective: or else the fastest.")] = None,
    rules: Annotated[
        str | None, typer.Option(help="Edition for types: or else the running server's, or 2026.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it into this .svg or .png file.")] = None,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Predict the throughput from one instance, or type, to another: over time, with what binds and why."""
    if collective is None and (type or count or ranks or algorithm):
        raise CommandFailure("--type, --count, --ranks-per-instance and --algorithm are for --collective", 2)
    if collective is not None:
        if source or target or src or dst or udp or mptcp or duration or via or express or plot:
            raise CommandFailure("a collective is among --count instances of one --type, over --transport", 2)
        of = collectives.CollectiveOptions(bytes, type, count, ranks, flows, transport, group, algorithm)
        _print(collectives.predicted(collective, of, rules, (port, state)), collectives.show, json=json)
        return
    words = throughput.ThroughputOptions(
        flows, duration, bytes, udp, mptcp, transport == "efa", via, group, express, rules
    )
    told = _throughput((source, target), (src, dst), words, (port, state))
    if plot is not None:
        throughput.draw(told, plot)
    _print(told, throughput.show, json=json)


def _throughput(
    ends: tuple[str | None, str | None],
    types: tuple[str, str],
    words: throughput.ThroughputOptions,
    at: tuple[int | None, str | None],
) -> dict[str, Any]:
    if any(types):
        if any(ends):
            raise CommandFailure("give two instances, or --src and --dst: not both", 2)
        return throughput.of_types(*types, words, at)
    source, target = ends
    if not (source and target):
        raise CommandFailure("two instances are needed, or --src TYPE@ZONE and --dst TYPE@ZONE", 2)
    return throughput.of_instances(*at, (source, target), words)


def _print(told: dict[str, Any], show: Callable[[Console, dict[str, Any]], None], *, json: bool) -> None:
    if json:
        print_json(told)
    else:
        show(Console(), plain(told))
