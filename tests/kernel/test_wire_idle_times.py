"""Idle flows on a server whose idle times are scaled: what the API shows, what packets meet, what is counted."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from commands import wait_until
from world import World

SERVER = """
import socket, time
connection, _ = socket.create_server(("0.0.0.0", 8080)).accept()
time.sleep(100)
"""
CLIENT = """
import socket, time
connection = socket.create_connection(("203.0.113.1", 8080))
time.sleep(8)
try:
    connection.send(b"x")
    print(connection.recv(1))
except ConnectionResetError:
    print("reset")
"""
TIMES = {"TcpEstablishedTimeout": 60, "UdpStreamTimeout": 60, "UdpTimeout": 60}


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[World]:
    """A NAT gateway forgets after 4 s here."""
    made = World(tmp_path / "state", "--idle-time-scale", "100")
    yield made
    made.cli("stop", check=False)


def test_a_nat_gateway_resets_and_counts(fast: World) -> None:
    told = json.loads(fast.cli("status", "--json").stdout)
    assert told["idle_time_scale"] == 100
    assert "idle_time_scale 100" in fast.cli("status").stdout
    vpc = fast.vpc()
    address = fast.ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = fast.ec2.create_nat_gateway(SubnetId=vpc.left, AllocationId=address)["NatGateway"]
    nat = made["NatGatewayId"]
    private = fast.ec2.create_route_table(VpcId=vpc.id)["RouteTable"]["RouteTableId"]
    fast.ec2.associate_route_table(RouteTableId=private, SubnetId=vpc.right)
    route = {"RouteTableId": private, "DestinationCidrBlock": "0.0.0.0/0"}
    fast.ec2.create_route(**route, NatGatewayId=nat)
    spec = {"DeviceIndex": 0, "SubnetId": vpc.right, "Groups": [vpc.group]}
    item = spec | {"ConnectionTrackingSpecification": TIMES}
    (one,) = fast.launch(vpc.right, vpc.group, NetworkInterfaces=[item])
    fast.settle()
    (shown,) = one.shown["NetworkInterfaces"]
    assert shown["ConnectionTrackingConfiguration"] == TIMES
    fast.out("internet", f"nohup python3 -c '{SERVER}' > /dev/null 2>&1 < /dev/null &")
    wait_until(lambda: fast.sh("internet", "grep -q ':1F90 ' /proc/net/tcp").returncode == 0)
    assert fast.out(one.id, f"python3 -c '{CLIENT}'") == "reset\n"
    (counted,) = json.loads(fast.cli("nat", nat, "--json").stdout)["nat_gateways"]
    assert counted["IdleTimeoutCount"] >= 1
    assert (counted["ErrorPortAllocation"], counted["PacketsDropCount"]) == (0, 0)
    assert nat in fast.cli("nat").stdout
    with urllib.request.urlopen(f"{fast.url}/_elastinet/metrics", timeout=30) as reply:
        families = {f.name: f for f in text_string_to_metric_families(reply.read().decode())}
    (sample,) = families["elastinet_nat_gateway_idle_timeouts"].samples
    assert (sample.labels, sample.value) == ({"nat_gateway": nat}, counted["IdleTimeoutCount"])
    unknown = fast.cli("nat", "nat-0123456789abcdef0", check=False)
    assert (unknown.returncode, "no NAT gateway" in unknown.stderr) == (1, True)
