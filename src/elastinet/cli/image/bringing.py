"""An archive handed to the agent, and what it tells of it."""

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from elastinet.cli.common import CommandFailure
from elastinet.fabric.contract.protocol import connect_to_own

REQUEST = b'{"type":"import"}\n'
CHUNK = 1 << 16
MIB = 1 << 20


def bring(run: Path, source: int) -> str:
    """Have the agent make a content of an archive; gives its name. Whoever leaves ends that.

    Raises CommandFailure.
    """
    try:
        agent = connect_to_own(run / "agent.sock")
    except OSError as error:
        raise CommandFailure(
            f"the fabric agent does not answer ({error.strerror}): images need a server with a kernel fabric"
        ) from error
    is_shown = sys.stderr.isatty()
    with agent:
        socket.send_fds(agent, [REQUEST], [source])
        for told in _heard(agent):
            if told["type"] == "importing" and is_shown:
                said = f"{told['files']} files, {told['bytes'] // MIB} MiB"
                print(f"\r\x1b[K{said}", end="", file=sys.stderr, flush=True)
            elif told["type"] in ("imported", "exited"):
                if is_shown:
                    print("\r\x1b[K", end="", file=sys.stderr, flush=True)
                if told.get("error"):
                    raise CommandFailure(str(told["error"]))
                return str(told["content"])
    raise CommandFailure("the fabric agent ended meanwhile: nothing was kept")


def _heard(agent: socket.socket) -> Iterator[dict[str, Any]]:
    rest = b""
    while data := agent.recv(CHUNK):
        *lines, rest = (rest + data).split(b"\n")
        yield from map(json.loads, lines)
