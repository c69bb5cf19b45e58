"""Interface endpoints that the API answers at: from subnets without a way out, by names, groups and peers."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

import sdk_inside
from blocks6 import numbered
from engines import engines
from sdk_inside import AWS
from world import World

REGION = "--region us-east-1"
EC2 = "ec2.us-east-1.amazonaws.com"
PROFILE = {"Arn": "arn:aws:iam::000000000000:instance-profile/worker"}
EVERYBODY = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}


def create(world: World, vpc: Any, service: str, **more: Any) -> Any:
    asked = {
        "VpcId": vpc.id,
        "ServiceName": f"com.amazonaws.us-east-1.{service}",
        "VpcEndpointType": "Interface",
    }
    return world.ec2.create_vpc_endpoint(**asked, **more)["VpcEndpoint"]


def closed(world: World) -> SimpleNamespace:
    """A VPC whose subnets have no way out, with a group of its endpoints that lets HTTPS in."""
    vpc = world.vpc()
    world.ec2.delete_route(RouteTableId=vpc.table, DestinationCidrBlock="0.0.0.0/0")
    world.ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": True})
    made = world.ec2.create_security_group(GroupName="endpoints", Description="d", VpcId=vpc.id)
    vpc.doors = made["GroupId"]
    world.allow(vpc.doors, "tcp", 443)
    return vpc


def address_of(world: World, endpoint: Any) -> str:
    """The address of an endpoint's only interface."""
    ids = endpoint["NetworkInterfaceIds"]
    (found,) = world.ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]
    return str(found["PrivateIpAddress"])


@pytest.fixture(scope="module")
def net(world: World) -> Iterator[SimpleNamespace]:
    """A closed VPC with an instance in another subnet than its endpoints of EC2 and STS."""
    vpc = closed(world)
    (vpc.one,) = world.launch(vpc.right, vpc.group, IamInstanceProfile=PROFILE)
    sdk_inside.install(world, vpc.one.id)
    vpc.ec2 = create(world, vpc, "ec2", SubnetIds=[vpc.left], SecurityGroupIds=[vpc.doors])
    vpc.sts = create(world, vpc, "sts", SubnetIds=[vpc.left], SecurityGroupIds=[vpc.doors])
    vpc.address = address_of(world, vpc.ec2)
    world.settle()
    yield vpc
    world.cli("reset")


def aws(world: World, instance: Any, words: str) -> Any:
    return json.loads(world.out(instance.id, f"{AWS} {words} {REGION}") or "null")


def code(world: World, instance: Any, url: str, options: str = "") -> str:
    """The status that an instance gets without any signature: 403, or 000 where it reaches nobody."""
    asked = f"curl -s -o /dev/null -m 2 {options} -w '%{{http_code}}' {url}"
    return str(world.sh(instance.id, asked).stdout)


def becomes(question: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while not (found := question()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def test_the_aws_cli_without_a_way_to_the_internet(world: World, net: SimpleNamespace) -> None:
    told = aws(world, net.one, "ec2 describe-instances")
    assert net.one.id in {i["InstanceId"] for r in told["Reservations"] for i in r["Instances"]}
    told = aws(world, net.one, "sts get-caller-identity")
    assert told["Arn"].endswith(f"assumed-role/worker/{net.one.id}")
    assert code(world, net.one, "http://203.0.113.3/") == "000", "the public way is closed"


def test_by_the_endpoint_s_own_names(world: World, net: SimpleNamespace) -> None:
    """The certificate is good for those, too, with a zone and without."""
    for entry in net.ec2["DnsEntries"]:
        told = aws(world, net.one, f"--endpoint-url https://{entry['DnsName']} ec2 describe-vpcs")
        assert net.id in {vpc["VpcId"] for vpc in told["Vpcs"]}


def test_the_endpoint_s_groups_hold(world: World, net: SimpleNamespace) -> None:
    """Port 80 is open by no rule; without the rule neither is 443."""
    rule = {"GroupId": net.doors, "IpPermissions": [_port(443, IpRanges=EVERYBODY["IpRanges"])]}
    assert code(world, net.one, f"http://{EC2}/") == "000"
    world.ec2.revoke_security_group_ingress(**rule)
    world.settle()
    try:
        assert code(world, net.one, f"https://{EC2}/") == "000"
    finally:
        world.ec2.authorize_security_group_ingress(**rule)
    assert becomes(lambda: code(world, net.one, f"https://{EC2}/") == "403")
    plain = {"GroupId": net.doors, "IpPermissions": [_port(80, UserIdGroupPairs=[{"GroupId": net.group}])]}
    world.ec2.authorize_security_group_ingress(**plain)
    assert becomes(lambda: code(world, net.one, f"http://{EC2}/") == "403")
    world.ec2.revoke_security_group_ingress(**plain)


def test_groups_may_speak_of_the_endpoint_s(world: World, net: SimpleNamespace) -> None:
    """An instance whose group lets nothing out but to the endpoints' group."""
    made = world.ec2.create_security_group(GroupName="narrow", Description="d", VpcId=net.id)
    narrow = {"GroupId": made["GroupId"]}
    everything = {"IpProtocol": "-1", "IpRanges": EVERYBODY["IpRanges"]}
    world.ec2.revoke_security_group_egress(**narrow, IpPermissions=[everything])
    (one,) = world.launch(net.right, made["GroupId"])
    assert code(world, one, f"https://{EC2}/") == "000"
    to_doors = _port(443, UserIdGroupPairs=[{"GroupId": net.doors}])
    world.ec2.authorize_security_group_egress(**narrow, IpPermissions=[to_doors])
    assert becomes(lambda: code(world, one, f"https://{EC2}/") == "403")


def test_the_lists_of_its_subnet_hold(world: World, net: SimpleNamespace) -> None:
    made = world.ec2.create_network_acl(VpcId=net.id)["NetworkAcl"]["NetworkAclId"]
    found = world.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [net.left]}])
    (there,) = [
        one["NetworkAclAssociationId"]
        for one in found["NetworkAcls"][0]["Associations"]
        if one["SubnetId"] == net.left
    ]
    changed = world.ec2.replace_network_acl_association(AssociationId=there, NetworkAclId=made)
    world.settle()
    try:
        assert code(world, net.one, f"https://{EC2}/") == "000"
    finally:
        back = {"AssociationId": changed["NewAssociationId"]}
        world.ec2.replace_network_acl_association(
            **back, NetworkAclId=found["NetworkAcls"][0]["NetworkAclId"]
        )
    assert becomes(lambda: code(world, net.one, f"https://{EC2}/") == "403")


def test_nothing_else_is_there(world: World, net: SimpleNamespace) -> None:
    """No page of elastinet's own, no metadata, no other port, no echo; it forwards nothing."""
    everything = {"IpProtocol": "-1", "IpRanges": EVERYBODY["IpRanges"]}
    opened = {"GroupId": net.doors, "IpPermissions": [everything]}
    world.ec2.authorize_security_group_ingress(**opened)
    try:
        assert becomes(lambda: code(world, net.one, f"http://{net.address}/") == "403")
        for page in ("_elastinet/health", "latest/meta-data/", "latest/api/token"):
            assert code(world, net.one, f"http://{net.address}/{page}") == "403"
        for port in (22, 53, 4566, 5365, 8080):
            assert code(world, net.one, f"http://{net.address}:{port}/", "-m 0.3") == "000"
        assert world.sh(net.one.id, f"ping -c 1 -W 1 {net.address}").returncode
        (device,) = world.out(net.one.id, "ls /sys/class/net | grep eth").split()
        world.sh(net.one.id, f"ip route add 203.0.113.3 via {net.address} dev {device} onlink")
        assert code(world, net.one, "http://203.0.113.3/") == "000"
    finally:
        world.sh(net.one.id, "ip route del 203.0.113.3")
        world.ec2.revoke_security_group_ingress(**opened)


def test_services_that_are_not_here_have_nobody(world: World, net: SimpleNamespace) -> None:
    opened = {"SubnetIds": [net.left], "SecurityGroupIds": [net.doors]}
    made = create(world, net, "kms", **opened)
    world.settle()
    assert code(world, net.one, f"https://{address_of(world, made)}/", "-k") == "000"
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])


def test_the_analyser_sees_it_as_what_listens(world: World, net: SimpleNamespace) -> None:
    """Its groups let 443 in and nothing else, and its answers need no rule."""
    (interface,) = net.ec2["NetworkInterfaceIds"]
    for port, reachable in ((443, True), (22, False)):
        asked = urlencode({"source": net.one.id, "target": interface, "protocol": "tcp", "port": port})
        with urlopen(f"{world.url}/_elastinet/why?{asked}", timeout=30) as answer:
            told = json.load(answer)
        assert told["reachable"] is reachable
        assert reachable or net.doors in json.dumps(told)


def test_over_a_peering_connection(world: World, net: SimpleNamespace) -> None:
    """A VPC of endpoints alone serves the VPCs that are peered with it."""
    hub = closed(world)
    made = create(world, hub, "ec2", SubnetIds=[hub.left], SecurityGroupIds=[hub.doors])
    peering = world.ec2.create_vpc_peering_connection(VpcId=net.id, PeerVpcId=hub.id)
    id = peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    world.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    for here, there in ((net, hub), (hub, net)):
        block = f"10.{there.number}.0.0/16"
        world.ec2.create_route(RouteTableId=here.table, DestinationCidrBlock=block, VpcPeeringConnectionId=id)
    url = f"https://{address_of(world, made)}/"
    assert becomes(lambda: code(world, net.one, url, "-k") == "403")


def test_more_subnets_and_fewer(world: World, net: SimpleNamespace) -> None:
    zone = {"CidrBlock": f"10.{net.number}.3.0/24", "AvailabilityZone": "us-east-1f"}
    far = world.ec2.create_subnet(VpcId=net.id, **zone)["Subnet"]["SubnetId"]
    endpoint = {"VpcEndpointId": net.ec2["VpcEndpointId"]}
    world.ec2.modify_vpc_endpoint(**endpoint, AddSubnetIds=[far])
    (shown,) = world.ec2.describe_vpc_endpoints(VpcEndpointIds=[*endpoint.values()])["VpcEndpoints"]
    ids = shown["NetworkInterfaceIds"]
    found = world.ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]
    (address,) = (i["PrivateIpAddress"] for i in found if i["SubnetId"] == far)
    assert becomes(lambda: code(world, net.one, f"https://{address}/", "-k") == "403")
    world.ec2.modify_vpc_endpoint(**endpoint, RemoveSubnetIds=[far])
    assert becomes(lambda: code(world, net.one, f"https://{address}/", "-k") == "000")
    assert code(world, net.one, f"https://{net.address}/", "-k") == "403"


def test_deletion_takes_it_away(world: World, net: SimpleNamespace) -> None:
    """Nobody has the address, the name is the public one again, the interface is gone."""
    made = create(world, net, "ssm", SubnetIds=[net.left], SecurityGroupIds=[net.doors])
    name = "ssm.us-east-1.amazonaws.com"
    assert becomes(lambda: code(world, net.one, f"https://{name}/") == "403")
    parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    assert aws(world, net.one, f"ssm get-parameter --name {parameter}")["Parameter"]["Value"][:4] == "ami-"
    address = address_of(world, made)
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    world.settle()
    assert code(world, net.one, f"https://{address}/", "-k") == "000"
    assert world.out(net.one.id, f"getent ahostsv4 {name}").startswith("203.0.113.3")
    filters = [{"Name": "network-interface-id", "Values": made["NetworkInterfaceIds"]}]
    assert not world.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]


def test_by_ipv6(world: World) -> None:
    """Dual-stack, and turned back; the name has an address of each family only while the endpoint has."""
    vpc, ec2 = closed(world), world.ec2
    answer = ec2.associate_vpc_cidr_block(VpcId=vpc.id, AmazonProvidedIpv6CidrBlock=True)
    block = numbered(answer["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"], 1)
    ec2.associate_subnet_cidr_block(SubnetId=vpc.left, Ipv6CidrBlock=block)
    ec2.modify_subnet_attribute(SubnetId=vpc.left, AssignIpv6AddressOnCreation={"Value": True})
    every = [{"IpProtocol": "-1", "Ipv6Ranges": EVERYBODY["Ipv6Ranges"]}]
    ec2.authorize_security_group_egress(GroupId=vpc.group, IpPermissions=every)
    ec2.authorize_security_group_ingress(
        GroupId=vpc.doors, IpPermissions=[_port(443, Ipv6Ranges=EVERYBODY["Ipv6Ranges"])]
    )
    (one,) = world.launch(vpc.left, vpc.group)
    given = {"IpAddressType": "dualstack", "DnsOptions": {"DnsRecordIpType": "dualstack"}}
    made = create(world, vpc, "ec2", SubnetIds=[vpc.left], SecurityGroupIds=[vpc.doors], **given)
    for family in ("-4", "-6"):
        assert becomes(lambda family=family: code(world, one, f"https://{EC2}/", family) == "403")  # type: ignore[misc]
    (interface,) = ec2.describe_network_interfaces(NetworkInterfaceIds=made["NetworkInterfaceIds"])[
        "NetworkInterfaces"
    ]
    (six,) = (address["Ipv6Address"] for address in interface["Ipv6Addresses"])
    back = {"IpAddressType": "ipv4", "DnsOptions": {"DnsRecordIpType": "ipv4"}}
    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], **back)
    assert becomes(lambda: code(world, one, f"https://[{six}]/", "-k") == "000")
    assert code(world, one, f"https://{EC2}/", "-4") == "403"


def test_it_outlives_its_engine_and_the_server(own_world: World) -> None:
    """A new engine is handed the sockets again; a new server makes the namespace again."""
    world = own_world
    vpc = closed(world)
    (one,) = world.launch(vpc.right, vpc.group)
    create(world, vpc, "ec2", SubnetIds=[vpc.left], SecurityGroupIds=[vpc.doors])
    assert becomes(lambda: code(world, one, f"https://{EC2}/") == "403")
    (engine,) = engines(world.pid)
    os.kill(engine, signal.SIGKILL)
    assert becomes(lambda: engines(world.pid) not in ([], [engine]))
    assert becomes(lambda: code(world, one, f"https://{EC2}/") == "403")
    world.cli("stop")
    world.start()
    assert becomes(lambda: code(world, one, f"https://{EC2}/") == "403")


def test_without_the_api_inside_they_are_recorded(tmp_path: Path) -> None:
    world = World(tmp_path / "state", "--no-api-inside")
    try:
        vpc = closed(world)
        (one,) = world.launch(vpc.right, vpc.group)
        made = create(world, vpc, "ec2", SubnetIds=[vpc.left], SecurityGroupIds=[vpc.doors])
        world.settle()
        assert code(world, one, f"https://{address_of(world, made)}/", "-k") == "000"
        world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
        world.settle()
        assert not world.ec2.describe_vpc_endpoints()["VpcEndpoints"]
    finally:
        world.stop()


def _port(port: int, **peer: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}
