"""`elastinet image`: images that are file systems."""

import os
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from elastinet.cli.common import (
    CommandFailure,
    Json,
    Port,
    State,
    ask,
    find_server,
    print_json,
    run_folder,
)
from elastinet.cli.image import building
from elastinet.cli.image.bringing import bring
from elastinet.cli.image.source import opened
from elastinet.cli.terminal import printable
from elastinet.serve.places import Server

app = typer.Typer(no_args_is_help=True, help="Images that are file systems: bring them here, list, remove.")
MIB = 1 << 20
Name = Annotated[str, typer.Argument(metavar="NAME", help="The image's name, as DescribeImages shows it.")]
Ami = Annotated[str, typer.Argument(metavar="AMI", help="The image's id.")]
User = Annotated[str, typer.Option("--user", metavar="U", help="Who logs in by default; else by its system.")]
Boot = Annotated[str, typer.Option("--boot", help="Its first process: auto, systemd or plain.")]
Account = Annotated[str, typer.Option("--account", metavar="ID", help="Whose it is, by 12 digits.")]
Region = Annotated[str, typer.Option("--region", help="Where it is; else AWS_REGION, or the server's.")]


@app.command("import")
def import_(
    name: Name,
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="A tar, an OCI layout or archive, docker save's; - is stdin.")
    ],
    user: User = "",
    boot: Boot = "auto",
    account: Account = "",
    region: Region = "",
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Make an image of a root file system, and print its id."""
    server = find_server(port, state)
    with opened(source) as fd:
        content = bring(run_folder(server), fd)
    more = {"user": user, "boot": boot, "account": account, "region": _region(server, region)}
    _tell(_added(server, name, content, more), as_json=json)


@app.command()
def build(
    name: Name,
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="Debian's release.")] = "stable",
    include: Annotated[str, typer.Option("--include", metavar="P,…", help="Further packages.")] = "",
    user: User = "",
    boot: Boot = "auto",
    account: Account = "",
    region: Region = "",
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Make an image of Debian's packages by mmdebstrap, and print its id."""
    server = find_server(port, state)
    with building.built(suite, [one for one in include.split(",") if one]) as fd:
        content = bring(run_folder(server), fd)
    more = {"user": user, "boot": boot, "account": account, "region": _region(server, region)}
    _tell(_added(server, name, content, more), as_json=json)


@app.command("list")
def list_(port: Port = None, state: State = None, json: Json = False) -> None:
    """Say which images of file systems there are, and what lies here that no image has."""
    found = ask(find_server(port, state), "GET", "/_elastinet/images")
    if json:
        print_json(found)
        return
    for row in found["images"]:
        size = "-" if row["bytes"] is None else f"{row['bytes'] // MIB} MiB"
        words = (row["image"], row["state"], row["architecture"], size, row["region"], row["name"])
        print(printable("  ".join(words) + ("  its file system is gone" if row["missing"] else "")))
    for left in found["left"]:
        size = "-" if left["bytes"] is None else f"{left['bytes'] // MIB} MiB"
        print(f"{left['content']}  {size}  in no image: 'elastinet image rm' takes it away")


@app.command()
def show(image: Ami, port: Port = None, state: State = None, json: Json = False) -> None:
    """Say what was found in an image."""
    row = ask(find_server(port, state), "GET", f"/_elastinet/images?{urlencode({'image': image})}")
    if json:
        print_json(row)
        return
    for name, value in row.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        print(printable(f"{name:<13} {'-' if text in (None, '') else text}"))


@app.command()
def rm(
    images: Annotated[list[str], typer.Argument(metavar="AMI…", help="Ids, or contents in no image.")],
    port: Port = None,
    state: State = None,
) -> None:
    """Remove images with their snapshots; one that an instance was launched from is kept."""
    server = find_server(port, state)
    for image in images:
        ask(server, "POST", f"/_elastinet/image/rm?{urlencode({'image': image})}")


def _added(server: Server, name: str, content: str, more: dict[str, str]) -> Any:
    """Have an image of a content; if that is refused nobody has it, and it is taken away again."""
    given = {"name": name, "content": content, **{word: value for word, value in more.items() if value}}
    try:
        return ask(server, "POST", f"/_elastinet/image?{urlencode(given)}")
    except CommandFailure:
        ask(server, "POST", f"/_elastinet/image/rm?{urlencode({'image': content, 'unused': 'true'})}")
        raise


def _region(server: Server, region: str) -> str:
    words: Sequence[str | None] = (region, os.environ.get("AWS_REGION"), os.environ.get("AWS_DEFAULT_REGION"))
    return next(filter(None, words), server.region)


def _tell(made: Any, *, as_json: bool) -> None:
    if as_json:
        print_json(made)
    else:
        print(made["image"])
