"""`--expose`: the machine that a server runs on reaches public addresses; here it is a namespace of the test's own."""

import json
import os
import subprocess
import sys
import time

import pytest
from world import ELASTINET

from commands import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may expose")

REGION = """
import boto3, sys
ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=sys.argv[1], aws_access_key_id="x", aws_secret_access_key="x")
(image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-*"]}])["Images"]
(group,) = ec2.describe_security_groups()["SecurityGroups"]
every = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=every)
(one,) = ec2.run_instances(ImageId=image["ImageId"], InstanceType="c5.large", MinCount=1, MaxCount=1)["Instances"]
waiter = ec2.get_waiter("instance_running")
waiter.wait(InstanceIds=[one["InstanceId"]], WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200})
(shown,) = ec2.describe_instances(InstanceIds=[one["InstanceId"]])["Reservations"]
print(one["InstanceId"], shown["Instances"][0]["PublicIpAddress"])
"""


class Outside:
    """A network namespace that is the machine, with a server in it."""

    def __init__(self, state):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            time.sleep(0.01)
        self.run("ip", "link", "set", "lo", "up")
        self.state = str(state)
        self.server = None

    def run(self, *command, check=True):
        enter = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--"]
        return subprocess.run([*enter, *command], capture_output=True, text=True, check=check, timeout=60)

    def start(self):
        told = self.run(ELASTINET, "start", "--expose", "--port", "0", "--state", self.state, "--json").stdout
        self.server = json.loads(told)

    def stop(self):
        self.run(ELASTINET, "stop", "--port", str(self.server["port"]))
        self.server = None

    def routes(self):
        return self.run("ip", "route").stdout

    def pings(self, address):
        return self.run("ping", "-c", "1", "-W", "2", address, check=False).returncode == 0


@pytest.fixture
def outside(tmp_path):
    outside = Outside(tmp_path)
    outside.start()
    yield outside
    if outside.server:
        outside.stop()
    outside.holder.kill()
    outside.holder.wait()


def test_it_reaches_public_addresses_until_it_stops(outside):
    id, public = outside.run(sys.executable, "-c", REGION, outside.server["url"]).stdout.split()
    assert "198.18.0.0/15 via 203.0.113.1 dev elastinet0" in outside.routes()
    assert outside.pings(public)
    port = ["--port", str(outside.server["port"])]
    listener = subprocess.Popen(
        ["nsenter", f"--net=/proc/{outside.holder.pid}/ns/net", "--", "busybox", "httpd", "-f", "-p", "8099"]
    )
    try:
        ask = ("curl", "-s", "--max-time", "5", "203.0.113.2:8099")
        wait_until(lambda: outside.run(*ask, check=False).returncode == 0)
        for asker in (id, "internet"):
            asked = [
                ELASTINET,
                "exec",
                *port,
                asker,
                "--",
                "curl",
                "-s",
                "--max-time",
                "1",
                "203.0.113.2:8099",
            ]
            assert outside.run(*asked, check=False).returncode == 28, "nobody reaches this machine's services"
            asked[-1] = "-V"
            assert outside.run(*asked).returncode == 0
    finally:
        listener.kill()
        listener.wait()
    again = outside.run(ELASTINET, "start", "--expose", "--port", "0", "--state", ":memory:", check=False)
    assert (again.returncode, "exposed here already" in again.stderr) == (1, True)
    outside.stop()
    wait_until(lambda: not outside.routes())
    assert "elastinet0" not in outside.run("ip", "link").stdout


def test_a_guest_has_no_way_into_it(outside):
    id, _ = outside.run(sys.executable, "-c", REGION, outside.server["url"]).stdout.split()
    port = ["--port", str(outside.server["port"])]
    for who in (id, "internet"):
        look = "for p in /proc/[0-9]*; do readlink $p/fd/* $p/ns/net; done 2>/dev/null | grep ^net: | sort -u"
        found = outside.run(ELASTINET, "exec", *port, who, "--", "sh", "-c", look).stdout
        own = outside.run(ELASTINET, "exec", *port, who, "--", "readlink", "/proc/self/ns/net").stdout
        assert found == own, "it sees its own, and no other"


def test_only_with_packets():
    refused = subprocess.run(
        [ELASTINET, "start", "--expose", "--fabric", "none", "--port", "0", "--state", ":memory:"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (refused.returncode, "--fabric none" in refused.stderr) == (1, True)
