"""`elastinet doctor`."""

import platform
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from elastinet.cli.common import CommandFailure, Json, print_json
from elastinet.cli.doctor import packages
from elastinet.cli.terminal import plain

if TYPE_CHECKING:
    from elastinet.cli.doctor.findings import Finding

COLOURS = {"ok": "green", "missing": "red", "limited": "yellow", "untried": "cyan"}


def doctor(json: Json = False) -> None:
    """Say what this machine can do, what is missing, and what mends it; exit code 1 if it has no packets."""
    from elastinet.cli.doctor import findings  # what help has no use for

    try:
        found = findings.find()
    except OSError as error:
        raise CommandFailure(f"this machine cannot be asked: {error}") from error
    release = packages.release()
    family, can_run = packages.family(release), findings.can_run(found)
    lacking = [packages.package(one.program, family) for one in found]
    command = packages.command(lacking, family)
    system = f"{release.get('PRETTY_NAME', 'unknown system')}, Linux {platform.release()}"
    if json:
        rows = [{"name": one.name, "state": one.state, "why": one.why} for one in found]
        print_json({"system": system, "kernel_fabric": can_run, "command": command, "findings": rows})
    else:
        _show(Console(), system, found, can_run)
        _advise(command, [one.program for one in found if one.program], family)
    raise typer.Exit(0 if can_run else 1)


def _show(console: Console, system: str, found: "list[Finding]", can_run: bool) -> None:
    table = Table("state", "what", "how", box=None, pad_edge=False)
    for one in found:
        table.add_row(f"[{COLOURS[one.state]}]{one.state}[/]", plain(one.name), plain(one.why))
    console.print(table)
    verdict = (
        "[green]real packets can run here[/]"
        if can_run
        else "[red]no real packets here[/]: until that is mended only --fabric none works"
    )
    console.print(f"{plain(system)}: {verdict}")


def _advise(command: str, programs: list[str], family: str | None) -> None:
    """The command alone on its line, so that it can be copied."""
    if command:
        typer.echo(f"what lacks is installed by:\n{command}")
    elsewhere = [name for name in programs if not packages.package(name, family)]
    if named := [name for name in elsewhere if name in packages.PACKAGES]:
        typer.echo(f"this system is not known to have a package of {', '.join(named)}")
