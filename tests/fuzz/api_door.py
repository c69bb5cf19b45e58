"""What a hostile local client sends the API: calls of every action with odd values, and no HTTP at all.

What is refused changes nothing: the region is looked at before and after some of the refusals.
"""

import random
import re
import socket
import struct
from typing import Any
from urllib.parse import urlencode

from elastinet.ec2.operations import OPERATIONS
from elastinet.wire.service import service
from fuzz.mutation import mutated
from fuzz.place import Place
from region_seen import differences, everything

ACTIONS = sorted(OPERATIONS.keys() & service().actions)
DRY = frozenset(("RunInstances", "StartInstances", "AllocateHosts"))
"""What would be dear if it were done: asked for, but not had."""
KINDS = ("i", "vpc", "subnet", "eni", "sg", "rtb", "igw", "ami", "eipalloc", "pl", "acl", "pcx", "nat", "vol")
ODD = (
    "", " ", "0", "1", "-1", "--1", "2147483647", "2147483648", "9" * 30, "9" * 5000, "1e9", "nan", "true", "TRUE",
    "10.0.0.0/8", "10.0.0.0/33", "0.0.0.0/0", "::/0", "fe80::1%eth0", "256.1.1.1", "10.0.0.1/16", "tcp", "icmp", "-",
    "\u0661", "\u00e9" * 300, "\U0001f600", "\0", "\r\nX: y", "<a>&amp;", "'; --", "../../etc/passwd", "$(id)", "x" * 20000,
    "2026-11-29T00:00:00Z", "default", "us-east-1a", "t3.micro", "all", "*", "?", "\\*",
)  # fmt: skip
WORDS = tuple(
    word.encode(errors="replace")
    for word in (
        *(
            "&",
            "=",
            ".",
            ".1",
            ".0",
            ".-1",
            ".99999999999",
            "%",
            "%00",
            "%ff",
            "%zz",
            "+",
            "\r\n",
            "\r\n\r\n",
        ),
        *(
            "Action=",
            "&Action=DescribeVpcs",
            "&DryRun=true",
            "Filter.1.Name=",
            "Tag.1.Key=",
            "Version=2016-11-15",
        ),
        *("Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Host: evil\r\n", "Origin: null\r\n"),
        *("Sec-Fetch-Site: cross-site\r\n", "HTTP/1.1", "Credential=", "us-west-2", "\0", "\xff"),
    )
)
STATUS = re.compile(rb"HTTP/1\.1 (\d\d\d)")
BATCH, DEPTH, ONE_IN = 150, 3, 25


class ApiDoor:
    """The port of the API, from this machine."""

    name = "api"

    def __init__(self, place: Place) -> None:
        self.place = place
        self.port = place.world.port
        self.account = "210987654321"
        self.ec2 = place.world.client("us-east-1")
        self.hostile = place.world.client("us-east-1", self.account)
        self.hostile.describe_vpcs()
        self.ids = tuple(set(re.findall(r"\b[a-z]+-[0-9a-f]{17}\b", str(everything(self.hostile))))) or KINDS

    def send(self, dice: random.Random) -> int:
        """Send a batch of requests; the other account has what it had."""
        victim = everything(self.ec2)
        for _ in range(BATCH):
            data = self._variant(dice)
            if dice.randrange(ONE_IN):
                self._ask(data, dice)
                continue
            before = everything(self.hostile)
            if not {200} & self._ask(data, dice):
                assert not differences(before, everything(self.hostile)), data
        assert not differences(victim, everything(self.ec2))
        return BATCH

    def _variant(self, dice: random.Random) -> bytes:
        action = dice.choice(ACTIONS)
        given = {
            "Action": action,
            "Version": "2016-11-15",
            **self._fields(dice, service().input_shape(action)),
        }
        body = urlencode(given, errors="replace").encode()
        if dice.random() < 0.4:
            body = mutated(dice, body, WORDS)
        if any(name.encode() in body for name in DRY):
            body += b"&DryRun=true"
        where = f"Credential={self.account}/20260101/us-east-1/ec2/aws4_request"
        fields = (
            "POST / HTTP/1.1", "Host: localhost", "Content-Type: application/x-www-form-urlencoded",
            f"Authorization: AWS4-HMAC-SHA256 {where}, Signature=0", f"Content-Length: {len(body)}",
            "Connection: close", "", "",
        )  # fmt: skip
        head = "\r\n".join(fields).encode()
        if dice.random() < 0.15:
            head = mutated(dice, head, WORDS)
        return head + body

    def _fields(self, dice: random.Random, shape: Any, prefix: str = "", depth: int = 0) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, member in shape.members.items() if depth < DEPTH else ():
            if name not in shape.required_members and dice.random() < 0.8:
                continue
            path = prefix + service().request_name(name, member)
            if member.type_name == "list":
                path, member = f"{path}.{dice.choice((1, 1, 1, 2, 0, 1000))}", member.member
            if member.type_name == "structure":
                found |= self._fields(dice, member, f"{path}.", depth + 1)
            else:
                found[path] = self._value(dice, name, member)
        return found

    def _value(self, dice: random.Random, name: str, member: Any) -> str:
        if name == "DryRun":
            return dice.choice(("true", "true", "false", "x"))
        if dice.random() < 0.3:
            return dice.choice(ODD)
        if enum := getattr(member, "enum", None):
            return str(dice.choice(enum))
        if name.endswith(("Id", "Ids")):
            return dice.choice((*self.ids, f"{dice.choice(KINDS)}-{dice.getrandbits(68):017x}"))
        return {"integer": "1", "long": "1", "boolean": "true"}.get(member.type_name) or dice.choice(ODD)

    def _ask(self, data: bytes, dice: random.Random) -> set[int]:
        """The statuses of the answer; that of success where nobody knows whether it was heard."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as asked:
            if dice.random() < 0.05:
                asked.sendall(data[: dice.randrange(len(data))])
                asked.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return {200}
            try:
                asked.sendall(data)
                asked.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: asked.recv(65536), b""))
            except ConnectionError:
                return {200}
        statuses = set(map(int, STATUS.findall(answer)))
        assert all(status < 500 for status in statuses), (data, answer)
        assert not answer or answer.startswith(b"HTTP/1.1 "), (data, answer)
        return statuses
