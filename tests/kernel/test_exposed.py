"""`--expose`: the machine that a server runs on reaches public addresses; here it is a namespace of the test's own."""

import os
import subprocess
import sys

import pytest

from commands import wait_until
from elastinet.fabric.kernel.features import find
from outside import REGION, Outside
from world import ELASTINET

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may expose")


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


KEY = """
import boto3, os, pathlib, sys
ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=sys.argv[1], aws_access_key_id="x", aws_secret_access_key="x")
key = pathlib.Path(sys.argv[2])
key.touch(0o600)
key.write_text(ec2.create_key_pair(KeyName="mine", KeyType="ed25519")["KeyMaterial"])
(image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])["Images"]
launch = {"ImageId": image["ImageId"], "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
(one,) = ec2.run_instances(KeyName="mine", **launch)["Instances"]
ec2.get_waiter("instance_running").wait(InstanceIds=[one["InstanceId"]], WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200})
(shown,) = ec2.describe_instances(InstanceIds=[one["InstanceId"]])["Reservations"]
print(one["InstanceId"], shown["Instances"][0]["PublicIpAddress"])
"""
OPEN = """
import boto3, sys
ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=sys.argv[1], aws_access_key_id="x", aws_secret_access_key="x")
(group,) = ec2.describe_security_groups()["SecurityGroups"]
ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="203.0.113.2/32")
"""
SSH = "-oBatchMode=yes -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oLogLevel=ERROR -oConnectTimeout=1".split()


@pytest.mark.skipif(not (find("sshd") and find("ssh")), reason="openssh-server is not installed")
def test_ssh_to_the_public_address(outside, tmp_path):
    """As on EC2: by the key pair, as the image's user, if a group lets this machine's address in."""
    url, key = outside.server["url"], str(tmp_path / "key.pem")
    _id, public = outside.run(sys.executable, "-c", KEY, url, key).stdout.split()

    def login(*options, user="ec2-user"):
        command = ["ssh", "-i", key, *SSH, *options, f"{user}@{public}", "id -un; echo $SSH_CLIENT"]
        return outside.run(*command, check=False)

    assert "timed out" in login().stderr, "no group lets it in"
    outside.run(sys.executable, "-c", OPEN, url)
    wait_until(lambda: login().returncode == 0)
    user, source, *_ = login().stdout.split()
    assert (user, source) == ("ec2-user", "203.0.113.2")
    assert "Permission denied" in login(user="root").stderr


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
