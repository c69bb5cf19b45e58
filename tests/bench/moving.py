"""An interface that moves from instance to instance through the API: what its traffic misses."""

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator

from bench.endpoint import Endpoint, Row
from bench.fabric import PROGRAM, run

MOVES, GAP_MS = 7, 2


class Scene:
    """Three instances, the first of which pings an interface that the others hold in turn."""

    def __init__(self, at: Endpoint, folder: str) -> None:
        self.at, self.folder = at, folder
        given = {"ImageId": at.image, "InstanceType": "t3.small", "MinCount": 3, "MaxCount": 3}
        groups = {"GroupName": "pinged", "GroupDescription": "pinged", "VpcId": at.vpc}
        group = at.id("groupId", "CreateSecurityGroup", **groups)
        rule = {"IpProtocol": "-1", "IpRanges.1.CidrIp": "0.0.0.0/0"}
        permission = {f"IpPermissions.1.{name}": value for name, value in rule.items()}
        at.call("AuthorizeSecurityGroupIngress", GroupId=group, **permission)
        place = {"SubnetId": at.subnets[0], "SecurityGroupId.1": group}
        launched = at.call("RunInstances", **given, **place)
        self.asker, *self.holders = (found.text or "" for found in launched.iter("instanceId"))
        made = at.call("CreateNetworkInterface", **place)
        self.interface = made.findtext(".//networkInterfaceId") or ""
        self.address = made.findtext(".//privateIpAddress") or ""
        self.attachment = ""
        self.settle()

    def settle(self) -> None:
        self.at.send(b"", "/_elastinet/settle?timeout=60")

    def attach(self, holder: str) -> None:
        given = {"NetworkInterfaceId": self.interface, "InstanceId": holder, "DeviceIndex": 1}
        self.attachment = self.at.id("attachmentId", "AttachNetworkInterface", **given)

    def status(self) -> str:
        given = {"NetworkInterfaceId.1": self.interface}
        return self.at.id("status", "DescribeNetworkInterfaces", **given)

    def move(self, holder: str) -> None:
        """Detach, wait until it is free, attach: what a script for high availability does."""
        self.at.call("DetachNetworkInterface", AttachmentId=self.attachment)
        while self.status() != "available":
            time.sleep(0.002)
        self.attach(holder)

    def gap(self, holder: str) -> float:
        """The milliseconds of a steady stream of pings that a move costs."""
        ping = ["ping", "-i", str(GAP_MS / 1000), "-w", "2", self.address]
        command = [PROGRAM, "exec", "--state", self.folder, self.asker, "--", *ping]
        stream = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        time.sleep(0.7)
        self.move(holder)
        answer = stream.communicate()[0]
        sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+)", answer).groups())
        self.settle()
        return (sent - received) * GAP_MS


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    with tempfile.TemporaryDirectory() as folder:
        at = Endpoint(json.loads(run("start", "--port", "0", "--state", folder, "--json"))["url"])
        at.furnish()
        scene = Scene(at, folder)
        scene.attach(scene.holders[0])
        scene.settle()
        gaps = sorted(scene.gap(scene.holders[(number + 1) % 2]) for number in range(MOVES))
        at.close()
        run("stop", "--state", folder)
    yield f"a move through the API: ms without traffic (of {gaps})", gaps[MOVES // 2], "<= 50"


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}")
