"""Pods of a Kubernetes node, as AWS's VPC CNI has them: each with a secondary address of an interface of the node's.

What hands addresses out asks the metadata service and EC2 from inside, by the node's role; then a pod is a network
namespace whose address its node routes. Neighbours reach it by that address, under the interface's groups.
"""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import sdk_inside
from sdk_inside import FOLDER, PYTHON
from world import World

PROFILE = {"Arn": "arn:aws:iam::000000000000:instance-profile/node"}
ADDRESSES = """
import json, sys, time, urllib.request
import boto3

BASE = "http://169.254.169.254/latest/"
asked = urllib.request.Request(
    BASE + "api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}
)
TOKEN = urllib.request.urlopen(asked).read().decode()


def get(path):
    asked = urllib.request.Request(BASE + "meta-data/" + path, headers={"X-aws-ec2-metadata-token": TOKEN})
    return urllib.request.urlopen(asked).read().decode().split()


def of(mac, item):
    return get(f"network/interfaces/macs/{mac}/{item}")


(zone,), (local,), (node,), (kind,), (mac,) = map(
    get, ("placement/availability-zone", "local-ipv4", "instance-id", "instance-type", "mac")
)
(primary,), (subnet,), (vpc,) = (of(mac, item) for item in ("interface-id", "subnet-id", "vpc-id"))
groups = of(mac, "security-group-ids")
ec2 = boto3.client("ec2", region_name=zone[:-1])
(limits,) = ec2.describe_instance_types(InstanceTypes=[kind])["InstanceTypes"]
network = limits["NetworkInfo"]
near = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "availability-zone", "Values": [zone]}]
assert subnet in {found["SubnetId"] for found in ec2.describe_subnets(Filters=near)["Subnets"]}
(reservation,) = ec2.describe_instances(InstanceIds=[node])["Reservations"]
taken = {one["Attachment"]["DeviceIndex"] for one in reservation["Instances"][0]["NetworkInterfaces"]}
tags = {"node.k8s.amazonaws.com/instance_id": node, "cluster.k8s.amazonaws.com/name": "pods"}
wanted = {"Description": f"aws-K8S-{node}", "Groups": groups, "SubnetId": subnet}
wanted["TagSpecifications"] = [
    {"ResourceType": "network-interface", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
]
made = ec2.create_network_interface(SecondaryPrivateIpAddressCount=2, **wanted)
second = made["NetworkInterface"]["NetworkInterfaceId"]
attached = ec2.attach_network_interface(
    DeviceIndex=min(set(range(9)) - taken), InstanceId=node, NetworkInterfaceId=second, NetworkCardIndex=0
)
ec2.modify_network_interface_attribute(
    Attachment={"AttachmentId": attached["AttachmentId"], "DeleteOnTermination": True},
    NetworkInterfaceId=second,
)
stamp = {"Key": "node.k8s.amazonaws.com/createdAt", "Value": "2026-01-01T00:00:00Z"}
ec2.create_tags(Resources=[second], Tags=[stamp])
more = ec2.assign_private_ip_addresses(NetworkInterfaceId=second, SecondaryPrivateIpAddressCount=1)
delegated = ec2.assign_private_ip_addresses(NetworkInterfaceId=second, Ipv4PrefixCount=1)
(shown,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[second])["NetworkInterfaces"]
seen = shown["MacAddress"]
while seen + "/" not in get("network/interfaces/macs/") or not of(seen, "ipv4-prefix"):
    time.sleep(0.1)
json.dump(
    {
        "interface": second,
        "mac": seen,
        "limits": [network["MaximumNetworkInterfaces"], network["Ipv4AddressesPerInterface"], limits["Hypervisor"]],
        "device": of(seen, "device-number"),
        "addresses": of(seen, "local-ipv4s"),
        "given": [one["PrivateIpAddress"] for one in shown["PrivateIpAddresses"]],
        "more": [one["PrivateIpAddress"] for one in more["AssignedPrivateIpAddresses"]],
        "prefixes": of(seen, "ipv4-prefix"),
        "delegated": [one["Ipv4Prefix"] for one in delegated["AssignedIpv4Prefixes"]],
        "subnet": of(seen, "subnet-ipv4-cidr-block"),
        "vpc": of(mac, "vpc-ipv4-cidr-blocks"),
        "tags": {tag["Key"]: tag["Value"] for tag in shown["TagSet"]},
        "leaves": shown["Attachment"]["DeleteOnTermination"],
    },
    sys.stdout,
)
"""
"""What the CNI's daemon does when a node begins and needs more addresses, in words of our own."""
POD = """
set -e
pod=$1 address=$2 device=$3 table=$4
ip netns add $pod
ip link add eni$pod type veth peer name eth0 netns $pod
ip link set eni$pod up
mac=$(cat /sys/class/net/eni$pod/address)
ip -n $pod link set lo up
ip -n $pod link set eth0 up
ip -n $pod address add $address/32 dev eth0
ip -n $pod route add 169.254.1.1 dev eth0 scope link
ip -n $pod route add default via 169.254.1.1 dev eth0
ip -n $pod neighbour add 169.254.1.1 lladdr $mac dev eth0 nud permanent
ip address del $address dev $device 2>/dev/null || true
ip route add $address/32 dev eni$pod
ip rule add to $address priority 512 table main
ip rule add from $address priority 1536 table $table
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.$device.rp_filter=2
"""
"""A pod's network: a veth pair, one address, a neighbour that is never asked for, and rules by address."""


@pytest.fixture(scope="module")
def place(world: World) -> Iterator[SimpleNamespace]:
    """A node with a role and a way to the API, a neighbour, and what the node has been given."""
    vpc = world.vpc()
    world.allow(vpc.group, "icmp", UserIdGroupPairs=[{"GroupId": vpc.group}])
    public = {"DeviceIndex": 0, "SubnetId": vpc.left, "Groups": [vpc.group], "AssociatePublicIpAddress": True}
    (node,) = world.launch("", "", NetworkInterfaces=[public], IamInstanceProfile=PROFILE)
    (other,) = world.launch(vpc.left, vpc.group)
    sdk_inside.install(world, node.id)
    told = json.loads(world.out(node.id, f"PYTHONPATH={FOLDER} {PYTHON} - <<'END'\n{ADDRESSES}\nEND"))
    world.settle()
    yield SimpleNamespace(vpc=vpc, node=node, other=other, told=told)
    world.cli("reset")


def add(world: World, place: SimpleNamespace, pod: str, address: str, device: str) -> None:
    """Give a pod to the node, whose second interface has its routes in table 10001."""
    world.out(place.node.id, f"sh -s {pod} {address} {device} 10001 <<'END'\n{POD}\nEND")


def test_addresses_come_from_inside(world: World, place: SimpleNamespace) -> None:
    told: dict[str, Any] = place.told
    assert told["addresses"] == told["given"]
    assert len(told["given"]) == 4
    assert told["more"] == told["given"][3:]
    assert told["prefixes"] == told["delegated"]
    assert (told["device"], told["leaves"], told["limits"][2]) == (["1"], True, "nitro")
    assert told["subnet"] == [f"10.{place.vpc.number}.1.0/24"]
    assert told["vpc"] == [f"10.{place.vpc.number}.0.0/16"]
    assert told["tags"]["node.k8s.amazonaws.com/instance_id"] == place.node.id
    assert "node.k8s.amazonaws.com/createdAt" in told["tags"]


def answers(world: World, place: SimpleNamespace, address: str) -> bool:
    """Whether a pod answers its node's neighbour."""
    return bool(world.sh(place.other.id, f"ping -c 1 -W 2 {address}").returncode == 0)


def asks_by(world: World, place: SimpleNamespace, pod: str, address: str) -> bool:
    """Whether the neighbour is asked by that address when a pod asks it."""
    chain = f"type filter hook input priority 0; icmp type echo-request ip saddr {address} counter"
    table = f"table ip {pod} {{ chain in {{ {chain}; }}; }}"
    world.out(place.other.id, f"echo '{table}' | nft -f -")
    world.out(place.node.id, f"ip netns exec {pod} ping -c 1 -W 5 {place.other.ip}")
    return "counter packets 1 " in world.out(place.other.id, f"nft list table ip {pod}")


def test_pods_have_addresses_of_their_own(world: World, place: SimpleNamespace) -> None:
    _, one, other, _ = place.told["given"]
    in_prefix = place.told["prefixes"][0].partition("/")[0]
    pods = {"a": one, "b": other, "c": in_prefix}
    for pod, address in pods.items():
        add(world, place, pod, address, "eth1")
        assert answers(world, place, address), address
        assert asks_by(world, place, pod, address)
    for pod, address in zip(pods, reversed(pods.values()), strict=True):
        world.out(place.node.id, f"ip netns exec {pod} ping -c 1 -W 5 {address}")


def test_pods_are_under_the_groups_of_their_interface(world: World, place: SimpleNamespace) -> None:
    address = place.told["given"][3]
    add(world, place, "d", address, "eth1")
    (empty,) = world.ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [place.vpc.id]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    for group, is_open in ((empty["GroupId"], False), (place.vpc.group, True)):
        world.ec2.modify_network_interface_attribute(
            NetworkInterfaceId=place.told["interface"], Groups=[group]
        )
        world.settle()
        assert answers(world, place, address) is is_open
    world.ec2.unassign_private_ip_addresses(
        NetworkInterfaceId=place.told["interface"], PrivateIpAddresses=[address]
    )
    world.settle()
    assert not answers(world, place, address)
