"""Instances in a test: launched, commands run in them, packets sent between them."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from elastinet.cli.common import CommandFailure, ask, run_folder
from elastinet.cli.reach.probe import Probe, probe
from elastinet.testing import commands
from elastinet.testing.errors import TestingError
from elastinet.testing.server import LocalServer

IMAGE_NAME = "amzn2-ami-hvm-*-x86_64-gp2"
DEFAULT_TYPE = "t3.micro"
INTERNET = "internet"


@dataclass(frozen=True)
class Reached:
    """Whether packets get from one end to another: true or false, with what was seen and why."""

    reached: bool
    seen: str
    why: str

    def __bool__(self) -> bool:
        return self.reached


@dataclass(frozen=True)
class Instance:
    """An instance, or the internet."""

    id: str
    private_ip: str = ""
    public_ip: str = ""
    shown: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What DescribeInstances said of it when the test was given it."""
    server: LocalServer = field(repr=False, compare=False, kw_only=True)

    def exec(self, command: str, *, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run a shell command inside, once packets go by what the API was told.

        Gives its `returncode`, `stdout` and `stderr`; bytes that are no UTF-8 are spelled out.
        """
        if self.server.server.fabric != "kernel":
            raise TestingError("this server carries no packets (fabric none): its instances run nothing")
        self.server.settle()
        return commands.run(_folder(self.server), self.id, ["sh", "-c", command], timeout)

    def can_reach(
        self, target: "Instance | str", *, port: int | None = None, protocol: str = "", ipv6: bool = False
    ) -> Reached:
        """Send packets to another instance or an address: TCP to a port, without one a ping.

        They are real. Without a kernel fabric the answer is that of `elastinet why`.
        """
        words = {
            "source": self.id,
            "target": target if isinstance(target, str) else target.id,
            "protocol": protocol or ("icmp" if port is None else "tcp"),
            "port": "" if port is None else str(port),
            "ipv6": "true" if ipv6 else "",
        }
        try:
            told = ask(self.server.server, "GET", f"/_elastinet/why?{urlencode(words)}")
            sent = _sent(self.server, told)
        except CommandFailure as failure:
            raise TestingError(str(failure)) from None
        return Reached(bool(sent.reachable), sent.seen, told["sentence"])


class Instances:
    """The instances of a test's account."""

    def __init__(self, server: LocalServer, ec2: Any) -> None:
        self._server, self._ec2 = server, ec2

    @property
    def internet(self) -> Instance:
        """Whoever is outside of all VPCs."""
        return Instance(INTERNET, server=self._server)

    def run(self, **parameters: Any) -> Instance:
        """Launch one by RunInstances' parameters, of which none is needed, and wait until it runs."""
        given = {"InstanceType": DEFAULT_TYPE} | parameters
        if not given.keys() & {"ImageId", "LaunchTemplate"}:
            given["ImageId"] = self._image()
        (launched,) = self._ec2.run_instances(MinCount=1, MaxCount=1, **given)["Instances"]
        return self.get(launched["InstanceId"])

    def get(self, id: str) -> Instance:
        """An instance that the program under test has launched, once it runs."""
        failed = self._server.post("/_elastinet/settle?timeout=60")["failed"]
        (reservation,) = self._ec2.describe_instances(InstanceIds=[id])["Reservations"]
        (shown,) = reservation["Instances"]
        if (state := shown["State"]["Name"]) != "running":
            raise TestingError(f"{id} is {state} ({failed or shown.get('StateTransitionReason')})")
        private, public = (shown.get(name, "") for name in ("PrivateIpAddress", "PublicIpAddress"))
        return Instance(id, private, public, shown, server=self._server)

    def _image(self) -> str:
        filters = [{"Name": "name", "Values": [IMAGE_NAME]}]
        return str(self._ec2.describe_images(Filters=filters)["Images"][0]["ImageId"])


def _sent(server: LocalServer, told: dict[str, Any]) -> Probe:
    """What became of packets; raises TestingError if none could be sent where some can."""
    if server.server.fabric != "kernel":
        return Probe(told["reachable"], "no packets: this server carries none (fabric none)")
    found = probe(server.server, _folder(server), told["packet"])
    if found.reachable is None:
        raise TestingError(f"no packets could be sent: {found.seen}")
    return found


def _folder(server: LocalServer) -> Path:
    return run_folder(server.server)
