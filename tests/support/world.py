"""A server with a real kernel fabric, started as a user starts it, and a way into its instances."""

import contextlib
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from tempfile import TemporaryFile
from types import SimpleNamespace
from typing import IO, Any

import boto3
from botocore.config import Config

from elastinet.fabric.contract import client
from elastinet.serve.places import runtime_folder
from forked import forked

ELASTINET = str(Path(sys.executable).with_name("elastinet"))
_blocks = itertools.count(1)


class World:
    """A server, a client of its API, and a way into its instances."""

    account = "x"
    """The access key of its own client: no number, so the default account."""
    before: tuple[str, ...] = ()
    """What its commands are started by."""

    def __init__(self, state: Path, *options: str, **variables: str) -> None:
        self.state, self.options, self.variables = state, options, variables
        self.port = _lasting_port()
        self.start()

    def start(self) -> None:
        """Start the server, on the port it had before if it had one."""
        told = self.cli("start", "--state", str(self.state), "--json", *self.options, port=self.port)
        server = json.loads(told.stdout)
        self.port, self.pid, self.url = server["port"], server["pid"], server["url"]
        self.ec2 = self.client("us-east-1")
        (found,) = self.ec2.describe_images(
            Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}]
        )["Images"]
        self.image = found["ImageId"]

    def client(self, region: str, account: str = "") -> Any:
        """A client of the server's API in a region."""
        return boto3.client(
            "ec2", region_name=region, endpoint_url=self.url, aws_access_key_id=account or self.account,
            aws_secret_access_key="x", config=Config(retries={"max_attempts": 0}, parameter_validation=False),
        )  # fmt: skip

    def cli(self, verb: str, *words: str, port: int | None = None, check: bool = True) -> Any:
        """Run a verb of the command line."""
        where = ["--port", str(self.port if port is None else port)]
        environ = os.environ | self.variables
        if not self.before:
            done = forked("elastinet").run([verb, *where, *words], environ, os.getcwd())
        else:
            command = [*self.before, ELASTINET, verb, *where, *words]
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=60, env=environ, check=False
            )
        if check:
            done.check_returncode()
        return done

    def stop(self) -> None:
        """Stop the server."""
        self.cli("stop")

    def sh(self, where: str, script: str) -> Any:
        """Run a shell script inside an instance, or on internet, as `elastinet exec` does, which takes longer."""
        return shell(runtime_folder(self.port), where, script)

    def out(self, where: str, script: str) -> str:
        """What a shell script that must succeed prints."""
        done = self.sh(where, script)
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        return str(done.stdout)

    def settle(self) -> None:
        """Wait until the kernel has what the state asks for."""
        request = urllib.request.Request(f"{self.url}/_elastinet/settle?timeout=30", method="POST")
        urllib.request.urlopen(request, timeout=60).close()

    def vpc(self) -> SimpleNamespace:
        """A VPC of a test's own with two subnets, a gateway and a group that lets nothing in."""
        number = next(_blocks)
        id = self.ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        left, right = (
            self.ec2.create_subnet(VpcId=id, CidrBlock=f"10.{number}.{n}.0/24")["Subnet"]["SubnetId"]
            for n in (1, 2)
        )
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=id)
        tables = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [id]}])
        table = tables["RouteTables"][0]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        group = self.ec2.create_security_group(GroupName="g", Description="d", VpcId=id)["GroupId"]
        return SimpleNamespace(
            id=id, left=left, right=right, gateway=gateway, table=table, group=group, number=number
        )

    def vpc_for_efa(self) -> SimpleNamespace:
        """A VPC whose group lets all in from itself and all out to itself; `own` is that permission."""
        vpc = self.vpc()
        itself = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": vpc.group}]}
        vpc.own = {"GroupId": vpc.group, "IpPermissions": [itself]}
        self.ec2.authorize_security_group_ingress(**vpc.own)
        self.ec2.authorize_security_group_egress(**vpc.own)
        return vpc

    def allow(self, group: str, protocol: str, low: int = -1, high: int = -1, **peer: Any) -> None:
        """Let something in, from anywhere if no peer is given."""
        permission = {"IpProtocol": protocol, **(peer or {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]})}
        if protocol != "-1":
            permission |= {"FromPort": low, "ToPort": high if high >= 0 or low < 0 else low}
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])

    def launch(self, subnet: str, group: str, count: int = 1, **more: Any) -> list[Any]:
        """Launch instances and wait until they run; gives them with id and ip."""
        given = {"ImageId": self.image, "InstanceType": "c5.large", "MinCount": count, "MaxCount": count}
        if "NetworkInterfaces" not in more:
            given |= {"SubnetId": subnet, "SecurityGroupIds": [group]}
        launched = self.ec2.run_instances(**(given | more))["Instances"]
        ids = [i["InstanceId"] for i in launched]
        waiter = self.ec2.get_waiter("instance_running")
        waiter.wait(InstanceIds=ids, WaiterConfig={"Delay": 0.05, "MaxAttempts": 2400})
        return [SimpleNamespace(id=i["InstanceId"], ip=i.get("PrivateIpAddress"), shown=i) for i in launched]


def _lasting_port() -> int:
    """A free port that the kernel gives nobody who names none: it is still free when a server starts again.

    0 on a machine that has none of them.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(max(1024, first // 2), first)
    for port in random.sample(ports, min(100, len(ports))):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    return 0


def shell(run: Path, where: str, script: str) -> Any:
    """Run a shell script inside an instance of the server with this runtime folder."""
    with TemporaryFile() as out, TemporaryFile() as err, open(os.devnull, "rb") as null:
        ends = {"stdin": null.fileno(), "stdout": out.fileno(), "stderr": err.fileno()}
        try:
            status = client.run(run, where, ["sh", "-c", script], **ends)
        except client.AgentGone as error:
            return SimpleNamespace(returncode=1, stdout="", stderr=f"elastinet: {error}")
        said = {"stdout": _text(out), "stderr": _text(err)}
        return SimpleNamespace(returncode=status, **said)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def ping(world, source, target):
    return world.sh(source, f"ping -c 1 -W 1 {target}").returncode == 0
