"""A server whose words on stderr are kept, and a client that sends it anything."""

import http.client
import os
import re
import socket
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from elastinet.wire.service import service
from region_seen import asking, describing
from served import Served, new_account

FORM = "application/x-www-form-urlencoded"
REQUEST_ID = re.compile(b"<requestId>.*?</requestId>")
Answer = tuple[int, str]


class Watched:
    """A server whose words on stderr are kept, and a client that sends it anything."""

    def __init__(self, served: Served, log: Callable[[], str]) -> None:
        self.served, self.log = served, log
        self.address = urlsplit(served.url).hostname, urlsplit(served.url).port
        self.account = new_account()
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, body: bytes = b"", *, method: str = "POST", path: str = "/", **headers: str) -> Answer:
        """The status and EC2's code of a request over a connection that stays open."""
        status, document = self.document(body, method=method, path=path, **headers)
        return status, code_of(document)

    def document(
        self, body: bytes = b"", *, method: str = "POST", path: str = "/", **headers: str
    ) -> tuple[int, bytes]:
        """The status and the whole answer to such a request."""
        connection = self._connection or http.client.HTTPConnection(*self.address, timeout=30)
        self._connection = connection
        connection.request(
            method, path, body, {"Content-Type": FORM, "Authorization": self.signed()} | headers
        )
        reply = connection.getresponse()
        return reply.status, reply.read()

    def signed(self, region: str = "us-east-1") -> str:
        return f"AWS4-HMAC-SHA256 Credential={self.account}/20260101/{region}/ec2/aws4_request, Signature=0"

    def raw(self, data: bytes, *, then_close: bool = False) -> bytes:
        """What comes back until the server closes, or nothing if we close first."""
        with socket.create_connection(self.address, timeout=30) as connection:
            connection.sendall(data)
            if then_close:
                return b""
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def everything(self) -> dict[str, bytes]:
        """All that the account can see, as it is written: to compare it takes no reading."""
        return {name: self._seen(name) for name in describing(service().input_shape)}

    def _seen(self, action: str) -> bytes:
        status, document = self.document(urlencode(asking(action)).encode())
        assert status == 200, (action, document)
        return REQUEST_ID.sub(b"", document, count=1)

    def close(self) -> None:
        if self._connection:
            self._connection.close()


def code_of(document: bytes) -> str:
    """The code in EC2's error document; empty in any other."""
    if not document.startswith(b"<?xml"):
        return ""
    return ElementTree.fromstring(document).findtext("Errors/Error/Code") or ""


class Stderr:
    """Another file in the place of stderr, for the processes that are started meanwhile."""

    def __init__(self, fd: int) -> None:
        self._kept = os.dup(2)
        os.dup2(fd, 2)

    def close(self) -> None:
        os.dup2(self._kept, 2)
        os.close(self._kept)
