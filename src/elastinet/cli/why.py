"""`elastinet why`: do packets get from A to B, by what, and if not, what must change."""

import sys
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

import typer

from elastinet.cli.common import CommandFailure, Json, State, ask, find_server, print_json, run_folder
from elastinet.serve.places import Server

End = "An instance, interface or gateway by its id or Name tag; an address; internet."


class Asked(NamedTuple):
    """A question as the command line has it."""

    source: str
    target: str
    protocol: str
    port: str
    ipv6: bool
    all: bool

    @property
    def words(self) -> dict[str, str]:
        """The same as a page's parameters."""
        return {name: "true" if value is True else value for name, value in self._asdict().items() if value}


def why(
    ends: Annotated[list[str], typer.Argument(metavar="A B", help=End)],
    to_port: Annotated[str, typer.Option("--port", help="The port of B; without it any.")] = "",
    tcp: Annotated[bool, typer.Option("--tcp", help="TCP, there and back: the default.")] = False,
    udp: Annotated[bool, typer.Option("--udp", help="UDP; answers are looked at, too.")] = False,
    icmp: Annotated[bool, typer.Option("--icmp", help="What ping sends.")] = False,
    ipv6: Annotated[bool, typer.Option("--ipv6", help="By IPv6 addresses.")] = False,
    from_: Annotated[str, typer.Option("--from", help="In place of A: internet, or any other end.")] = "",
    all: Annotated[bool, typer.Option("--all", help="TCP, UDP and ICMP: what gets through of each.")] = False,
    probe: Annotated[bool, typer.Option("--probe", help="Send the packets, too.")] = False,
    dump: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Ask an account's dump, and no server.")
    ] = None,
    server_port: Annotated[int | None, typer.Option(help="The server's port (ELASTINET_PORT).")] = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Say whether packets get from A to B and their answers back, by what, and if not, what opens it."""
    chosen = [name for name, is_asked in (("tcp", tcp), ("udp", udp), ("icmp", icmp)) if is_asked]
    if len(chosen) > 1 or (chosen and all):
        raise CommandFailure("--tcp, --udp, --icmp and --all: one of them", 2)
    given = [from_, *ends] if from_ else ends
    if len(given) != 2:
        raise CommandFailure("two ends are needed: elastinet why A B, or elastinet why --from A B", 2)
    source, target = given
    asked = Asked(source, target, (chosen or ["tcp"])[0], to_port, ipv6, all)
    if dump and (probe or server_port or state):
        raise CommandFailure("--dump asks files: --probe, --server-port and --state are for a server", 2)
    server = None if dump else find_server(server_port, state)
    told = question(server, asked) if server else _of_dump(dump, asked)
    answers = told["answers"] if all else [told]
    if server and probe:
        _send(server, answers)
    if json:
        print_json(told)
    else:
        _show(answers)
    sys.exit(0 if any(map(_holds, answers)) else 1)


def question(server: Server, asked: Asked) -> dict[str, Any]:
    """The server's answer; raises CommandFailure with the code 2 if it is no question."""
    told: dict[str, Any] = ask(server, "GET", f"/_elastinet/why?{urlencode(asked.words)}", refused=2)
    return told


def _of_dump(dump: Path | None, asked: Asked) -> dict[str, Any]:
    """The answer by an account's dump."""
    from elastinet.cli.reach import dumped

    assert dump is not None
    found = dumped.read(dump)
    told = dumped.why(found.state, asked.words)
    dumped.say(found.findings)
    return told


def _send(server: Server, answers: list[dict[str, Any]]) -> None:
    """Put what packets did beside each answer."""
    from elastinet.cli.reach.probe import probe

    run = run_folder(server)
    for told in answers:
        told["probe"] = probe(server, run, told["packet"])._asdict()


def _holds(told: dict[str, Any]) -> bool:
    """True if it is reachable, and packets, where any were sent, do not say otherwise."""
    sent = told.get("probe", {}).get("reachable")
    return bool(told["reachable"]) and sent is not False


def _show(answers: list[dict[str, Any]]) -> None:
    from rich.console import Console

    from elastinet.cli.reach.show import show

    console = Console()
    for told in answers:
        show(console, told, whole=len(answers) == 1)
