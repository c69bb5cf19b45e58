"""EFA past the kernel: how soon its permission is there and gone, and libfabric's ping-pong beside TCP's."""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from statistics import median

from bench.endpoint import Endpoint, Row
from bench.fabric import PROGRAM, run

ROUNDS = 7
WAYS = {"efa": "-p shm -e rdm", "tcp": "-p tcp -e msg"}
SIZES = ((64, 5000, "a message of 64 bytes", ">= 5"), (1 << 20, 1000, "a message of 1 MiB", ">= 4"))
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
        self.instance, self.other = (found.text or "" for found in launched.iter("instanceId"))
        self.address = launched.findtext(".//privateIpAddress") or ""
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

    def command(self, instance: str, words: str) -> list[str]:
        return [PROGRAM, "exec", "--state", self.folder, instance, "--", "sh", "-c", words]

    def microseconds(self, how: str, size: int, count: int) -> float:
        """What a message of so many bytes takes in one direction, by libfabric's own ping-pong."""
        words = f"fi_pingpong {WAYS[how]} -S {size} -I {count}"
        with subprocess.Popen(self.command(self.instance, words), stdout=subprocess.DEVNULL):
            time.sleep(0.7)
            client = self.command(self.other, f"{words} {self.address}")
            return float(subprocess.check_output(client, text=True).split()[-2])


def ratios(scene: Scene) -> Iterator[Row]:
    """TCP's time in EFA's for a small message and a large one; the ways take turns."""
    scene.at.call("AuthorizeSecurityGroupEgress", **scene.rule)
    scene.settle()
    for size, count, name, target in SIZES:
        found: dict[str, list[float]] = {how: [] for how in WAYS}
        for _ in range(ROUNDS):
            for how in WAYS:
                found[how].append(scene.microseconds(how, size, count))
        efa, tcp = median(found["efa"]), median(found["tcp"])
        yield f"{name}: EFA {efa:.2f} us, TCP without limits {tcp:.2f}; times", tcp / efa, target


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--port", "0", "--state", folder, "--json", "--bandwidth-scale", "1000")
        at = Endpoint(json.loads(run("start", *options))["url"])
        at.furnish()
        scene = Scene(at, folder)
        if shutil.which("fi_pingpong"):
            yield from ratios(scene)
            scene.at.call("RevokeSecurityGroupEgress", **scene.rule)
            scene.settle()
        come, go = (sorted(column) for column in zip(*(scene.times() for _ in range(ROUNDS)), strict=True))
        at.close()
        run("stop", "--state", folder)
    for what, found in (("the memory is there", come), ("it is gone, and who held it", go)):
        shown = ", ".join(f"{one:.0f}" for one in found)
        yield f"EFA's permission: ms from the request until {what} ({shown})", found[ROUNDS // 2], "<= 100"


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}")
