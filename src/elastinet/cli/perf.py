"""`elastinet perf`: traffic between two instances, measured, beside what was predicted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from elastinet.cli.common import CommandFailure, Json, Port, State, ask, find_server, print_json, run_folder
from elastinet.cli.measure import figures, iperf, mptcp
from elastinet.cli.measure.guests import ended_in_order
from elastinet.cli.measure.opening import opened
from elastinet.cli.measure.pair import End, asked
from elastinet.cli.terminal import plain
from elastinet.fabric.contract.client import AgentGone

LONGEST_SECONDS = 86400
UDP_EXCESS = 1.02
"""UDP is sent so much faster than it is expected to arrive; what is too much is lost."""
UDP_HEADERS = 28


def perf(
    source: Annotated[str, End],
    target: Annotated[str, End],
    flows: Annotated[str, typer.Option(help="How many; with --mptcp, subflows of one connection.")] = "1",
    udp: Annotated[bool, typer.Option("--udp", help="UDP in place of TCP.")] = False,
    multipath: Annotated[bool, typer.Option("--mptcp", help="Multipath TCP, by as many ports.")] = False,
    duration: Annotated[str, typer.Option(help="For how long: 10, 5m, 1h.")] = "10",
    via: Annotated[Literal["gateway"] | None, typer.Option(help="By public addresses.")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open security groups for the run.")] = False,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Measure the throughput from one instance to another with iperf3, beside what is predicted."""
    server = find_server(port, state)
    if server.fabric != "kernel":
        raise CommandFailure("this server carries no packets (fabric none): see 'elastinet predict'", 2)
    flags = {"udp": udp, "mptcp": multipath, "via": via is not None}
    told = asked("perf", server, (source, target), flags, flows=flows, duration=duration)
    number, run = int(flows), run_folder(server)
    _check(told, number, multipath=multipath, may_open=open_)
    try:
        with ended_in_order(), opened(server, told["missing"]):
            measured = _measure(run, told, number, udp=udp, multipath=multipath, quiet=json)
    except AgentGone as error:
        raise CommandFailure(str(error)) from error
    status = ask(server, "GET", "/_elastinet/status")
    found = _compared(told, measured) | {"unlimited": status["missing"].get("limits", "")}
    if json:
        print_json(found)
    else:
        _show(Console(), plain(found))


def _check(told: dict[str, Any], flows: int, *, multipath: bool, may_open: bool) -> None:
    """Refuse what could only end in a timeout."""
    if multipath and flows > mptcp.MOST:
        raise CommandFailure(f"MPTCP makes {mptcp.MOST} subflows at the most, not {flows}", 2)
    if multipath and told["via"] == "gateway":
        raise CommandFailure("MPTCP's further ports are on private addresses: no gateway leads to them", 2)
    if not 1 <= told["duration_s"] <= LONGEST_SECONDS:
        raise CommandFailure(f"duration: a second to a day, not {figures.time(told['duration_s'])}", 2)
    shut = [rule for rule in told["missing"] if not (may_open and rule["is_group"])]
    if shut:
        hint = "; --open lets it in for the run" if all(rule["is_group"] for rule in shut) else ""
        raise CommandFailure("; ".join(rule["sentence"] for rule in shut) + hint, 2)


def _measure(
    run: Path, told: dict[str, Any], flows: int, *, udp: bool, multipath: bool, quiet: bool
) -> iperf.IperfResult:
    source, target = told["source"]["instance"], told["target"]["instance"]
    iperf.need_programs(run, (source, target), mptcp=multipath)
    prediction, scale = told["prediction"], told["bandwidth_scale"]
    run_asked = iperf.IperfRun(
        source,
        target,
        told["connect_to"],
        told["port"],
        told["duration_s"],
        connections=1 if multipath else flows,
        mptcp=multipath,
        udp_bps=max(prediction["goodput_bps"]) * scale * UDP_EXCESS / flows if udp else None,
        datagram=prediction["mtu"] - UDP_HEADERS,
    )
    with ExitStack() as stack:
        if multipath:
            ports = range(told["port"], told["last_port"] + 1)
            ends = (source, target, told["target"]["address"])
            stack.enter_context(mptcp.subflows(run, *ends, ports, flows))
        return iperf.measure(run, run_asked, stack.enter_context(_progress(told, scale, quiet=quiet)))


@contextmanager
def _progress(told: dict[str, Any], scale: float, *, quiet: bool) -> Iterator[Callable[[float], None]]:
    """A bar that grows by a second with each rate that is heard."""
    passed = TextColumn("{task.completed:.0f} of {task.total:.0f} s")
    columns = (TextColumn("{task.description}"), BarColumn(), passed)
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task("starting iperf3", total=told["duration_s"])

        def heard(bps: float) -> None:
            bar.update(task, advance=1, description=figures.rate(bps / scale))

        yield heard


def _compared(told: dict[str, Any], measured: iperf.IperfResult) -> dict[str, Any]:
    """The measured rate, in EC2's bits a second, beside the predicted one."""
    prediction = told["prediction"]
    bps = measured.bps / told["bandwidth_scale"]
    sources = {limit["resource"]: limit["source"] for limit in prediction["limits"]}
    names = dict.fromkeys(name for binding in prediction["binding"] for name in binding)
    return {
        "source": told["source"]["instance"],
        "target": told["target"]["instance"],
        "seconds": told["duration_s"],
        "measured_bps": bps,
        "predicted_bps": prediction["mean_bps"],
        "ratio": bps / prediction["mean_bps"],
        "retransmits": measured.retransmits,
        "binding": {name: sources[name] for name in names},
        "bandwidth_scale": told["bandwidth_scale"],
    }


def _show(console: Console, found: dict[str, Any]) -> None:
    console.print(f"{found['source']} to {found['target']}, {figures.time(found['seconds'])}")
    console.print(f"measured   {figures.rate(found['measured_bps'])} of data")
    console.print(f"predicted  {figures.rate(found['predicted_bps'])}")
    console.print(f"ratio      {found['ratio']:.3f}")
    for name, source in found["binding"].items():
        console.print(f"binds      {name}: {source}")
    if found["unlimited"]:
        console.print(f"Nothing holds packets up here: {found['unlimited']}")
    if (scale := found["bandwidth_scale"]) != 1:
        console.print(f"Packets went at {scale:g} of EC2's bandwidth; the figures are scaled back.")
