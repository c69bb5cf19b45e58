"""`elastinet predict`: what would be carried, for how long, and what binds, without sending anything."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console
from rich.table import Table

from elastinet.cli import figures
from elastinet.cli.common import Failure, Json, Port, State, ask, configuration, find_server, print_json
from elastinet.forecast.asking import BadQuestion, question
from elastinet.forecast.plot import PlotError, save
from elastinet.forecast.prediction import predict_caps
from elastinet.forecast.type_pairs import BadPair, Group, type_pair
from elastinet.rules.paths import Via

End = typer.Argument(help="An instance's id or Name tag, or an interface's id.")


def predict(
    source: Annotated[str | None, End] = None,
    target: Annotated[str | None, End] = None,
    flows: Annotated[
        str, typer.Option(help="How many flows; with --mptcp, subflows of one connection.")
    ] = "1",
    udp: Annotated[bool, typer.Option("--udp", help="UDP in place of TCP.")] = False,
    mptcp: Annotated[bool, typer.Option("--mptcp", help="Multipath TCP.")] = False,
    duration: Annotated[str, typer.Option(help="For how long: 90, 10m, 1h (the default).")] = "",
    bytes: Annotated[str, typer.Option(help="Until so much data has been sent: 500GB, 1TB.")] = "",
    via: Annotated[Via | None, typer.Option(help="gateway: by public addresses; else with --src.")] = None,
    src: Annotated[str, typer.Option(help="In place of an instance: TYPE@ZONE.")] = "",
    dst: Annotated[str, typer.Option(help="In place of an instance: TYPE@ZONE.")] = "",
    group: Annotated[Group, typer.Option(help="Both types in a placement group.")] = "none",
    express: Annotated[bool, typer.Option("--express", help="ENA Express at both types.")] = False,
    rules: Annotated[str | None, typer.Option(help="Edition of EC2's rules for types.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it into this .svg or .png file.")] = None,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Predict the throughput from one instance, or type, to another: over time, with what binds and why."""
    if src or dst:
        if source or target:
            raise Failure("give two instances, or --src and --dst: not both", 2)
        told = _types(src, dst, (flows, duration, bytes), udp, mptcp, group, via, express, rules)
    elif source and target:
        if group != "none" or express or rules or via not in (None, "gateway"):
            raise Failure(
                "instances have a place already: --group, --express, --rules, --via are for --src", 2
            )
        asked = {"source": source, "target": target, "flows": flows, "duration": duration, "bytes": bytes}
        flags = {"udp": udp, "mptcp": mptcp, "via": via is not None}
        told = _instances(port, state, asked, flags)
    else:
        raise Failure("two instances are needed, or --src TYPE@ZONE and --dst TYPE@ZONE", 2)
    if plot is not None:
        _draw(told, plot)
    if json:
        print_json(told)
    else:
        _show(Console(), told)


def _instances(
    port: int | None, state: str | None, asked: dict[str, str], flags: dict[str, bool]
) -> dict[str, Any]:
    words = {"udp": "true", "mptcp": "true", "via": "gateway"}
    query = urlencode(asked | {name: words[name] for name, wanted in flags.items() if wanted})
    told: dict[str, Any] = ask(find_server(port, state), "GET", f"/_elastinet/predict?{query}", refused=2)
    return told


def _types(
    src: str,
    dst: str,
    words: tuple[str, str, str],
    udp: bool,
    mptcp: bool,
    group: Group,
    via: Via | None,
    express: bool,
    rules: str | None,
) -> dict[str, Any]:
    settings = configuration(rules=rules).settings
    try:
        asked = question(*words, udp=udp, mptcp=mptcp)
        caps = type_pair(src, dst, asked.traffic, group=group, via=via, express=express, settings=settings)
    except (BadQuestion, BadPair) as why:
        raise Failure(str(why), 2) from why
    found = predict_caps(caps, asked.duration_s, asked.data_bytes).shown()
    return {"source": src, "target": dst} | found | {"credit_time_scale": settings.credit_time_scale}


def _draw(told: dict[str, Any], path: Path) -> None:
    try:
        save(told, path)
    except PlotError as why:
        raise Failure(str(why), 2) from why
    except OSError as why:
        raise Failure(f"cannot write {path}: {why.strerror}") from why


def _show(console: Console, told: dict[str, Any]) -> None:
    table = Table("from", "to", "data", "on the wire", "binds", "credits left", box=None, pad_edge=False)
    for row in rows(told):
        table.add_row(*row)
    console.print(f"{told['source']} to {told['target']}, packets of {told['mtu']} bytes at the most")
    console.print(table)
    sources = {cap["resource"]: cap["source"] for cap in told["caps"]}
    for name in dict.fromkeys(name for names in told["binding"] for name in names):
        console.print(f"{name}: {sources[name]}", style="dim")
    console.print(f"{figures.size(told['data_bytes'])} in all, {figures.rate(told['mean_bps'])} on average")
    if told["levels"] and (pace := told["credit_time_scale"]) != 1:
        console.print(f"Credits run {pace:g} times as fast as EC2's.")
    if told["finish_s"] is not None:
        console.print(f"done after {figures.time(told['finish_s'])}")


def rows(told: dict[str, Any]) -> list[tuple[str, ...]]:
    """What a prediction says, a row for each span of time with one rate."""
    times, wire, binding = told["times_s"], told["wire_bps"], told["binding"]
    starts = [n for n in range(len(wire)) if n == 0 or (wire[n], binding[n]) != (wire[n - 1], binding[n - 1])]
    sizes = {cap["resource"]: cap["credit_bits"] for cap in told["caps"]}
    found: list[tuple[str, ...]] = []
    for start, end in zip(starts, [*starts[1:], len(wire)], strict=True):
        left = (
            f"{name} {levels[start] / sizes[name]:.0%} to {levels[end] / sizes[name]:.0%}"
            for name, levels in told["levels"].items()
        )
        span = (figures.time(times[start]), figures.time(times[end]))
        rates = (figures.rate(told["goodput_bps"][start]), figures.rate(wire[start]))
        found.append((*span, *rates, ", ".join(binding[start]), "; ".join(left)))
    return found
