"""Requests as a hostile client writes them: every byte of the head is the test's own."""

import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

Fields = Iterable[tuple[str, str]]
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def address(url: str) -> tuple[str, int]:
    """Where a server listens."""
    found = urlsplit(url)
    return found.hostname or "", found.port or 0


def head(method: str, path: str, fields: Fields) -> bytes:
    """A request without its body."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side closes; a reset ends it, too."""
    found = b""
    try:
        while part := connection.recv(1 << 16):
            found += part
    except ConnectionResetError:
        pass
    return found


def ask(url: str, method: str, path: str, fields: Fields, body: bytes = b"") -> tuple[int, str]:
    """The status and the text of an answer to exactly these headers, and what a connection's end needs."""
    own = [("Connection", "close"), ("Content-Length", str(len(body)))]
    with socket.create_connection(address(url), timeout=60) as connection:
        connection.sendall(head(method, path, [*fields, *own]) + body)
        answer = everything(connection)
    first, _, rest = answer.partition(b"\r\n")
    return int(first.split()[1]), rest.partition(b"\r\n\r\n")[2].decode()
