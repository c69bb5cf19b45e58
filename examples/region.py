"""What the examples share: an elastinet server of their own, a VPC in it, and a way into its instances."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import boto3

ELASTINET = str(Path(sys.executable).with_name("elastinet"))
WEB = "mkdir -p /srv/www; echo {0} > /srv/www/index.html; busybox httpd -p {1} -h /srv/www\n"


class Region:
    """A server that lives as long as the `with` block, and a boto3 client of it."""

    def __init__(self, *options: str) -> None:
        self.options = options

    def __enter__(self) -> Self:
        start = [ELASTINET, "start", "--port", "0", "--state", ":memory:", "--json", *self.options]
        server = json.loads(subprocess.check_output(start))
        self.port, self.url = str(server["port"]), server["url"]
        self.ec2: Any = boto3.client(
            "ec2", endpoint_url=self.url, region_name="us-east-1",
            aws_access_key_id="example", aws_secret_access_key="example",
        )  # fmt: skip
        images = self.ec2.describe_images(
            Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}]
        )["Images"]
        self.image = images[0]["ImageId"]
        return self

    def __exit__(self, *_: object) -> None:
        stop = [ELASTINET, "stop", "--port", self.port]
        subprocess.run(stop, check=True, stdout=subprocess.DEVNULL)

    def settle(self) -> None:
        """Wait until packets go by what the API was told; on EC2 one waits and hopes."""
        post = urllib.request.Request(f"{self.url}/_elastinet/settle?timeout=30", method="POST")
        urllib.request.urlopen(post).close()

    def command(self, where: str, script: str) -> list[str]:
        """The words that run a shell script inside an instance, or on 'internet'."""
        return [ELASTINET, "exec", "--port", self.port, where, "--", "sh", "-c", script]

    def run(self, where: str, script: str) -> str:
        """What a shell script that must succeed prints, inside an instance or on 'internet'."""
        self.settle()
        return subprocess.check_output(self.command(where, script), text=True)

    def works(self, where: str, script: str) -> bool:
        """Whether a shell script ends well."""
        self.settle()
        return subprocess.run(self.command(where, script), capture_output=True, check=False).returncode == 0

    def send(self, file: str, where: str, path: str) -> None:
        """Copy a program of this machine into an instance."""
        self.settle()
        copy = self.command(where, f"cat > {path}; chmod +x {path}")
        with open(file, "rb") as program:
            subprocess.run(copy, stdin=program, check=True)

    def elastinet(self, verb: str, *words: str) -> str:
        """What another verb of the command line prints."""
        return subprocess.check_output([ELASTINET, verb, *words, "--port", self.port], text=True)

    @contextmanager
    def dpdk(self, where: str, *words: str) -> Iterator[None]:
        """A DPDK program that has an instance's further interfaces to itself while the block lasts."""
        self.settle()
        command = [ELASTINET, "dpdk", "--port", self.port, "--tty", where, "--", *words]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            next(line for line in program.stdout or () if "Press enter" in line)
            yield
            program.communicate()  # testpmd ends with its input

    def perf(self, one: str, other: str, *words: str) -> dict[str, Any]:
        """What `elastinet perf` measures; `figures` has the predicted and the measured Gbit/s as on EC2."""
        self.settle()
        told = json.loads(self.elastinet("perf", one, other, "--json", *words))
        figures = [f"{told[name] / 1e9:.2f}" for name in ("predicted_bps", "measured_bps")]
        return told | {"figures": figures}

    def racks(self) -> dict[str, str]:
        """The rack that each instance is on."""
        used = json.loads(self.elastinet("plant", "--json"))["used"]
        return {i["id"]: rack["rack"] for rack in used for host in rack["hosts"] for i in host["instances"]}

    def healthy(self, *instances: str) -> list[str]:
        """Those of some instances whose hardware is well, as their status checks have it."""
        asked = [{"Name": "system-status.status", "Values": ["ok"]}]
        told = self.ec2.describe_instance_status(InstanceIds=list(instances), Filters=asked)
        return [one["InstanceId"] for one in told["InstanceStatuses"]]

    def pings(self, where: str, address: str) -> bool:
        """Whether an address answers a ping."""
        return self.works(where, f"ping -c 1 -W 1 {address}")

    def fetch(self, where: str, address: str) -> str:
        """What a web server says, or nothing if it does not answer within a second."""
        return self.run(where, f"curl -s --max-time 1 http://{address}/ || true").strip()

    def network(self, *blocks: str) -> SimpleNamespace:
        """A VPC with an internet gateway, a subnet for each block, and a group open to its own members."""
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        made = [self.ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"] for block in blocks]
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        (main,) = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
        self.route(main["RouteTableId"], GatewayId=gateway)
        return SimpleNamespace(id=vpc, subnets=made, group=self.inside(vpc))

    def inside(self, vpc: str) -> str:
        """The VPC's default group: its members reach one another."""
        found = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        return self.ec2.describe_security_groups(Filters=found)["SecurityGroups"][0]["GroupId"]

    def group(self, vpc: str, name: str, port: int, block: str) -> str:
        """A group that lets one TCP port in from one block."""
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        self.ec2.authorize_security_group_ingress(
            GroupId=made, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=block
        )
        return made

    def route(self, table: str, **target: str) -> None:
        """Add a default route to a table."""
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)

    def table(self, vpc: str, *subnets: str, **target: str) -> str:
        """A route table of some subnets, with a default route."""
        made = self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)
        self.route(made, **target)
        return made

    def launch(self, subnet: str, group: str, script: str = "", **more: Any) -> SimpleNamespace:
        """Launch an instance and run a script in it; gives its id, addresses and first interface."""
        place = {} if "NetworkInterfaces" in more else {"SubnetId": subnet, "SecurityGroupIds": [group]}
        given = {"ImageId": self.image, "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
        (made,) = self.ec2.run_instances(**(given | place | more))["Instances"]
        self.settle()
        if script:
            self.run(made["InstanceId"], script)  # as user data it would end some time later
        first = made["NetworkInterfaces"][0]["NetworkInterfaceId"]
        ip, ipv6 = made["PrivateIpAddress"], made.get("Ipv6Address")
        return SimpleNamespace(id=made["InstanceId"], ip=ip, ipv6=ipv6, eni=first)

    def interface(self, subnet: str, group: str) -> dict[str, Any]:
        """A network interface that is attached to nothing yet."""
        return self.ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]

    def attach(self, interface: str, instance: str, index: int = 1) -> None:
        """Attach an interface, as eth1 if nothing else is said, and wait until the guest has it."""
        self.ec2.attach_network_interface(
            NetworkInterfaceId=interface, InstanceId=instance, DeviceIndex=index
        )
        self.settle()

    def move(self, interface: str, instance: str) -> None:
        """Take an interface from the instance that has it and attach it to another."""
        (now,) = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
        self.ec2.detach_network_interface(AttachmentId=now["Attachment"]["AttachmentId"])
        self.settle()
        self.attach(interface, instance)

    def elastic_ip(self, interface: str) -> str:
        """A public address for an interface."""
        address = self.ec2.allocate_address(Domain="vpc")
        self.ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=interface)
        return address["PublicIp"]

    def gap_ms(self, where: str, address: str, change: Callable[[], object]) -> float:
        """The longest silence that a client polling an address sees while something changes."""
        poll = self.command(where, f"ping -D -i 0.005 -c 400 -W 1 {address}")
        with subprocess.Popen(poll, stdout=subprocess.PIPE, text=True) as polling:
            time.sleep(0.5)  # of the two seconds that it polls
            change()
            changed = time.time()
            replies = [float(at) for at in re.findall(r"\[([\d.]+)\] 64 bytes", polling.communicate()[0])]
        check("the client polls until all is over", replies[-1] > changed)
        return max(after - before for before, after in pairwise(replies)) * 1000


def check(claim: str, holds: bool, seen: str = "") -> None:
    """Say what was checked, and end the example if it does not hold."""
    print("✓" if holds else "✗", claim, f"({seen})" * bool(seen), flush=True)
    if not holds:
        sys.exit(f"this does not hold: {claim}")
