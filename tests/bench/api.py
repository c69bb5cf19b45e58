"""The API beside moto's server: the same requests, byte for byte, in turn, over a connection each."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from served import Served

Row = tuple[str, float, str]
INTERFACES, SUBNETS, BURST = 5000, 50, 10
HEAD = (
    b"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nAuthorization: AWS4-HMAC-SHA256 "
    b"Credential=123456789012/20260101/us-east-1/ec2/aws4_request, Signature=0\r\n\r\n"
)


class Endpoint:
    """A server, a connection to it, and what its resources are called."""

    def __init__(self, url: str) -> None:
        self.netloc = urlsplit(url).netloc
        self._connection: socket.socket | None = None
        self.groups: list[str] = []
        self.subnets: list[str] = []
        self.vpc = self.image = self.interface = ""

    def send(self, body: bytes, path: str = "/") -> bytes:
        """The answer to an encoded request, which goes out in one piece: the client must cost little."""
        self._connect().sendall(HEAD % (path.encode(), self.netloc.encode(), len(body)) + body)
        reply = http.client.HTTPResponse(self._connect())
        reply.begin()
        answer = reply.read()
        if reply.will_close:
            self.close()
        if reply.status != 200:
            raise RuntimeError(answer.decode())
        return answer

    def _connect(self) -> socket.socket:
        if self._connection is None:
            host, _, port = self.netloc.partition(":")
            self._connection = socket.create_connection((host, int(port)), timeout=600)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection

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


# --- requests, each made for one endpoint and one number ------------------------------------------

Make = Callable[[Endpoint, int], bytes]


def create_group(at: Endpoint, number: int) -> bytes:
    fields = {"GroupName": f"group{number}", "GroupDescription": "a group", "VpcId": at.vpc}
    return encode("CreateSecurityGroup", **fields)


def create_tags(at: Endpoint, number: int) -> bytes:
    return encode(
        "CreateTags", **{"ResourceId.1": at.vpc, "Tag.1.Key": f"k{number % 40}", "Tag.1.Value": number}
    )


def create_interface(at: Endpoint, number: int) -> bytes:
    return encode("CreateNetworkInterface", SubnetId=at.subnets[number % SUBNETS])


def authorize(at: Endpoint, number: int) -> bytes:
    rule = {"IpProtocol": "tcp", "FromPort": number, "ToPort": number, "IpRanges.1.CidrIp": "10.0.0.0/8"}
    named = {f"IpPermissions.1.{name}": value for name, value in rule.items()}
    return encode("AuthorizeSecurityGroupIngress", GroupId=at.groups[number % len(at.groups)], **named)


def describe_one(at: Endpoint, number: int) -> bytes:
    return encode("DescribeNetworkInterfaces", **{"NetworkInterfaceId.1": at.interface})


def describe_subnet(at: Endpoint, number: int) -> bytes:
    given = {"Filter.1.Name": "subnet-id", "Filter.1.Value.1": at.subnets[number % SUBNETS]}
    return encode("DescribeNetworkInterfaces", **given)


def describe_all(at: Endpoint, number: int) -> bytes:
    return encode("DescribeNetworkInterfaces")


def launch(at: Endpoint, number: int) -> bytes:
    fields = {"ImageId": at.image, "InstanceType": "t3.micro", "MinCount": 100, "MaxCount": 100}
    return encode("RunInstances", SubnetId=at.subnets[number % SUBNETS], **fields)


SMALL: tuple[tuple[str, Make, int, float], ...] = (
    ("CreateSecurityGroup", create_group, 150, 5),
    ("CreateTags", create_tags, 150, 5),
    ("CreateNetworkInterface", create_interface, 150, 5),
    ("AuthorizeSecurityGroupIngress", authorize, 150, 5),
    ("RunInstances of 100", launch, 7, 5),
)
LARGE: tuple[tuple[str, Make, int, float], ...] = (
    ("DescribeNetworkInterfaces, one by id", describe_one, 50, 5),
    ("DescribeNetworkInterfaces, 100 by subnet", describe_subnet, 20, 20),
    ("DescribeNetworkInterfaces, all", describe_all, 5, 20),
)

# --- measuring ------------------------------------------------------------------------------------


@contextmanager
def elastinet() -> Iterator[Endpoint]:
    """Our server as it is installed, its state in a file."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "state").mkdir()
        served = Served(Path(folder), state=f"{folder}/state", quotas="unlimited")
        at = Endpoint(served.url)
        yield at
        at.close()
        served.stop()


@contextmanager
def moto() -> Iterator[Endpoint]:
    """Moto's server as it is installed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environ = os.environ | {"MOTO_CALL_RESET_API": "false"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ)
    try:
        wait(port)
        yield Endpoint(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def wait(port: int) -> None:
    """Wait until something listens."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("moto does not start")


def milliseconds(at: Endpoint, body: bytes) -> float:
    began = time.perf_counter()
    at.send(body)
    return (time.perf_counter() - began) * 1000


def compare(ours: Endpoint, theirs: Endpoint, make: Make, times: int) -> tuple[float, float]:
    """The median milliseconds of either, asked in turn, a burst at a time: as a client at work asks."""
    taken: tuple[list[float], list[float]] = ([], [])
    for first in range(0, times, BURST):
        for at, found in zip((ours, theirs), taken, strict=True):
            bodies = [make(at, number) for number in range(first + 1, min(first + BURST, times) + 1)]
            found += [milliseconds(at, body) for body in bodies]
    return statistics.median(taken[0]), statistics.median(taken[1])


def rows(ours: Endpoint, theirs: Endpoint, table: tuple[tuple[str, Make, int, float], ...]) -> Iterator[Row]:
    for name, make, times, target in table:
        mine, other = compare(ours, theirs, make, times)
        yield f"{name}: {mine:.2f} ms, moto {other:.2f} ms; times faster", other / mine, f">= {target:g}"


def start_and_reset() -> Iterator[Row]:
    """From nothing to healthy, and from a small region to a fresh one."""
    starts, resets = [], []
    for _ in range(5):
        began = time.perf_counter()
        with elastinet() as at:
            starts.append(time.perf_counter() - began)
            at.furnish()
            began = time.perf_counter()
            at.send(b"", "/_elastinet/reset")
            resets.append(time.perf_counter() - began)
    yield "fabric none: seconds from start to healthy", statistics.median(starts), "<= 1"
    yield "fabric none: seconds to reset a small region", statistics.median(resets), "<= 0.2"


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    yield from start_and_reset()
    with elastinet() as ours, moto() as theirs:
        for at in (ours, theirs):
            at.furnish()
        yield from rows(ours, theirs, SMALL)
        for at in (ours, theirs):
            at.crowd()
        yield from rows(ours, theirs, LARGE)


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}", flush=True)
