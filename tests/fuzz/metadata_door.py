"""What a hostile guest sends the metadata service: HTTP of every wrong kind.

The guest needs a token (version 2 only), so that whatever answers with content without one has been tricked.
"""

import contextlib
import random
import re
import socket
import struct

from fuzz.mutation import mutated
from fuzz.place import METADATA, Place

TOKEN_SECONDS = "X-aws-ec2-metadata-token-ttl-seconds"
PATHS = (
    *("/", "/latest", "/latest/meta-data/", "/latest/meta-data/instance-id", "/latest/api/token"),
    *("/latest/user-data", "/latest/dynamic/instance-identity/document", "/2021-07-15/meta-data/local-ipv4"),
    *("/latest/meta-data/network/interfaces/macs/", "/latest/meta-data/iam/security-credentials/"),
    *(
        "//latest//meta-data",
        "/latest/../latest/meta-data",
        "/latest/%2e%2e/meta-data",
        "/latest/meta-data%00",
    ),
    *("/latest/meta-data/?a=b#c", "http://169.254.169.254/latest/meta-data/ami-id", "*", "/" + "a/" * 300),
    *("/_elastinet/status", "/_elastinet/reset", "/moto-api/reset", "/?Action=DescribeVpcs"),
)
METHODS = (
    *("GET", "GET", "GET", "HEAD", "PUT", "PUT", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH"),
    *("PROPFIND", "get", "PRI", "G ET", ""),
)
FIELDS = (
    *(f"{TOKEN_SECONDS}: 60", f"{TOKEN_SECONDS}: -1", f"{TOKEN_SECONDS}: 99999999999999999999"),
    *("X-Forwarded-For: 10.0.0.1", "X-Forwarded-For:", "Host: localhost", "Host: a\x00b", "Host:"),
    *("Content-Length: 5", "Content-Length: 0", "Content-Length: -5", "Content-Length: 5, 6"),
    *("Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding : chunked"),
    *("Transfer-Encoding: xchunked", "Expect: 100-continue", "Connection: close", "Connection: keep-alive"),
    *("Upgrade: h2c", "Upgrade: websocket", "Range: bytes=0-99999999999", "If-None-Match: *", " folded: x"),
    *("Accept-Encoding: gzip", "Cookie: " + "a" * 4000, "X-\xff: \xfe", "Origin: http://evil.example"),
)
WORDS = tuple(
    word.encode("latin-1")
    for word in (
        *PATHS, *FIELDS, *METHODS, "\r\n", "\r\n\r\n", "\n", "\r", "\0", " ", "HTTP/1.1", "HTTP/1.0", "HTTP/9.9",
        "0\r\n\r\n", "5\r\nhello\r\n", "ffffffffffffffff\r\n", "-1\r\n", "5;ext=\"a\r\n", ":", "%", "%ff",
    )
)  # fmt: skip
BODIES = (
    b"",
    b"",
    b"hello",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"fffffffffff\r\nx",
    b"0\r\nX-A: b\r\n\r\n",
    b"zz\r\n",
)
STATUS = re.compile(rb"HTTP/1\.1 (\d\d\d)")
BATCH, MOST_HELD = 150, 30


class MetadataDoor:
    """Port 80 of the metadata service's address."""

    name = "metadata"

    def __init__(self, place: Place) -> None:
        self.place = place
        self.secrets = [text.encode() for text in (place.hostile.id, place.hostile.ip, place.neighbour.id)]
        token = self._ask(
            f"PUT /latest/api/token HTTP/1.1\r\n{TOKEN_SECONDS}: 21600\r\n\r\n".encode(), "wait"
        )
        self.token = token.rpartition(b"\r\n\r\n")[2]
        assert self.secrets[0] in self._ask(request("GET", PATHS[3], self._with_token()), "wait")
        assert self.secrets[0] not in self._ask(request("GET", PATHS[3]), "wait")

    def _with_token(self) -> str:
        return "X-aws-ec2-metadata-token: " + self.token.decode()

    def send(self, dice: random.Random) -> int:
        """Send a batch of requests; whatever comes back is judged at once."""
        with contextlib.ExitStack() as held:
            for number in range(BATCH):
                data = self._variant(dice)
                how = dice.choice(("wait", "wait", "wait", "shut", "reset", "hold"))
                if how == "hold" and number < MOST_HELD:
                    opened = held.enter_context(self.place.connected(self.place.hostile, METADATA, 80))
                    opened.sendall(data[: len(data) // 2])
                else:
                    self._judge(data, self._ask(data, how))
        return BATCH

    def _variant(self, dice: random.Random) -> bytes:
        fields = dice.choices((*FIELDS, self._with_token()), k=dice.randint(0, 5))
        data = request(dice.choice(METHODS), dice.choice(PATHS), *fields) + dice.choice(BODIES)
        if dice.random() < 0.2:
            data += request("GET", PATHS[3], *dice.choices(FIELDS, k=1))
        return mutated(dice, data, WORDS) if dice.random() < 0.7 else data

    def _ask(self, data: bytes, how: str) -> bytes:
        with self.place.connected(self.place.hostile, METADATA, 80) as asked:
            try:
                asked.sendall(data)
                if how == "reset":
                    asked.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return b""
                asked.shutdown(socket.SHUT_WR)
                return b"" if how == "shut" else b"".join(iter(lambda: asked.recv(65536), b""))
            except (ConnectionError, BrokenPipeError):
                return b""

    def _judge(self, data: bytes, answer: bytes) -> None:
        assert not answer or STATUS.match(answer), (data, answer)
        assert all(int(status) < 500 for status in STATUS.findall(answer)), (data, answer)
        if self.token not in data:
            assert not any(secret in answer for secret in self.secrets), (data, answer)
        assert self.secrets[2] not in answer, (data, answer)


def request(method: str, path: str, *fields: str) -> bytes:
    """A request's head."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", *fields, "", "")).encode("latin-1")
