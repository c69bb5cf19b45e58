"""The table of contents of the command line."""

import os
import sys
from collections.abc import Collection
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand

from elastinet import __version__
from elastinet.cli.bare import Start

AFTER = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
IN_ORDER = {"allow_interspersed_args": False}
VERBS: dict[str, str] = {
    "start": "start.start",
    "stop": "stop.stop",
    "status": "status.status",
    "doctor": "doctor.run.doctor",
    "lab": "lab.run.lab",
    "wait": "wait.wait",
    "instances": "instances.instances",
    "env": "env.env",
    "aws": "tools.aws",
    "terraform": "tools.terraform",
    "exec": "exec.exec_",
    "shell": "exec.shell",
    "cp": "cp.command.cp",
    "ssh": "ssh.command.ssh",
    "ssh-config": "ssh.command.ssh_config",
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
    "image": "image.command.app",
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
SETTINGS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("exec", "aws", "terraform"), AFTER),
    **dict.fromkeys(("mpirun", "ssh"), IN_ORDER),
}
CLASSES: dict[str, type[TyperCommand]] = {"start": Start}
VERBOSE = ("-v", "--verbose")
COMPLETING = "_ELASTINET_COMPLETE"
"""The variable by which a shell asks for what may come next."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"elastinet {__version__}")
        raise typer.Exit


def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
    verbose: bool = typer.Option(False, *VERBOSE, help="Say on stderr what the server is asked."),
) -> None:
    """Amazon EC2's advanced networking on this machine, with real packets."""
    if verbose:
        from elastinet.cli import calling  # which few commands need

        calling.be_verbose()


def app_of(verbs: Collection[str]) -> typer.Typer:
    """The command line with some of its verbs."""
    whole = len(verbs) == len(VERBS)  # a shell's completion is of all verbs, or of no use
    app = typer.Typer(no_args_is_help=True, add_completion=whole, pretty_exceptions_enable=False)
    app.callback()(options)
    for verb in verbs:
        file, _, name = VERBS[verb].rpartition(".")
        found = getattr(import_module(f"elastinet.cli.{file}"), name)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=verb)
        else:
            app.command(verb, context_settings=SETTINGS.get(verb), cls=CLASSES.get(verb))(found)
    return app


def _meant(words: list[str]) -> Collection[str]:
    """The verbs that a command can need: that which it names, none, or all."""
    first = next((word for word in words if word not in VERBOSE), "")
    return (first,) if first in VERBS and COMPLETING not in os.environ else VERBS


def main() -> None:
    """Run the command line; a failure is one line on stderr and exit code 1."""
    try:
        app_of(_meant(sys.argv[1:]))()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from elastinet.cli.common import CommandFailure, say_error  # which --help has no use for

        if not isinstance(error, CommandFailure):
            raise
        say_error(str(error))
        sys.exit(error.code)
