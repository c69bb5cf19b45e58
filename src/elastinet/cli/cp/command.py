"""`elastinet cp`."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from elastinet.cli.common import CommandFailure, Port, State, find_server, run_folder, say_error
from elastinet.cli.cp import packing
from elastinet.cli.cp.arriving import Ended, Refused
from elastinet.cli.cp.settling import beside, settle
from elastinet.cli.cp.transfer import HOME, Failure, Guest, Transfer
from elastinet.cli.cp.unpacking import Unpacking
from elastinet.cli.exec import guest_of
from elastinet.fabric.contract import client

STREAM = "-"
SHOWN = 20
SEND = """[ -e "$1" ] || { echo "$1: no such file or folder" >&2; exit 1; }
if [ -d "$1" ]; then exec tar -cf - -C "$1" .; fi
case $1 in */*) cd -- "${1%/*}/" || exit;; esac
exec tar -chf - "./${1##*/}"
"""
"""Sends a folder, whose first entry is itself, or the one file that a path leads to."""
TAKE = 'exec tar -xpf - -C "$1"'
Side = Annotated[str, typer.Argument(help="A path here, INSTANCE:PATH, or - for a file's bytes.")]


class Place(NamedTuple):
    """A side of a copy; `instance` is empty for this machine."""

    instance: str
    path: str

    @property
    def name(self) -> str:
        """The last part of the path, empty where that says no name."""
        last = self.path.rstrip("/").rpartition("/")[2]
        return "" if last in (".", "..") else last


def cp(source: Side, target: Side, port: Port = None, state: State = None) -> None:
    """Copy a file or a folder into an instance, or from it; into an existing folder under its own name."""
    here, there = place(source), place(target)
    if bool(here.instance) == bool(there.instance):
        raise CommandFailure("one of the two is to be in an instance: INSTANCE:PATH", 2)
    server = find_server(port, state)
    guest = Guest(run_folder(server), guest_of(server, here.instance or there.instance))
    try:
        left_out = put(guest, here.path, there) if there.instance else get(guest, here, there.path)
    except (client.AgentGone, Failure, Refused) as error:
        raise CommandFailure(str(error)) from error
    except OSError as error:
        raise CommandFailure(
            f"{error.filename}: {error.strerror}" if error.filename else str(error)
        ) from error
    _say(left_out)


def place(text: str) -> Place:
    """Read a side as scp does: a colon before any slash ends an instance's name."""
    name, colon, path = text.partition(":")
    return Place(name, path or ".") if colon and name and "/" not in name else Place("", text)


def put(guest: Guest, source: str, target: Place) -> list[str]:
    """Copy into an instance; gives what was left out."""
    path = target.path
    if source == STREAM:
        argv = ["sh", "-c", 'exec cat >"$1"', "sh", path]
        return _piped(guest, argv)
    os.stat(source)
    if path.endswith("/") or _is_folder(guest, path):
        folder, name = path, Place("", source).name or "."
    else:
        folder, name = os.path.dirname(path) or ".", os.path.basename(path)
    with Transfer(guest, ["sh", "-c", TAKE, "sh", _plain(folder)], "in") as transfer:
        try:
            left_out = packing.pack(source.rstrip("/") or "/", name, transfer.ours)
        except BrokenPipeError:
            left_out = []
        transfer.finish()
    return left_out


def get(guest: Guest, source: Place, target: str) -> list[str]:
    """Copy from an instance; gives what was left out. What is refused leaves nothing here."""
    if target == STREAM:
        return _piped(guest, ["cat", "--", source.path])
    path = Path(target).resolve()
    if path.is_dir():
        path /= source.name
    with (
        beside(path) as made,
        Transfer(guest, ["sh", "-c", SEND, "sh", _plain(source.path)], "out") as transfer,
    ):
        unpacking = Unpacking(made)
        try:
            unpacking.take(transfer.ours)
        except Ended:
            transfer.finish()
            raise
        settle(made, path)
        transfer.finish()
    return unpacking.left_out


def _piped(guest: Guest, argv: list[str]) -> list[str]:
    """Copy the bytes of one file between an instance and our own input or output."""
    if client.run(guest.run, guest.id, argv, cwd=HOME):
        raise CommandFailure("the instance has not copied it")
    return []


def _is_folder(guest: Guest, path: str) -> bool:
    with Transfer(guest, ["test", "-d", path], "out") as transfer:
        return transfer.status() == 0


def _plain(path: str) -> str:
    """A path that no program takes for an option."""
    return path if path.startswith("/") else f"./{path}"


def _say(left_out: Iterable[str]) -> None:
    """Say what was not copied, if anything: then not all is well."""
    lines = list(left_out)
    for line in lines[:SHOWN]:
        say_error(f"left out: {line}")
    if len(lines) > SHOWN:
        say_error(f"left out: {len(lines) - SHOWN} more")
    if lines:
        sys.exit(1)
