"""The table of contents of the command line."""

import sys

import typer

from elastinet import __version__
from elastinet.cli.capture import capture
from elastinet.cli.common import Failure, say_error
from elastinet.cli.costs import costs
from elastinet.cli.credits import credits
from elastinet.cli.efa import app as efa
from elastinet.cli.env import env
from elastinet.cli.exec import exec_, shell
from elastinet.cli.fail import fail, repair
from elastinet.cli.forward import forward
from elastinet.cli.logs import logs
from elastinet.cli.nic import nic
from elastinet.cli.perf import perf
from elastinet.cli.place import place
from elastinet.cli.plant import plant
from elastinet.cli.predict import predict
from elastinet.cli.reset import reset
from elastinet.cli.start import start
from elastinet.cli.status import status
from elastinet.cli.stop import stop
from elastinet.cli.top import top

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Amazon EC2's advanced networking on this machine, with real packets.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"elastinet {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Take the options that stand before the verb."""


AFTER = {"allow_extra_args": True, "ignore_unknown_options": True}

app.command("start")(start)
app.command("stop")(stop)
app.command("status")(status)
app.command("env")(env)
app.command("exec", context_settings={**AFTER, "allow_interspersed_args": False})(exec_)
app.command("shell")(shell)
app.command("logs")(logs)
app.command("forward")(forward)
app.command("capture")(capture)
app.command("costs")(costs)
app.command("plant")(plant)
app.command("place")(place)
app.command("nic")(nic)
app.add_typer(efa, name="efa")
app.command("top")(top)
app.command("predict")(predict)
app.command("perf")(perf)
app.command("credits")(credits)
app.command("fail")(fail)
app.command("repair")(repair)
app.command("reset")(reset)


def main() -> None:
    """Run the command line; a failure is one line on stderr and exit code 1."""
    try:
        app()
    except Failure as failure:
        say_error(str(failure))
        sys.exit(failure.code)
    except KeyboardInterrupt:
        sys.exit(130)
