"""Waiting for a server until the network is what the API says it is."""

import json
import sys
import urllib.error
from threading import Event, Thread
from typing import Any

from elastinet.cli.calling import call
from elastinet.cli.common import CommandFailure, ask, page_failure
from elastinet.cli.terminal import progress
from elastinet.serve.places import Server

PAGE = "/_elastinet/settle"
STEP_SECONDS = 0.5


def settle(server: Server, timeout: float, doing: str) -> None:
    """Wait until all is settled, and say on a terminal how far it is; raises CommandFailure if it is not."""
    over = Event()
    if sys.stderr.isatty():
        Thread(target=_show, args=(server, doing, over), daemon=True).start()
    try:
        told = _asked(server, timeout)
    finally:
        over.set()
    if told["settled"]:
        return
    why = _some(told["failed"]) if told["failed"] else f"after {timeout:g} s"
    raise CommandFailure(f"not settled: {why}: 'elastinet status' tells more")


def _show(server: Server, doing: str, over: Event) -> None:
    """Say how many instances are up until it is over."""
    with progress(doing) as tell:
        while not over.wait(STEP_SECONDS):
            try:
                told = ask(server, "GET", "/_elastinet/progress")
            except CommandFailure:
                continue  # who waits is told why
            tell(f"{doing} {told['up']} of {told['guests']} instances are up")


def _asked(server: Server, timeout: float) -> Any:
    """What the server says of its fabric within some seconds."""
    try:
        with call(server, "POST", f"{PAGE}?timeout={timeout:g}", timeout=timeout + 60) as reply:
            return json.loads(reply.read())
    except urllib.error.HTTPError as error:
        if error.code != 408:
            raise page_failure(PAGE, error, refused=2) from error
        return json.loads(error.read())
    except (OSError, ValueError) as error:
        raise CommandFailure(f"the server at {server.url} does not answer ({error})") from error


def _some(failed: dict[str, str]) -> str:
    (subject, why), more = next(iter(failed.items())), len(failed) - 1
    return f"{subject}: {why}" + (f" (and {more} more)" if more else "")
