"""A server's EC2 API, asked over one connection by bytes: the client costs little."""

import http.client
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

Row = tuple[str, float, str]
"""What was measured, the figure, and what it should be, such as ">= 5"."""
INTERFACES, SUBNETS = 5000, 50
HEAD = (
    b"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nAuthorization: AWS4-HMAC-SHA256 "
    b"Credential=123456789012/20260101/us-east-1/ec2/aws4_request, Signature=0\r\n\r\n"
)


class Endpoint:
    """A server, a connection to it, and what its resources are called."""

    def __init__(self, url: str, pid: int = 0) -> None:
        self.netloc, self.pid = urlsplit(url).netloc, pid
        self._connection: socket.socket | None = None
        self.groups: list[str] = []
        self.subnets: list[str] = []
        self.vpc = self.image = self.interface = ""

    def send(self, body: bytes, path: str = "/") -> bytes:
        """The answer to an encoded request, which goes out in one piece: the client must cost little."""
        self._connect().sendall(self.request(body, path))
        reply = http.client.HTTPResponse(self._connect())
        reply.begin()
        answer = reply.read()
        if reply.will_close:
            self.close()
        if reply.status != 200:
            raise RuntimeError(answer.decode())
        return answer

    def request(self, body: bytes, path: str = "/") -> bytes:
        """The bytes of an encoded request."""
        return HEAD % (path.encode(), self.netloc.encode(), len(body)) + body

    def _connect(self) -> socket.socket:
        if self._connection is None:
            host, _, port = self.netloc.partition(":")
            self._connection = socket.create_connection((host, int(port)), timeout=600)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection

    @property
    def cpu_ms(self) -> float:
        """The processor time that the server has used, in all of its threads; the kernel counts nanoseconds."""
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e6

    @property
    def resident_kb(self) -> int:
        """The memory that the server has."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(text.partition("VmRSS:")[2].split()[0])

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def call(self, action: str, **params: Any) -> ElementTree.Element:
        """The answer to a call, without namespaces."""
        answer = ElementTree.fromstring(self.send(encode(action, **params)))
        for element in answer.iter():
            element.tag = element.tag.rpartition("}")[2]
        return answer

    def id(self, name: str, action: str, **params: Any) -> str:
        """The text of one element of an answer."""
        return self.call(action, **params).findtext(f".//{name}") or ""

    def furnish(self) -> None:
        """A VPC with subnets that are large enough, and groups for rules to go to."""
        self.vpc = self.id("vpcId", "CreateVpc", CidrBlock="10.0.0.0/16")
        for number in range(SUBNETS):
            cidr = f"10.0.{number * 4}.0/22"
            self.subnets.append(self.id("subnetId", "CreateSubnet", VpcId=self.vpc, CidrBlock=cidr))
        for number in range(8):
            fields = {"GroupName": f"rules{number}", "GroupDescription": "rules", "VpcId": self.vpc}
            self.groups.append(self.id("groupId", "CreateSecurityGroup", **fields))
        given = {"Filter.1.Name": "architecture", "Filter.1.Value.1": "x86_64"}
        self.image = self.id("imageId", "DescribeImages", **given)

    def crowd(self) -> None:
        """The many interfaces of a large account."""
        for number in range(INTERFACES):
            subnet = self.subnets[number % SUBNETS]
            self.interface = self.id("networkInterfaceId", "CreateNetworkInterface", SubnetId=subnet)


def encode(action: str, **params: Any) -> bytes:
    return urlencode({"Action": action, "Version": "2016-11-15", **params}).encode()
