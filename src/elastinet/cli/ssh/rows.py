"""Which instances run, by their ids and names, and who logs in to them."""

import re
from typing import Any

from elastinet.cli.common import CommandFailure, ask
from elastinet.cli.exec import guest_of
from elastinet.serve.places import Server

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""A name that stands for itself in a configuration of ssh's: names are anybody's."""


def running(server: Server) -> list[dict[str, Any]]:
    """The rows of the inventory of all instances that run."""
    found = ask(server, "GET", "/_elastinet/inventory")["instances"]
    return [row for row in found if row["state"] == "running"]


def row_of(server: Server, name: str) -> dict[str, Any]:
    """The row of the running instance that an id or name means; raises CommandFailure."""
    id = guest_of(server, name)
    for row in running(server):
        if row["id"] == id:
            return row
    raise CommandFailure(f"{name} is no running instance: 'elastinet instances' lists them all")


def names(row: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    """What an instance is called among others: its id, and its name if no other has it."""
    name = row["name"]
    is_own = sum(other["name"] == name for other in rows) == 1 and PLAIN.fullmatch(name)
    return [row["id"], *([name] if is_own and not name.startswith("i-") else [])]
