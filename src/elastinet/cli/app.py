"""The table of contents of the command line."""

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import typer

from elastinet import __version__

AFTER = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
VERBS: dict[str, str] = {
    "start": "start.start",
    "stop": "stop.stop",
    "status": "status.status",
    "doctor": "doctor.run.doctor",
    "env": "env.env",
    "exec": "exec.exec_",
    "shell": "exec.shell",
    "dpdk": "dpdk.run.dpdk",
    "logs": "logs.logs",
    "forward": "forward.forward",
    "capture": "capture.capture",
    "costs": "costs.costs",
    "plant": "plant.plant",
    "place": "place.place",
    "nic": "nic.nic",
    "nat": "nat.nat",
    "efa": "efa.app",
    "top": "top.top",
    "predict": "predict.predict",
    "perf": "perf.perf",
    "why": "why.why",
    "verify": "verify.verify",
    "import": "importing.import_",
    "twin": "twin.app",
    "mpirun": "mpirun.mpirun",
    "credits": "credits.credits",
    "fail": "fail.fail",
    "repair": "fail.repair",
    "reset": "reset.reset",
    "state": "state.app",
    "snapshot": "snapshot.app",
}
"""Each verb's file and function, or its own app of verbs; what is not asked for is not imported."""
SETTINGS: dict[str, dict[str, Any]] = {"exec": AFTER, "mpirun": {"allow_interspersed_args": False}}


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"elastinet {__version__}")
        raise typer.Exit


def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Amazon EC2's advanced networking on this machine, with real packets."""


def app_of(verbs: Iterable[str]) -> typer.Typer:
    """The command line with some of its verbs."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(options)
    for verb in verbs:
        file, _, name = VERBS[verb].rpartition(".")
        found = getattr(import_module(f"elastinet.cli.{file}"), name)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=verb)
        else:
            app.command(verb, context_settings=SETTINGS.get(verb))(found)
    return app


def _meant(first: list[str]) -> Iterable[str]:
    """The verbs that a command's first word can need: itself, none, or all."""
    if first == ["--version"]:
        return ()
    return first if first and first[0] in VERBS else VERBS


def main() -> None:
    """Run the command line; a failure is one line on stderr and exit code 1."""
    try:
        app_of(_meant(sys.argv[1:2]))()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from elastinet.cli.common import CommandFailure, say_error  # which --version has no use for

        if not isinstance(error, CommandFailure):
            raise
        say_error(str(error))
        sys.exit(error.code)
