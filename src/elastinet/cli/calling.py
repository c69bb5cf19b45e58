"""A request to a server, over its port or over its socket."""

import http.client
import logging
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from elastinet.serve.origins import ASKED
from elastinet.serve.places import Server

_log = logging.getLogger(__name__)


class _PathConnection(http.client.HTTPConnection):
    """HTTP over the socket of a path."""

    def __init__(self, path: str, host: str, **options: Any) -> None:
        super().__init__(host, **options)
        self._path = path

    def connect(self) -> None:
        """Open the connection."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _PathHandler(urllib.request.HTTPHandler):
    """Opens what urllib would open over TCP."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Answer a request."""

        def connection(host: str, **options: Any) -> _PathConnection:
            return _PathConnection(self._path, host, **options)

        return self.do_open(connection, request)


def be_verbose() -> None:
    """Have every request said on stderr, with what came of it and how long that took."""
    _log.setLevel(logging.DEBUG)
    _log.addHandler(logging.StreamHandler())


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
    try:
        reply = _open(server, method, path, body, headers, timeout)
        came = str(reply.status)
        return reply
    except urllib.error.HTTPError as error:
        came = str(error.code)
        raise
    finally:
        took = (time.monotonic() - began) * 1000
        _log.debug("elastinet: %s %s%s: %s in %.0f ms", method, server.url, path, came, took)


def _open(
    server: Server,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str] | None,
    timeout: float,
) -> Any:
    base = "http://localhost" if server.unix_socket else server.url
    request = urllib.request.Request(base + path, body, {ASKED: "1", **(headers or {})}, method=method)
    if not server.unix_socket:
        context = ssl.create_default_context(cafile=server.ca) if server.ca else None
        return urllib.request.urlopen(request, timeout=timeout, context=context)
    direct = urllib.request.ProxyHandler({})
    return urllib.request.build_opener(direct, _PathHandler(server.unix_socket)).open(
        request, timeout=timeout
    )
