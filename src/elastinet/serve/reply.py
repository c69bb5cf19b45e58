"""An answer over HTTP, and how it is sent."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

FOR_BROWSERS = ((b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"same-origin"))
"""Headers that keep an answer from being used by a page of another origin."""


class Reply(NamedTuple):
    """A status, a media type, a body, and headers beside those that every answer has."""

    status: int
    kind: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


def json_reply(value: dict[str, Any], status: int = 200) -> Reply:
    """An answer of one of our own pages."""
    return Reply(status, "application/json", json.dumps(value, indent=2).encode() + b"\n")


def given_in(query: bytes) -> dict[str, str]:
    """The parameters of one of our own pages."""
    return {name: values[-1] for name, values in parse_qs(query.decode("latin-1")).items()}


async def send_reply(send: Send, reply: Reply, request_id: str) -> None:
    """Send an answer whole."""
    headers = [
        (b"content-type", reply.kind.encode()),
        (b"content-length", str(len(reply.body)).encode()),
        (b"x-amzn-requestid", request_id.encode()),
        *reply.headers,
        *FOR_BROWSERS,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
