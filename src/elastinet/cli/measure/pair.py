"""Two instances, as `predict` and `perf` take them and ask the server of the traffic between them."""

from typing import Any
from urllib.parse import urlencode

import typer

from elastinet.cli.common import ask
from elastinet.serve.places import Server

End = typer.Argument(help="An instance's id or Name tag, or an interface's id.")


def asked(
    page: str, server: Server, ends: tuple[str, str], flags: dict[str, bool], **words: str
) -> dict[str, Any]:
    """The server's answer about two instances, from the page /_elastinet/`page`; raises CommandFailure."""
    given = {"udp": "true", "mptcp": "true", "via": "gateway", "transport": "efa"}
    wanted = {name: given[name] for name, said in flags.items() if said}
    query = urlencode({"source": ends[0], "target": ends[1], **words, **wanted})
    told: dict[str, Any] = ask(server, "GET", f"/_elastinet/{page}?{query}", refused=2)
    return told
