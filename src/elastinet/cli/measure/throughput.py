"""The query and the output of `elastinet predict` for two instances or instance types."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from elastinet.catalog.words import Group, Via
from elastinet.cli.common import CommandFailure, configuration, find_server
from elastinet.cli.measure import figures
from elastinet.cli.measure.edition import edition, otherwise, sentence
from elastinet.cli.measure.pair import asked

WORDS = {
    "mean_bps": lambda bps: f"{figures.rate(bps)} on average",
    "tcp_mean_bps": lambda bps: f"{figures.rate(bps)} by TCP",
}


class ThroughputOptions(NamedTuple):
    """The options of the command line about the traffic and the places of two types."""

    flows: str
    duration: str
    bytes: str
    udp: bool
    mptcp: bool
    efa: bool
    via: Via | None
    group: Group
    express: bool
    rules: str | None


def of_instances(
    port: int | None, state: str | None, ends: tuple[str, str], words: ThroughputOptions
) -> dict[str, Any]:
    """The prediction of two instances of a server, which knows where they are; raises CommandFailure."""
    if words.group != "none" or words.express or words.rules or words.via not in (None, "gateway"):
        raise CommandFailure(
            "instances have a place already: --group, --express, --rules, --via are for --src", 2
        )
    flags = {"udp": words.udp, "mptcp": words.mptcp, "via": words.via is not None, "transport": words.efa}
    sizes = {"flows": words.flows, "duration": words.duration, "bytes": words.bytes}
    return asked("predict", find_server(port, state), ends, flags, **sizes)


def of_types(
    src: str, dst: str, words: ThroughputOptions, at: tuple[int | None, str | None]
) -> dict[str, Any]:
    """The prediction of two types, each given as TYPE@ZONE, by one edition; raises CommandFailure."""
    rules, predicted = edition(words.rules, *at), partial(_of_types, src, dst, words)
    told = predicted(rules)
    return told | {"otherwise": otherwise(rules, told, predicted, _means)}


def _means(told: dict[str, Any]) -> dict[str, float]:
    """The mean rates of a prediction, of that over TCP too where it is beside one over EFA."""
    beside = told.get("tcp")
    return {"mean_bps": told["mean_bps"]} | ({"tcp_mean_bps": beside["mean_bps"]} if beside else {})


def _of_types(src: str, dst: str, words: ThroughputOptions, rules: str) -> dict[str, Any]:
    from elastinet.forecast.asking import BadQuestion, question
    from elastinet.forecast.beside import beside
    from elastinet.forecast.prediction import Prediction, predict_limits
    from elastinet.forecast.type_pairs import BadPair, type_pair

    settings = configuration(rules=rules).settings

    def found(*, efa: bool) -> Prediction:
        what = question(words.flows, words.duration, words.bytes, udp=words.udp, mptcp=words.mptcp, efa=efa)
        where = partial(type_pair, group=words.group, via=words.via, express=words.express)
        return predict_limits(
            where(src, dst, what.traffic, settings=settings), what.duration_s, what.data_bytes
        )

    try:
        told = found(efa=words.efa).as_json() | (beside(found(efa=False)) if words.efa else {})
    except (BadQuestion, BadPair) as why:
        raise CommandFailure(str(why), 2) from why
    known = {"source": src, "target": dst, "rules": rules}
    return known | told | {"credit_time_scale": settings.credit_time_scale}


def draw(told: dict[str, Any], path: Path) -> None:
    """Draw a prediction into a file; raises CommandFailure."""
    from elastinet.forecast.plot import PlotError, save

    try:
        save(told, path)
    except PlotError as why:
        raise CommandFailure(str(why), 2) from why
    except OSError as why:
        raise CommandFailure(f"cannot write {path}: {why.strerror}") from why


def show(console: Console, told: dict[str, Any]) -> None:
    """Print a prediction; over EFA, what there is over TCP below it, and why the two differ."""
    ends = f"{told['source']} to {told['target']}"
    console.print(f"{ends}, rules {told['rules']}, packets of {told['mtu']} bytes at the most")
    if other := told.get("otherwise"):
        console.print(sentence(other, WORDS))
    if "why" not in told:
        _show(console, told)
        return
    console.print("over EFA", style="bold")
    _show(console, told)
    console.print("over TCP", style="bold")
    if told["tcp"] is None:
        console.print(f"nothing: {told['no_tcp']}")
    else:
        _show(console, told["tcp"] | {"credit_time_scale": told["credit_time_scale"]})
    console.print(told["why"])


def _show(console: Console, told: dict[str, Any]) -> None:
    table = Table("from", "to", "data", "on the wire", "binds", "credits left", box=None, pad_edge=False)
    for row in rows(told):
        table.add_row(*row)
    console.print(table)
    sources = {limit["resource"]: limit["source"] for limit in told["limits"]}
    for name in dict.fromkeys(name for names in told["binding"] for name in names):
        console.print(f"{name}: {sources[name]}", style="dim", markup=False)
    console.print(f"{figures.size(told['data_bytes'])} in all, {figures.rate(told['mean_bps'])} on average")
    if told["levels"] and (pace := told["credit_time_scale"]) != 1:
        console.print(f"Credits run {pace:g} times as fast as EC2's.")
    if told["finish_s"] is not None:
        console.print(f"done after {figures.time(told['finish_s'])}")


def rows(told: dict[str, Any]) -> list[tuple[str, ...]]:
    """The rows of a prediction, one for each span of time with one rate."""
    times, wire, binding = told["times_s"], told["wire_bps"], told["binding"]
    starts = [n for n in range(len(wire)) if n == 0 or (wire[n], binding[n]) != (wire[n - 1], binding[n - 1])]
    sizes = {limit["resource"]: limit["credit_bits"] for limit in told["limits"]}
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
