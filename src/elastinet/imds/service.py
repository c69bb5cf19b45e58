"""The instance metadata service as an ASGI application per VPC (facts sheet, section 11.2)."""

import time
from collections.abc import Callable
from email.utils import formatdate
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from elastinet.digits import whole
from elastinet.imds.tokens import MOST_SECONDS, Tokens
from elastinet.imds.tree import VERSIONS, Lazy, find, listing, root
from elastinet.model.instance import Instance
from elastinet.model.state import State
from elastinet.rules.interfaces import holder

if TYPE_CHECKING:
    from elastinet.imds.signing import Signer

TTL, TOKEN = b"x-aws-ec2-metadata-token-ttl-seconds", b"x-aws-ec2-metadata-token"
TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Not Allowed"}
PAGE = """<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{0} - {1}</title>
 </head>
 <body>
  <h1>{0} - {1}</h1>
 </body>
</html>
"""

Hop = Callable[[int], None]
"""Sets the IP TTL of what is sent from now on over the caller's connection."""


class Answer(NamedTuple):
    """A response."""

    status: int
    body: bytes
    kind: bytes = b"text/plain"
    extra: tuple[tuple[bytes, bytes], ...] = ()


def _refusal(status: int, *extra: tuple[bytes, bytes]) -> Answer:
    return Answer(status, PAGE.format(status, TITLES[status]).encode(), b"text/html", extra)


class MetadataService:
    """Answers an instance by what the state says of it at that moment."""

    def __init__(
        self,
        state: State,
        secret: bytes,
        key_file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._secret = secret
        self._key_file = key_file
        self._clock = clock
        self._tokens = Tokens()

    @cached_property
    def signer(self) -> "Signer":
        """The signer of identity documents; made at first use, as cryptography and a key take time."""
        from elastinet.imds.signing import Signer

        return Signer(self._key_file)

    def caller(self, vpc_id: str, address: str) -> Instance | None:
        """The instance behind an address of a VPC; the router has checked the address."""
        interface = holder(self._state, vpc_id, address)
        if interface is None or interface.attachment is None:
            return None
        return self._state.get(Instance, interface.attachment.instance_id)

    def answer(
        self,
        instance: Instance | None,
        method: str,
        path: str,
        headers: dict[bytes, bytes],
        hop: Hop,
        *,
        by_ipv6: bool = False,
    ) -> Answer:
        """The answer to one request of an instance; `by_ipv6` says that it came to the IPv6 endpoint."""
        if instance is None:
            return _refusal(404)
        options = instance.metadata
        if options.http_endpoint == "disabled" or (by_ipv6 and options.http_protocol_ipv6 == "disabled"):
            return _refusal(403)
        steps = [step for step in path.split("/") if step]
        if steps[1:] == ["api", "token"]:
            return self._token(instance, method, steps[0], headers, hop)
        if method not in ("GET", "HEAD"):
            return _refusal(405, (b"allow", b"GET, HEAD"))
        if not self._allowed(instance, headers):
            return _refusal(401)
        return self._item(instance, steps)

    def _token(
        self, instance: Instance, method: str, version: str, headers: dict[bytes, bytes], hop: Hop
    ) -> Answer:
        if method != "PUT":
            return Answer(405, b"", b"text/html", ((b"allow", b"OPTIONS, PUT"),))
        if version != "latest" or b"x-forwarded-for" in headers:
            return _refusal(403)
        given = headers.get(TTL, b"")
        seconds = whole(given.decode("latin-1"), 1, MOST_SECONDS)
        if seconds is None:
            return _refusal(400)
        hop(instance.metadata.hop_limit)
        token = self._tokens.make(instance.id, seconds, self._clock())
        return Answer(200, token.encode(), b"text/plain", ((TTL, given),))

    def _allowed(self, instance: Instance, headers: dict[bytes, bytes]) -> bool:
        token = headers.get(TOKEN)
        if token is None:
            return instance.metadata.http_tokens == "optional" and TTL not in headers
        return self._tokens.is_good(token.decode("latin-1"), instance.id, self._clock())

    def _item(self, instance: Instance, steps: list[str]) -> Answer:
        if not steps:
            return Answer(200, "\n".join(VERSIONS).encode())
        if steps[0] not in VERSIONS:
            return _refusal(404)
        node = find(root(self._state, instance, self._clock(), self._secret, lambda: self.signer), steps[1:])
        return _shown(node)


def _shown(node: Lazy) -> Answer:
    if node is None or callable(node):
        return _refusal(404)
    if isinstance(node, bytes):
        return Answer(200, node, b"application/octet-stream")
    if isinstance(node, str):
        return Answer(200, node.encode())
    return Answer(200, listing(node).encode())


def response_headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    """The headers that EC2's service sends with an answer."""
    return [
        (b"content-type", answer.kind),
        (b"accept-ranges", b"bytes" if answer.kind == b"application/octet-stream" else b"none"),
        (b"last-modified", formatdate(usegmt=True).encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"server", b"EC2ws"),
        (b"connection", b"close"),
        *answer.extra,
    ]


def application(service: MetadataService, vpc_id: str, hop: Hop) -> Any:
    """The service for one connection that came in through a VPC's router."""

    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        address = scope["client"][0]
        instance = service.caller(vpc_id, address)
        headers, by_ipv6 = dict(scope["headers"]), ":" in address
        found = service.answer(instance, scope["method"], scope["path"], headers, hop, by_ipv6=by_ipv6)
        start = {"type": "http.response.start", "status": found.status}
        await send(start | {"headers": response_headers(found)})
        body = b"" if scope["method"] == "HEAD" else found.body
        await send({"type": "http.response.body", "body": body})

    return answer
