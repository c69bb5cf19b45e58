"""A hub and two spokes, verified in CI by a file of assertions: by analysis, by packets, and by a dump."""

import os
import subprocess
import tempfile
from pathlib import Path

from region import ELASTINET, Region, check

os.environ |= {"AWS_ACCESS_KEY_ID": "example", "AWS_SECRET_ACCESS_KEY": "example"}
ASSERTIONS = """assertions = [
    "spoke-a -> hub tcp/443 allow",
    "spoke-b -> hub tcp/443 allow",
    "spoke-a -> spoke-b tcp deny",
    "internet -> * tcp/22 deny",
]"""


def verify(*words):
    return subprocess.run([ELASTINET, "verify", str(rows), *words], check=False).returncode


with Region() as region, tempfile.TemporaryDirectory() as folder:
    rows, ec2 = Path(folder) / "rows.toml", region.ec2
    rows.write_text(ASSERTIONS)
    tables, vpcs, names = {}, {}, ("hub", "spoke-a", "spoke-b")
    for number, name in enumerate(names):
        vpc = vpcs[name] = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.1.0/24")["Subnet"]["SubnetId"]
        own = {"Filters": [{"Name": "vpc-id", "Values": [vpc]}]}
        tables[name] = ec2.describe_route_tables(**own)["RouteTables"][0]["RouteTableId"]
        called = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        region.launch(subnet, region.group(vpc, "web", 443, "10.0.0.0/8"), TagSpecifications=called)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpcs["hub"])
    region.route(tables["hub"], GatewayId=gateway)
    for number, spoke in enumerate(names[1:], 1):
        made = ec2.create_vpc_peering_connection(VpcId=vpcs[spoke], PeerVpcId=vpcs["hub"])
        peering = {"VpcPeeringConnectionId": made["VpcPeeringConnection"]["VpcPeeringConnectionId"]}
        ec2.accept_vpc_peering_connection(**peering)
        ec2.create_route(RouteTableId=tables[spoke], DestinationCidrBlock="10.0.0.0/16", **peering)
        ec2.create_route(RouteTableId=tables["hub"], DestinationCidrBlock=f"10.{number}.0.0/16", **peering)
    region.settle()
    junit = Path(folder) / "found.xml"
    check("the hub serves its spokes", verify("--packets", "--junit", str(junit), "--port", region.port) == 0)
    asked = ["--region", "us-east-1", "--endpoint-url", region.url]
    subprocess.run([ELASTINET, "import", f"{folder}/dump", *asked], check=True)
    check("and a dump of it says the same", verify("--dump", f"{folder}/dump") == 0)
    ec2.delete_route(RouteTableId=tables["hub"], DestinationCidrBlock="10.2.0.0/16")
    check("a route that is lost fails the run", verify("--port", region.port) == 1)
