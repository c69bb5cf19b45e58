"""EC2 networking on this machine, on real packets: read it in two minutes, run it in less.

A boto3 program like any other. It starts an elastinet server of its own, and stops it at the end.
"""

import json
import re
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import boto3
from rich.console import Console
from rich.table import Table

ELASTINET = str(Path(sys.executable).with_name("elastinet"))
WEB = """#!/bin/sh
mkdir -p /srv/www
echo "hello from $(hostname)" > /srv/www/index.html
busybox httpd -p 80 -h /srv/www
"""
METADATA = """
latest=http://169.254.169.254/latest
token=$(curl -s -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" $latest/api/token)
curl -s -H "X-aws-ec2-metadata-token: $token" $latest/meta-data/instance-id
"""
console, checked = Console(), []


def check(claim: str, holds: bool, seen: str = "") -> None:
    """Say what was checked, and end the demo if it does not hold."""
    checked.append((claim, seen))
    console.print(f"  {'[green]✓[/]' if holds else '[red]✗[/]'} {claim}  [dim]{seen}[/]")
    if not holds:
        sys.exit(f"the demo failed at: {claim}")


def run(where: str, command: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command inside an instance, or on 'internet'."""
    words = [ELASTINET, "exec", "--port", PORT, where, "--", "sh", "-c", command]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def launch(name: str, subnet: str, group: str, user_data: str = "") -> str:
    """Launch one instance and give its id."""
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    launched = ec2.run_instances(
        ImageId=IMAGE, InstanceType="c5.large", MinCount=1, MaxCount=1, SubnetId=subnet,
        SecurityGroupIds=[group], UserData=user_data, TagSpecifications=tags,
    )  # fmt: skip
    return launched["Instances"][0]["InstanceId"]


def wait_for(waiter: str, **what: list[str]) -> None:
    """Wait as every boto3 program does, but look more often: here things take milliseconds."""
    ec2.get_waiter(waiter).wait(WaiterConfig={"Delay": 0.02, "MaxAttempts": 1000}, **what)


def attach(eni: str, instance: str) -> str:
    """Attach a network interface as eth1, wait until it is there, and give the attachment's id."""
    made = ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=1)
    while status(eni) != "attached":
        time.sleep(0.01)
    return made["AttachmentId"]


def status(eni: str) -> str:
    """How far the attachment of a network interface is."""
    (interface,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"]
    return interface.get("Attachment", {}).get("Status", "detached")


def answers(where: str, url: str) -> bool:
    """Whether a web server answers within two seconds."""
    return "hello" in run(where, f"curl -s --max-time 2 {url}").stdout


began = time.monotonic()
start = [ELASTINET, "start", "--port", "0", "--state", ":memory:", "--json"]
server = json.loads(subprocess.check_output(start))
PORT = str(server["port"])
try:
    ec2 = boto3.client(
        "ec2", endpoint_url=server["url"], region_name="us-east-1",
        aws_access_key_id="demo", aws_secret_access_key="demo",
    )  # fmt: skip
    IMAGE = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
        "Images"
    ][0]["ImageId"]

    console.print("[bold]A VPC with two subnets, an internet gateway and three instances")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    left = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    right = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24")["Subnet"]["SubnetId"]
    igw = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=vpc)
    table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=igw)
    group = ec2.create_security_group(GroupName="web", Description="for the demo", VpcId=vpc)["GroupId"]
    client, web = launch("client", left, group), launch("web", right, group, WEB)
    spare = launch("spare", right, group)
    wait_for("instance_running", InstanceIds=[client, web, spare])
    (reservation,) = ec2.describe_instances(InstanceIds=[web])["Reservations"]
    address = reservation["Instances"][0]["PrivateIpAddress"]
    shown = run(web, "ip -4 -o addr show eth0; cat /sys/class/net/eth0/mtu").stdout
    check(
        "an instance has its address from DHCP, and MTU 9001", address in shown and "9001" in shown, address
    )

    console.print("[bold]A security group that really blocks")
    check("a ping is blocked", run(client, f"ping -c 1 -W 1 {address}").returncode == 1)
    check("an HTTP request is blocked", not answers(client, f"http://{address}/"))
    for protocol, low, high in (("icmp", -1, -1), ("tcp", 80, 80)):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpProtocol=protocol, FromPort=low, ToPort=high, CidrIp="0.0.0.0/0"
        )
    check("with the rules added the ping passes", run(client, f"ping -c 1 -W 1 {address}").returncode == 0)
    check("and so does the HTTP request", answers(client, f"http://{address}/"))

    console.print("[bold]Instance metadata")
    own_id = run(web, METADATA).stdout
    check("the instance reads its own id, with a session token", own_id == web, own_id)

    console.print("[bold]An Elastic IP that the instance never sees")
    elastic = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=web)
    public = elastic["PublicIp"]
    check("it is reached from the internet", answers("internet", f"http://{public}/"), public)
    inside = run(web, "ip addr").stdout
    check(
        "its own `ip addr` shows the private address only",
        address in inside and public not in inside,
        address,
    )

    console.print("[bold]A network interface that moves")
    eni = ec2.create_network_interface(SubnetId=right, Groups=[group], SecondaryPrivateIpAddressCount=1)
    eni = eni["NetworkInterface"]
    id, mac = eni["NetworkInterfaceId"], eni["MacAddress"]
    floating = eni["PrivateIpAddress"]
    attachment = attach(id, web)
    answered = run(client, f"ping -c 1 -W 1 {floating}").returncode == 0
    hot = answered and mac in run(web, "ip addr show eth1").stdout
    check("attached while its instance runs, it answers as eth1 with its MAC", hot, mac)
    ping = ["ping", "-D", "-i", "0.005", "-c", "400", "-W", "1", floating]
    poll = [ELASTINET, "exec", "--port", PORT, client, "--", *ping]
    with subprocess.Popen(poll, stdout=subprocess.PIPE, text=True) as polling:
        time.sleep(1)
        ec2.detach_network_interface(AttachmentId=attachment)
        wait_for("network_interface_available", NetworkInterfaceIds=[id])
        attach(id, spare)
        replies = [float(at) for at in re.findall(r"\[([\d.]+)\] 64 bytes", polling.communicate()[0])]
    inside = run(spare, "ip addr show eth1").stdout
    moved = mac in inside and all(a["PrivateIpAddress"] in inside for a in eni["PrivateIpAddresses"])
    check("moved to another instance, it keeps its MAC and addresses", moved, mac)
    gap = max(after - before for before, after in pairwise(replies))
    # Milliseconds; on a busy machine a lost question of its DHCP client is a second.
    check("a client that polls it sees a gap of milliseconds", gap < 3, f"{gap * 1000:.0f} ms")
finally:
    subprocess.run([ELASTINET, "stop", "--port", PORT], check=True, stdout=subprocess.DEVNULL)

summary = Table("checked on real packets", "seen", title=f"All of it in {time.monotonic() - began:.1f} s")
for claim, seen in checked:
    summary.add_row(claim, seen)
console.print(summary)
