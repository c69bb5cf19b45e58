"""`elastinet import`: a region of a real account, in files that `--dump` and `--twin` read."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from elastinet.cli.common import CommandFailure, Json, print_json, say_error
from elastinet.cli.terminal import plain

if TYPE_CHECKING:
    from botocore.session import Session

TRIES = {"mode": "standard", "max_attempts": 8}
"""A throttled call is made again."""


def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go, in DIR/ACCOUNT/REGION.")],
    profile: Annotated[str | None, typer.Option(help="A profile of the AWS configuration.")] = None,
    region: Annotated[str | None, typer.Option(help="The region; by default the profile's.")] = None,
    endpoint_url: Annotated[str | None, typer.Option(help="Ask there, and not AWS.")] = None,
    json: Json = False,
) -> None:
    """Collect what describes an account's network in a region, by read-only calls.

    Exit code 0 if all was answered; 1 if something lacks, which is said; then the rest is kept.
    """
    from elastinet.dumps.collecting import collect
    from elastinet.dumps.finding import DumpError

    session = _session(profile)
    where = region or session.get_config_variable("region")
    if not where:
        raise CommandFailure("no region: name it by --region", 2)
    ec2, account = _client(session, "ec2", where, endpoint_url), _account(session, where, endpoint_url)
    os.umask(0o077)  # an account's network is nobody else's to read
    console = Console(stderr=True)
    try:
        with console.status("asking …") as status:
            told = collect(ec2, account, where, folder, lambda call: status.update(plain(call)))
    except DumpError as error:
        raise CommandFailure(str(error)) from None
    except OSError as error:
        raise CommandFailure(f"{folder}: {error.strerror}") from None
    for finding in told.refused:
        say_error(str(finding))
    if json:
        print_json({"folder": str(told.folder), "calls": told.answered, "refused": [*map(str, told.refused)]})
    else:
        print(f"{told.answered} calls answered, {len(told.refused)} refused: {told.folder}")
    sys.exit(1 if told.refused else 0)


def _session(profile: str | None) -> "Session":
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    session = Session(profile=profile)
    try:
        session.get_scoped_config()
    except BotoCoreError as error:
        raise CommandFailure(str(error), 2) from None
    return session


def _client(session: "Session", service: str, region: str, endpoint: str | None) -> Any:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        return session.create_client(
            service, region_name=region, endpoint_url=endpoint, config=Config(retries=TRIES)
        )
    except (BotoCoreError, ValueError) as error:
        raise CommandFailure(str(error), 2) from None


def _account(session: "Session", region: str, endpoint: str | None) -> str:
    """Whose credentials these are, "" if nobody says: the files tell the owner, too."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return str(_client(session, "sts", region, endpoint).get_caller_identity()["Account"])
    except (BotoCoreError, ClientError, KeyError) as error:
        say_error(f"the account is not known: {error}")
        return ""
