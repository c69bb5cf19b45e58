"""Common parts of the verbs: finding the server, talking to it, printing."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elastinet import config, folders
from elastinet.cli.terminal import printable
from elastinet.serve import places

if TYPE_CHECKING:
    from urllib.error import HTTPError


class CommandFailure(Exception):
    """Something that the user is told in one line; `code` is the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


Port = Annotated[int | None, typer.Option(help="The server's port (ELASTINET_PORT).")]
State = Annotated[str | None, typer.Option(help="The server's state folder (ELASTINET_STATE).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def say_error(sentence: str) -> None:
    """One line on stderr."""
    print(f"elastinet: {printable(sentence)}", file=sys.stderr)


def print_json(value: Any) -> None:
    """JSON on stdout."""
    print(json.dumps(value, indent=2))


def configuration(file: Path | None = None, **given: Any) -> config.Config:
    """The configuration with what the command line says; raises CommandFailure."""
    try:
        return config.load(given, file=file)
    except config.ConfigError as error:
        raise CommandFailure(str(error), 2) from error


def find_server(port: int | None, state: str | None) -> places.Server:
    """The running server that the options mean; raises CommandFailure."""
    own = configuration(port=port, state=state)
    named_state = state or (os.environ.get("ELASTINET_STATE") if "ELASTINET_PORT" not in os.environ else None)
    try:
        found = places.find(port, named_state, own.port)
    except PermissionError as error:
        raise CommandFailure(f"no server can be trusted there: {error}") from error
    if found is None:
        where = f"with the state {named_state}" if named_state and port is None else f"on port {own.port}"
        raise CommandFailure(f"no server is running {where}: start one with 'elastinet start'")
    return found


def _why(path: str, body: bytes) -> str:
    """The message of an error page, in one line."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return f"{path}: {body.decode(errors='replace').strip()}"


def page_failure(path: str, error: "HTTPError", refused: int) -> CommandFailure:
    """The failure that an error page is, with a code for what was refused."""
    return CommandFailure(_why(path, error.read()), refused if error.code < 500 else 1)


def run_folder(server: places.Server) -> Path:
    """The folder of a server's sockets and logs; raises CommandFailure if others could have made it."""
    folder = places.runtime_folder(server.port)
    try:
        return folders.check(folder)
    except FileNotFoundError:
        return folder
    except PermissionError as error:
        raise CommandFailure(f"no server can be trusted there: {error}") from error


def ask(server: places.Server, method: str, path: str, timeout: float = 60, *, refused: int = 1) -> Any:
    """The JSON of one of the server's own pages; raises CommandFailure, with a code if it is refused."""
    from urllib.error import HTTPError  # who asks nothing needs no HTTP

    from elastinet.cli.calling import call

    try:
        with call(server, method, path, timeout=timeout) as reply:
            return json.loads(reply.read())
    except HTTPError as error:
        raise page_failure(path, error, refused) from error
    except (OSError, ValueError) as error:
        raise CommandFailure(f"the server at {server.url} does not answer ({error})") from error
