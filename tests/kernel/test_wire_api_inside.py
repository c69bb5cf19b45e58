"""Instances call EC2 by AWS's own names, with the credentials of their roles and no setting."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import sdk_inside
from blocks6 import numbered
from engines import engines
from sdk_inside import AWS, FOLDER, PYTHON
from world import World

REGION = "--region us-east-1"
PROFILE = {"Arn": "arn:aws:iam::000000000000:instance-profile/worker"}
WAITING = "for n in $(seq 100); do {} && exit 0; sleep 0.1; done; exit 1"


@pytest.fixture(scope="module")
def place(world: World) -> Iterator[SimpleNamespace]:
    """A public instance with a role and AWS's clients, one with a role and no way out, a public one without."""
    vpc = world.vpc()
    world.ec2.modify_vpc_attribute(VpcId=vpc.id, EnableDnsHostnames={"Value": True})
    public = {"DeviceIndex": 0, "SubnetId": vpc.left, "Groups": [vpc.group], "AssociatePublicIpAddress": True}
    (caller,) = world.launch("", "", NetworkInterfaces=[public], IamInstanceProfile=PROFILE)
    (hidden,) = world.launch(vpc.left, vpc.group, IamInstanceProfile=PROFILE)
    (nobody,) = world.launch("", "", NetworkInterfaces=[public])
    sdk_inside.install(world, caller.id)
    yield SimpleNamespace(vpc=vpc, caller=caller, hidden=hidden, nobody=nobody)
    world.cli("reset")


def aws(world: World, instance: Any, words: str) -> Any:
    """What the unmodified command line answers inside an instance."""
    return json.loads(world.out(instance.id, f"{AWS} {words}") or "null")


def test_the_aws_cli_sees_its_own_region(world: World, place: SimpleNamespace) -> None:
    told = aws(world, place.caller, f"ec2 describe-instances {REGION}")
    ids = {i["InstanceId"] for r in told["Reservations"] for i in r["Instances"]}
    assert ids == {place.caller.id, place.hidden.id, place.nobody.id}


def test_a_role_is_who_calls(world: World, place: SimpleNamespace) -> None:
    told = aws(world, place.caller, f"sts get-caller-identity {REGION}")
    assert told["Account"] == "000000000000"
    assert told["Arn"] == f"arn:aws:sts::000000000000:assumed-role/worker/{place.caller.id}"
    assert told["UserId"].endswith(f":{place.caller.id}")


def test_the_neighbours_of_ec2(world: World, place: SimpleNamespace) -> None:
    name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    told = aws(world, place.caller, f"ssm get-parameter --name {name} {REGION}")
    assert told["Parameter"]["Value"].startswith("ami-")
    assert aws(world, place.caller, f"iam list-roles {REGION}") == {"Roles": []}


def test_another_region(world: World, place: SimpleNamespace) -> None:
    told = aws(world, place.caller, "ec2 describe-availability-zones --region eu-west-1")
    assert {zone["RegionName"] for zone in told["AvailabilityZones"]} == {"eu-west-1"}


BOTO3 = """
import boto3
from botocore.config import Config
for both in (False, True):
    ec2 = boto3.client('ec2', region_name='us-east-1', config=Config(use_dualstack_endpoint=both))
    print(len(ec2.describe_vpcs()['Vpcs']), ec2.meta.endpoint_url)
"""


def test_boto3_without_any_setting(world: World, place: SimpleNamespace) -> None:
    out = world.out(place.caller.id, f'PYTHONPATH={FOLDER} {PYTHON} -c "{BOTO3}"').split()
    assert out[1::2] == ["https://ec2.us-east-1.amazonaws.com", "https://ec2.us-east-1.api.aws"]
    assert out[0] == out[2] >= "1"


TRUSTING = {
    "curl": "curl -s -o /dev/null https://ec2.us-east-1.amazonaws.com/",
    "python3": f"{PYTHON} -c \"import urllib.request as u, urllib.error as e\n"
    "try: u.urlopen('https://sts.amazonaws.com/')\nexcept e.HTTPError as x: assert x.code == 403\"",
    "openssl": "openssl s_client -CApath /etc/ssl/certs -verify_return_error -servername ec2.amazonaws.com "
    "-connect ec2.amazonaws.com:443 </dev/null",
    "node": "node -e \"require('https').get('https://ec2.us-east-1.amazonaws.com/', r => process.exit(r.statusCode == 403 ? 0 : 1))"
    '.on("error", () => process.exit(1))"'.replace('"error"', "'error'"),
}  # fmt: skip


@pytest.mark.parametrize("program", TRUSTING)
def test_who_trusts_the_endpoints(world: World, place: SimpleNamespace, program: str) -> None:
    if world.sh(place.caller.id, f"command -v {program}").returncode:
        pytest.skip(f"no {program} here")
    world.out(place.caller.id, TRUSTING[program])


def test_the_trust_outlives_a_new_bundle(world: World, place: SimpleNamespace) -> None:
    if world.sh(place.nobody.id, "command -v update-ca-certificates").returncode:
        pytest.skip("no update-ca-certificates here")
    world.out(place.nobody.id, "update-ca-certificates --fresh")
    world.out(place.nobody.id, TRUSTING["curl"])


def test_programs_are_told_of_the_bundle(world: World, place: SimpleNamespace) -> None:
    (bundle,) = {
        line.partition("=")[2]
        for line in world.out(place.caller.id, "env; cat /etc/environment").splitlines()
        if line.startswith("AWS_CA_BUNDLE=")
    }
    assert int(world.out(place.caller.id, f"grep -c BEGIN {bundle}")) >= 1
    assert world.out(place.caller.id, "AWS_CA_BUNDLE=/x sh -c 'echo $AWS_CA_BUNDLE'") == "/x\n"


MOVE = """#!/bin/sh
# As notify scripts of keepalived and NAT instances do that take an address, an interface and a route over.
token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
get() {{ curl -s -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/$1; }}
region=$(get placement/region)
eni=$(get network/interfaces/macs/$(get mac)/interface-id)
aws() {{ {aws} --region $region "$@"; }}
aws ec2 assign-private-ip-addresses --network-interface-id $eni --private-ip-addresses $1 --allow-reassignment
aws ec2 associate-address --allocation-id $2 --network-interface-id $eni --private-ip-address $1 --allow-reassociation
aws ec2 attach-network-interface --instance-id $(get instance-id) --network-interface-id $4 --device-index 1
aws ec2 modify-network-interface-attribute --network-interface-id $4 --no-source-dest-check
aws ec2 replace-route --route-table-id $3 --destination-cidr-block 10.99.0.0/16 --network-interface-id $eni
"""


def test_a_script_takes_addresses_an_interface_and_a_route_over(world: World, place: SimpleNamespace) -> None:
    (own,) = place.caller.shown["NetworkInterfaces"]
    (other,) = place.nobody.shown["NetworkInterfaces"]
    ip = f"10.{place.vpc.number}.1.20"  # from the half that nothing is picked from
    world.ec2.assign_private_ip_addresses(
        NetworkInterfaceId=other["NetworkInterfaceId"], PrivateIpAddresses=[ip]
    )
    address = world.ec2.allocate_address()
    world.ec2.associate_address(
        AllocationId=address["AllocationId"],
        NetworkInterfaceId=other["NetworkInterfaceId"],
        PrivateIpAddress=ip,
    )
    route = {"RouteTableId": place.vpc.table, "DestinationCidrBlock": "10.99.0.0/16"}
    world.ec2.create_route(**route, NetworkInterfaceId=other["NetworkInterfaceId"])
    made = world.ec2.create_network_interface(SubnetId=place.vpc.left, Groups=[place.vpc.group])
    spare = made["NetworkInterface"]["NetworkInterfaceId"]
    script = MOVE.format(aws=AWS).replace("'", "'\\''")
    world.out(place.caller.id, f"printf %s '{script}' >/root/notify; chmod +x /root/notify")
    world.out(place.caller.id, f"sh -e /root/notify {ip} {address['AllocationId']} {place.vpc.table} {spare}")
    (shown,) = world.ec2.describe_addresses(AllocationIds=[address["AllocationId"]])["Addresses"]
    assert (shown["NetworkInterfaceId"], shown["PrivateIpAddress"]) == (own["NetworkInterfaceId"], ip)
    (table,) = world.ec2.describe_route_tables(RouteTableIds=[place.vpc.table])["RouteTables"]
    targets = {r.get("DestinationCidrBlock"): r.get("NetworkInterfaceId") for r in table["Routes"]}
    assert targets["10.99.0.0/16"] == own["NetworkInterfaceId"]
    (moved,) = world.ec2.describe_network_interfaces(NetworkInterfaceIds=[spare])["NetworkInterfaces"]
    assert (moved["Attachment"]["InstanceId"], moved["SourceDestCheck"]) == (place.caller.id, False)
    world.out(place.caller.id, WAITING.format("ip link show eth1 >/dev/null 2>&1"))


NAT = """
# As scripts do that make a NAT instance of the instance that they run on, with any free Elastic IP of two, and the
# default route of a table that may have none yet. In one process: the command line takes a second for each call.
import boto3, json, sys, urllib.request as web
from botocore.exceptions import ClientError
first, second, table, spare = sys.argv[1:]
document = json.load(web.urlopen('http://169.254.169.254/latest/dynamic/instance-identity/document'))
me, ec2 = document['instanceId'], boto3.client('ec2', region_name=document['region'])
ec2.modify_instance_attribute(InstanceId=me, SourceDestCheck={'Value': False})
for address in (first, second):
    try:
        ec2.describe_addresses(AllocationIds=[address])
        ec2.associate_address(AllowReassociation=False, AllocationId=address, InstanceId=me)
    except ClientError as error:
        print(error.response['Error']['Code'])
(found,) = ec2.describe_route_tables(Filters=[{'Name': 'route-table-id', 'Values': [table]}])['RouteTables']
for change in (ec2.replace_route, ec2.create_route):
    try:
        change(RouteTableId=found['RouteTableId'], DestinationCidrBlock='0.0.0.0/0', InstanceId=me)
    except ClientError as error:
        print(error.response['Error']['Code'])
ec2.modify_network_interface_attribute(NetworkInterfaceId=spare, SourceDestCheck={'Value': False})
ec2.attach_network_interface(InstanceId=me, DeviceIndex=1, NetworkInterfaceId=spare)
"""
FORWARD = """
until ip link show dev {spare} >/dev/null; do sleep 0.05; done
sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.eth0.send_redirects=0 net.ipv4.ip_local_port_range="1024 65535"
for file in $(find /proc/sys/net/ipv4/conf/ -name rp_filter); do echo 0 >$file; done
about=http://169.254.169.254/latest/meta-data/network/interfaces/macs/$(cat /sys/class/net/eth0/address)
nft "add table ip nat; add chain ip nat out {{ type nat hook postrouting priority srcnat; }}"
for block in $(curl -s $about/vpc-ipv4-cidr-blocks); do
    nft add rule ip nat out oifname eth0 ip saddr $block masquerade
done
"""


def test_a_script_makes_its_instance_a_nat_instance(world: World, place: SimpleNamespace) -> None:
    """Whoever is behind it calls the API by its Elastic IP, by a route that the script has made."""
    vpc = place.vpc
    taken, free = (world.ec2.allocate_address() for _ in range(2))
    (other,) = place.nobody.shown["NetworkInterfaces"]
    world.ec2.associate_address(
        AllocationId=taken["AllocationId"], NetworkInterfaceId=other["NetworkInterfaceId"]
    )
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    world.ec2.authorize_security_group_ingress(GroupId=vpc.group, IpPermissions=[everything])
    table = world.ec2.create_route_table(VpcId=vpc.id)["RouteTable"]["RouteTableId"]
    subnet = world.ec2.create_subnet(VpcId=vpc.id, CidrBlock=f"10.{vpc.number}.3.0/24")["Subnet"]["SubnetId"]
    world.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    made = world.ec2.create_network_interface(SubnetId=vpc.left, Groups=[vpc.group])
    spare = made["NetworkInterface"]["NetworkInterfaceId"]
    public = {
        "DeviceIndex": 0,
        "SubnetId": vpc.left,
        "Groups": [vpc.group],
        "AssociatePublicIpAddress": True,
    }
    (nat,) = world.launch("", "", IamInstanceProfile=PROFILE, NetworkInterfaces=[public])
    (behind,) = world.launch(subnet, vpc.group)
    sdk_inside.install(world, nat.id)
    words = f"{taken['AllocationId']} {free['AllocationId']} {table} {spare}"
    told = world.out(nat.id, f'PYTHONPATH={FOLDER} {PYTHON} -c "{NAT}" {words}').split()
    assert told == ["Resource.AlreadyAssociated", "InvalidParameterValue"]
    world.out(nat.id, FORWARD.format(spare=spare))
    assert becomes(lambda: code(world, behind) == "403")
    (shown,) = world.ec2.describe_addresses(AllocationIds=[free["AllocationId"]])["Addresses"]
    assert shown["InstanceId"] == nat.id
    world.ec2.terminate_instances(InstanceIds=[nat.id, behind.id])


def test_who_has_no_role_has_no_credentials(world: World, place: SimpleNamespace) -> None:
    sdk_inside.install(world, place.nobody.id)
    done = world.sh(place.nobody.id, f"{AWS} ec2 describe-vpcs {REGION}")
    assert done.returncode
    assert "Unable to locate credentials" in done.stderr
    keys = "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
    done = world.sh(place.nobody.id, f"{keys} {AWS} ec2 describe-vpcs {REGION}")
    assert "(AuthFailure)" in done.stderr
    assert "AWS was not able to validate the provided access credentials" in done.stderr


def code(world: World, instance: Any, url: str = "http://ec2.us-east-1.amazonaws.com/") -> str:
    """The status that an instance gets without any signature: 403, or 000 where it reaches nobody."""
    return str(world.sh(instance.id, f"curl -s -o /dev/null -m 2 -w '%{{http_code}}' {url}").stdout)


PAGES = ("_elastinet/health", "_elastinet/status", "_localstack/health")


@pytest.mark.parametrize("page", PAGES)
def test_no_page_of_elastinet_s_own(world: World, place: SimpleNamespace, page: str) -> None:
    url = f"http://ec2.us-east-1.amazonaws.com/{page}"
    assert becomes(lambda: code(world, place.caller, url) == "403")


def test_nothing_else_listens_there(world: World, place: SimpleNamespace) -> None:
    ports = "22 53 67 4566 8080"
    probe = f"import socket\nfor p in '{ports}'.split():\n  print(socket.socket().connect_ex(('203.0.113.3', int(p))))"
    assert set(world.out(place.caller.id, f'{PYTHON} -c "{probe}"').split()) == {"111"}


def test_only_who_has_a_way_to_the_internet(world: World, place: SimpleNamespace) -> None:
    assert code(world, place.hidden) == "000"
    assert world.out(place.hidden.id, "getent ahostsv4 ec2.us-east-1.amazonaws.com").startswith("203.0.113.3")
    assert becomes(lambda: code(world, place.caller) == "403")


def test_groups_hold(world: World, place: SimpleNamespace) -> None:
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    given = {"GroupId": place.vpc.group, "IpPermissions": [everything]}
    world.ec2.revoke_security_group_egress(**given)
    world.settle()
    try:
        assert code(world, place.caller) == "000"
    finally:
        world.ec2.authorize_security_group_egress(**given)
        world.settle()
    assert becomes(lambda: code(world, place.caller) == "403")


def test_by_a_nat_gateway(world: World, place: SimpleNamespace) -> None:
    address = world.ec2.allocate_address()["AllocationId"]
    gateway = world.ec2.create_nat_gateway(SubnetId=place.vpc.left, AllocationId=address)["NatGateway"]
    table = world.ec2.create_route_table(VpcId=place.vpc.id)["RouteTable"]["RouteTableId"]
    world.ec2.associate_route_table(RouteTableId=table, SubnetId=place.vpc.right)
    world.ec2.get_waiter("nat_gateway_available").wait(
        NatGatewayIds=[gateway["NatGatewayId"]], WaiterConfig={"Delay": 1}
    )
    world.ec2.create_route(
        RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway["NatGatewayId"]
    )
    (private,) = world.launch(place.vpc.right, place.vpc.group, IamInstanceProfile=PROFILE)
    assert becomes(lambda: code(world, private) == "403")


def test_an_engine_that_comes_back(own_world: World) -> None:
    """Credentials that an instance has stay good, and the sockets are answered on again."""
    vpc = own_world.vpc()
    public = {"DeviceIndex": 0, "SubnetId": vpc.left, "Groups": [vpc.group], "AssociatePublicIpAddress": True}
    (caller,) = own_world.launch("", "", NetworkInterfaces=[public], IamInstanceProfile=PROFILE)
    sdk_inside.install(own_world, caller.id)
    own_world.out(caller.id, KEPT.format(python=PYTHON, folder=FOLDER))
    (engine,) = engines(own_world.pid)
    os.kill(engine, signal.SIGKILL)
    own_world.out(caller.id, WAITING.format(f". /root/keys && {AWS} ec2 describe-vpcs {REGION}"))
    assert engines(own_world.pid) != [engine]


KEPT = """PYTHONPATH={folder} {python} -c "
from botocore.session import Session
k = Session().get_credentials().get_frozen_credentials()
print(f'export AWS_ACCESS_KEY_ID={{k.access_key}} AWS_SECRET_ACCESS_KEY={{k.secret_key}} AWS_SESSION_TOKEN={{k.token}}')
" >/root/keys"""


def test_user_data_calls_the_api(world: World, place: SimpleNamespace) -> None:
    public = {
        "DeviceIndex": 0, "SubnetId": place.vpc.left, "Groups": [place.vpc.group],
        "AssociatePublicIpAddress": True,
    }  # fmt: skip
    data = "#!/bin/sh\necho $AWS_CA_BUNDLE >/root/bundle\n"
    data += "curl -s -o /dev/null -w '%{http_code}' https://sts.us-east-1.amazonaws.com/ >/root/code\n"
    (one,) = world.launch("", "", NetworkInterfaces=[public], UserData=data)
    assert world.out(one.id, WAITING.format("[ -s /root/code ]") + "").strip() == ""
    assert world.out(one.id, "cat /root/code /root/bundle") == "403/etc/ssl/certs/ca-certificates.crt\n"


def test_it_can_be_turned_off(tmp_path: Path) -> None:
    world = World(tmp_path / "state", "--no-api-inside")
    try:
        vpc = world.vpc()
        public = {
            "DeviceIndex": 0, "SubnetId": vpc.left, "Groups": [vpc.group], "AssociatePublicIpAddress": True,
        }  # fmt: skip
        (one,) = world.launch("", "", NetworkInterfaces=[public])
        assert world.sh(one.id, "getent hosts ec2.us-east-1.amazonaws.com").returncode == 2
        assert code(world, one, "http://203.0.113.3/") == "000"
        assert (
            world.out(one.id, "echo $AWS_CA_BUNDLE; cat /etc/environment 2>/dev/null || true").strip() == ""
        )
        assert "API inside instances: off" in world.cli("status").stdout
    finally:
        world.stop()


def test_the_internet_has_its_own_ports_for_itself(world: World, place: SimpleNamespace) -> None:
    """Whoever listens there at all addresses is not in the way of AWS's endpoints, nor they in his."""
    serving = "busybox httpd -f -p [::]:80 -h /srv/www >/dev/null 2>&1 & echo $!"
    pid = world.out("internet", f"mkdir -p /srv/www && echo mine >/srv/www/index.html; {serving}").strip()
    try:
        assert becomes(lambda: world.sh(place.caller.id, "curl -s http://203.0.113.1/").stdout == "mine\n")
        assert becomes(lambda: code(world, place.caller) == "403")
        assert becomes(lambda: code(world, SimpleNamespace(id="internet"), "http://203.0.113.3/") == "403")
    finally:
        world.out("internet", f"kill {pid}")


def test_an_internet_that_ends_comes_back_with_its_way(world: World, place: SimpleNamespace) -> None:
    world.sh("internet", "busybox poweroff -f")
    assert becomes(lambda: code(world, place.caller) == "403")


def test_by_ipv6(world: World) -> None:
    vpc, ec2 = world.vpc(), world.ec2
    answer = ec2.associate_vpc_cidr_block(VpcId=vpc.id, AmazonProvidedIpv6CidrBlock=True)
    block = numbered(answer["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"], 1)
    ec2.associate_subnet_cidr_block(SubnetId=vpc.left, Ipv6CidrBlock=block)
    ec2.modify_subnet_attribute(SubnetId=vpc.left, AssignIpv6AddressOnCreation={"Value": True})
    ec2.create_route(RouteTableId=vpc.table, DestinationIpv6CidrBlock="::/0", GatewayId=vpc.gateway)
    every = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    ec2.authorize_security_group_egress(GroupId=vpc.group, IpPermissions=every)
    (one,) = world.launch(vpc.left, vpc.group)
    assert becomes(lambda: code(world, one, "-6 https://ec2.us-east-1.api.aws/") == "403")
    assert code(world, one, "-4 https://ec2.us-east-1.api.aws/") == "000"


def becomes(question: Callable[[], bool]) -> bool:
    """Whether something comes to be true within a while."""
    end = time.monotonic() + 60
    while not (found := question()) and time.monotonic() < end:
        time.sleep(0.1)
    return found
