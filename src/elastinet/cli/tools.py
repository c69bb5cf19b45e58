"""`elastinet aws` and `elastinet terraform`: those programs, pointed at the server."""

import os
import shutil
from typing import Annotated

import typer

from elastinet.cli.common import CommandFailure, Port, State, find_server
from elastinet.cli.environment import of_tools

Words = Annotated[list[str] | None, typer.Argument(help="Its own words.")]
PROGRAMS = {"aws": ("aws",), "terraform": ("terraform", "tofu")}
"""The programs that serve, the first that is installed."""
ADVICE = {
    "aws": "install the AWS CLI, as by 'pipx install awscli'",
    "terraform": "install Terraform or OpenTofu",
}


def aws(words: Words = None, port: Port = None, state: State = None) -> None:
    """Run the AWS CLI against the server; its exit code is ours."""
    _become("aws", words or [], port, state)


def terraform(words: Words = None, port: Port = None, state: State = None) -> None:
    """Run Terraform, or OpenTofu, against the server; its exit code is ours."""
    _become("terraform", words or [], port, state)


def find(name: str) -> str:
    """The path of a program; raises CommandFailure if it is not installed."""
    for program in PROGRAMS[name]:
        if path := shutil.which(program):
            return path
    raise CommandFailure(f"{' and '.join(PROGRAMS[name])} not found: {ADVICE[name]}", 2)


def _become(name: str, words: list[str], port: int | None, state: str | None) -> None:
    program, environ = find(name), of_tools(find_server(port, state))
    try:
        os.execve(program, [name, *(words[1:] if words[:1] == ["--"] else words)], environ)
    except OSError as error:
        raise CommandFailure(f"{program}: {error.strerror}") from error
