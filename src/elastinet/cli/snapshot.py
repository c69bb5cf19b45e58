"""`elastinet snapshot`: the state as a file."""

import json as jsons
import os
import stat
import urllib.error
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer

from elastinet.cli.calling import call
from elastinet.cli.common import CommandFailure, Json, Port, State, find_server, page_failure, print_json
from elastinet.cli.terminal import printable
from elastinet.cli.waiting import settle
from elastinet.folders import write_private
from elastinet.serve.places import Server

if TYPE_CHECKING:
    from elastinet.store.snapshot import Snapshot

app = typer.Typer(no_args_is_help=True, help="The state as a file: save it, load it, see what is in it.")
PAGE = "/_elastinet/snapshot"
PATIENCE_SECONDS = 300
File = Annotated[Path, typer.Argument(metavar="FILE", help="The snapshot's file.")]
Account = Annotated[str, typer.Option(metavar="ID", help="Of one account only, by its 12 digits.")]


@app.command()
def save(
    file: File, account: Account = "", port: Port = None, state: State = None, json: Json = False
) -> None:
    """Write the state to a file; packets in flight, disks and connections are not in it."""
    _check_place(file)
    data = exchange(find_server(port, state), "GET", account=account)
    try:
        write_private(file, data)
    except OSError as error:
        raise CommandFailure(f"{file}: {error.strerror}") from error
    _tell(read_snapshot(file, data), {"file": str(file), "bytes": len(data)}, as_json=json)


@app.command()
def load(
    file: File,
    account: Account = "",
    replace: Annotated[bool, typer.Option("--replace", help="In the place of what is there.")] = False,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Have the state of a file, by the same ids, and wait until its instances run."""
    server, data = find_server(port, state), read_file(file)
    told = load_into(server, data, file, account=account, replace=replace)
    if json:
        print_json({"file": str(file), **told})
    else:
        print(f"{file}: {sum(told['nouns'].values())} things loaded, {told['replaced']} replaced")


@app.command("list")
def list_(file: File, json: Json = False) -> None:
    """Say what is in a file: when it was written, by which elastinet, and what each account has."""
    data = read_file(file)
    _tell(read_snapshot(file, data), {"file": str(file), "bytes": len(data)}, as_json=json)


def load_into(server: Server, data: bytes, file: Path, *, account: str, replace: bool) -> Any:
    """Have a server load a snapshot and wait for its instances; raises CommandFailure."""
    words = {"account": account} | ({"replace": "true"} if replace else {})
    told = jsons.loads(exchange(server, "POST", data, of=f"{file}: ", **words))
    settle(server, PATIENCE_SECONDS, f"loading {file.name} …")
    return told


def exchange(server: Server, method: str, body: bytes | None = None, *, of: str = "", **words: str) -> bytes:
    """The answer of the server's page of snapshots; raises CommandFailure."""
    query = urlencode({name: value for name, value in words.items() if value})
    try:
        with call(server, method, f"{PAGE}?{query}", body, timeout=PATIENCE_SECONDS) as reply:
            return bytes(reply.read())
    except urllib.error.HTTPError as error:
        failure = page_failure(PAGE, error, refused=1)
        raise CommandFailure(f"{of}{failure}", failure.code) from error
    except OSError as error:
        raise CommandFailure(f"the server at {server.url} does not answer ({error})") from error


def read_file(file: Path) -> bytes:
    """The bytes of a file, which is no pipe and no device, and not too large; raises CommandFailure."""
    from elastinet.store.snapshot import MOST_BYTES

    try:
        fd = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with open(fd, "rb") as opened:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise CommandFailure(f"{file} is no file", 2)
            data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise CommandFailure(f"{file}: {error.strerror}", 2) from error
    if len(data) > MOST_BYTES:
        raise CommandFailure(f"{file}: a snapshot has {MOST_BYTES >> 20} MiB at the most", 2)
    return data


def _check_place(file: Path) -> None:
    """Look that nothing but an older snapshot is lost by writing; raises CommandFailure."""
    from elastinet.store.snapshot import MAGIC

    try:
        found = file.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise CommandFailure(f"{file}: {error.strerror}", 2) from error
    if not stat.S_ISREG(found.st_mode) or not read_file(file).startswith(MAGIC):
        raise CommandFailure(f"{file} is there, and is no snapshot: choose another name", 2)


def read_snapshot(file: Path, data: bytes) -> "Snapshot":
    """The snapshot in a file's bytes; raises CommandFailure."""
    from elastinet import __version__
    from elastinet.store.snapshot import SnapshotError, read

    try:
        return read(data, __version__)
    except SnapshotError as error:
        raise CommandFailure(f"{file}: {error}") from error


def _tell(found: "Snapshot", place: dict[str, Any], *, as_json: bool) -> None:
    """Say what is in a snapshot: a line for each account and region."""
    head = found.head
    scopes: dict[tuple[str, str], Counter[str]] = {}
    for noun in found.nouns:
        scopes.setdefault(noun.scope, Counter())[type(noun).__name__] += 1
    if as_json:
        rows = [{"account": o, "region": r, "nouns": dict(c)} for (o, r), c in scopes.items()]
        about = {"program": head.program, "time": head.time, "account": head.account}
        print_json({**place, **about, "contents": rows})
        return
    when = datetime.fromtimestamp(head.time, UTC).strftime("%Y-%m-%d %H:%M:%S")
    print(printable(f"{place['file']}: {place['bytes']} bytes, elastinet {head.program}, {when} UTC"))
    for (owner, region), kinds in sorted(scopes.items()):
        counts = "  ".join(f"{kind} {count}" for kind, count in kinds.items())
        print(printable(f"{owner or '-'} {region}  {counts}"))
