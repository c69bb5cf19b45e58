"""A request to a server, over its port or over its socket.

Python's own clients know all of HTTP, and take longer to import than most commands work: without TLS a
server of ours is asked by bytes.
"""

import logging
import re
import socket
import time
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from elastinet.serve.origins import ASKED
from elastinet.serve.places import Server

STATUS, LENGTH = re.compile("HTTP/1\\.[01] ([1-5][0-9]{2}) ?(.*)"), "content-length"
LARGEST = 1 << 30
"""Bytes: a snapshot of a large region has some millions."""
_log = logging.getLogger(__name__)


def be_verbose() -> None:
    """Have every request said on stderr, with what came of it and how long that took."""
    _log.setLevel(logging.DEBUG)
    _log.addHandler(logging.StreamHandler())


class Answer(BytesIO):
    """A whole answer."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(body)
        self.status = status


def call(
    server: Server,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout: float,
) -> Any:
    """The open answer of a server; raises HTTPError or OSError."""
    began, came = time.monotonic(), "no answer"
    asked = {ASKED: "1", **(headers or {})}
    try:
        reply = (_by_tls if server.ca else _by_bytes)(server, method, path, body, asked, timeout)
        came = str(reply.status)
        return reply
    except OSError as error:
        came = str(getattr(error, "code", came))
        raise
    finally:
        took = (time.monotonic() - began) * 1000
        _log.debug("elastinet: %s %s%s: %s in %.0f ms", method, server.url, path, came, took)


def _by_tls(
    server: Server, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
) -> Any:
    from ssl import create_default_context
    from urllib.request import Request, urlopen

    request = Request(server.url + path, body, dict(headers), method=method)
    return urlopen(request, timeout=timeout, context=create_default_context(cafile=server.ca))


def _by_bytes(
    server: Server, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
) -> Answer:
    host = "localhost" if server.unix_socket else server.url.partition("//")[2]
    form = {} if body is None else {"Content-Type": "application/x-www-form-urlencoded"}
    size = {} if body is None and method == "GET" else {"Content-Length": str(len(body or b""))}
    fields = {"Host": host, "Connection": "close", **form, **size, **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    with _connected(server, timeout) as link:
        link.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (body or b""))
        data = _whole(link)
    return _read(server.url + path, data)


def _whole(link: socket.socket) -> bytes:
    """All that comes until the other side ends; raises OSError if that is more than a server of ours says."""
    pieces, size = [], 0
    while piece := link.recv(1 << 16):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            raise ConnectionResetError("the answer is too large")
    return b"".join(pieces)


def _connected(server: Server, timeout: float) -> socket.socket:
    if not server.unix_socket:
        return socket.create_connection((server.host, server.port), timeout)
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.settimeout(timeout)
        link.connect(server.unix_socket)
    except OSError:
        link.close()
        raise
    return link


def _read(url: str, data: bytes) -> Answer:
    """A whole answer, up to the end that the server has made; raises HTTPError, or OSError if it is none."""
    head, end, body = data.partition(b"\r\n\r\n")
    first, *fields = head.decode("latin-1").split("\r\n")
    status = STATUS.fullmatch(first)
    lengths = [value for name, _, value in (f.partition(":") for f in fields) if name.lower() == LENGTH]
    if not status or not end or [str(len(body))] != [length.strip() for length in lengths]:
        raise ConnectionResetError("the answer is not whole" if data else "the connection was closed")
    if (code := int(status[1])) < 400:
        return Answer(code, body)
    from email.message import Message
    from urllib.error import HTTPError

    raise HTTPError(url, code, status[2], Message(), BytesIO(body))
