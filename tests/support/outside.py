"""A network namespace that is the machine, with a server in it."""

import json
import os
import subprocess
import time

from world import ELASTINET

REGION = """
import boto3, sys
ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=sys.argv[1], aws_access_key_id="x", aws_secret_access_key="x")
(image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])["Images"]
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
