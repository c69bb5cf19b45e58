"""EFA's permission as it comes and goes: from the request to what a program in the instance has of it."""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator

from bench.api import Endpoint, Row
from bench.fabric import PROGRAM, run

ROUNDS = 7
WATCH = """
import os, time
before = os.stat("/dev/shm").st_dev
print("ready", flush=True)
while os.stat("/dev/shm").st_dev == before:
    time.sleep(0.0005)
print(time.time(), flush=True)
held = open("/dev/shm/held", "w")
time.sleep(60)
"""


class Scene:
    """Two instances with an EFA each, whose group lets all in, and out to itself from time to time."""

    def __init__(self, at: Endpoint, folder: str) -> None:
        self.at, self.folder = at, folder
        groups = {"GroupName": "bypass", "GroupDescription": "bypass", "VpcId": at.vpc}
        group = at.id("groupId", "CreateSecurityGroup", **groups)
        rule = {"IpPermissions.1.IpProtocol": "-1", "IpPermissions.1.Groups.1.GroupId": group}
        self.rule = {"GroupId": group} | rule
        at.call("AuthorizeSecurityGroupIngress", **self.rule)
        given = {"ImageId": at.image, "InstanceType": "c5n.18xlarge", "MinCount": 2, "MaxCount": 2}
        card = {
            "DeviceIndex": 0,
            "SubnetId": at.subnets[0],
            "InterfaceType": "efa",
            "SecurityGroupId.1": group,
        }
        nic = {f"NetworkInterface.1.{name}": value for name, value in card.items()}
        launched = at.call("RunInstances", **given, **nic)
        self.instance = next(found.text or "" for found in launched.iter("instanceId"))
        self.settle()

    def settle(self) -> None:
        self.at.send(b"", "/_elastinet/settle?timeout=60")

    def times(self) -> tuple[float, float]:
        """The milliseconds until a program has the memory, and until it is gone with all that held it."""
        command = [PROGRAM, "exec", "--state", self.folder, self.instance, "--", "python3", "-c", WATCH]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout
            program.stdout.readline()
            asked = time.time()
            self.at.call("AuthorizeSecurityGroupEgress", **self.rule)
            there = float(program.stdout.readline())
            self.settle()
            time.sleep(0.05)
            revoked = time.time()
            self.at.call("RevokeSecurityGroupEgress", **self.rule)
            program.wait()
            gone = time.time()
        self.settle()
        return (there - asked) * 1000, (gone - revoked) * 1000


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    with tempfile.TemporaryDirectory() as folder:
        at = Endpoint(json.loads(run("start", "--port", "0", "--state", folder, "--json"))["url"])
        at.furnish()
        scene = Scene(at, folder)
        come, go = (sorted(column) for column in zip(*(scene.times() for _ in range(ROUNDS)), strict=True))
        at.close()
        run("stop", "--state", folder)
    for what, found in (("the memory is there", come), ("it is gone, and who held it", go)):
        shown = ", ".join(f"{one:.0f}" for one in found)
        yield f"EFA's permission: ms from the request until {what} ({shown})", found[ROUNDS // 2], "<= 100"


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}")
