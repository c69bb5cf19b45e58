"""The API asks, packets answer."""

import base64
import re

import pytest

from commands import wait_until
from world import ping


@pytest.fixture(autouse=True)
def empty(world):
    """Each test begins with an account as new."""
    yield
    world.cli("reset")


def serve(world, instance, port=80):
    world.out(
        instance,
        f"mkdir -p /srv/www && echo hello > /srv/www/index.html && busybox httpd -p {port} -h /srv/www",
    )


def fetches(world, source, target, port=80):
    return world.sh(source, f"curl -sf --max-time 1 http://{target}:{port}/").stdout == "hello\n"


def test_an_instance_sees_its_interface(world):
    vpc = world.vpc()
    (one,) = world.launch(vpc.left, vpc.group)
    eni = one.shown["NetworkInterfaces"][0]
    link = world.out(one.id, "ip -o link show eth0; ip -4 -o addr show eth0; ip route; hostname")
    assert eni["MacAddress"] in link
    assert "mtu 9001" in link
    assert f"{one.ip}/24" in link
    assert f"default via 10.{vpc.number}.1.1" in link
    assert f"ip-{one.ip.replace('.', '-')}" in link


def test_groups_hold_between_and_inside_subnets(world):
    vpc = world.vpc()
    one, two = world.launch(vpc.left, vpc.group, 2)
    (far,) = world.launch(vpc.right, vpc.group)
    serve(world, two.id)
    serve(world, far.id)
    for target in (two, far):
        assert not ping(world, one.id, target.ip)
        assert not fetches(world, one.id, target.ip)
    world.allow(vpc.group, "icmp")
    world.settle()
    for target in (two, far):
        assert ping(world, one.id, target.ip)
        assert not fetches(world, one.id, target.ip)
    world.allow(vpc.group, "tcp", 80)
    world.settle()
    assert fetches(world, one.id, two.ip)
    assert fetches(world, one.id, far.ip)
    world.ec2.revoke_security_group_egress(
        GroupId=vpc.group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    world.settle()
    assert not ping(world, one.id, two.ip)


def test_a_rule_about_a_group_follows_its_members(world):
    vpc = world.vpc()
    clients = world.ec2.create_security_group(GroupName="clients", Description="d", VpcId=vpc.id)["GroupId"]
    (one,) = world.launch(vpc.left, vpc.group)
    (target,) = world.launch(vpc.right, vpc.group)
    world.allow(vpc.group, "icmp", UserIdGroupPairs=[{"GroupId": clients}])
    world.settle()
    assert not ping(world, one.id, target.ip)
    world.ec2.modify_instance_attribute(InstanceId=one.id, Groups=[vpc.group, clients])
    world.settle()
    assert ping(world, one.id, target.ip)


def test_an_established_flow_outlives_its_rule(world):
    vpc = world.vpc()
    one, two = world.launch(vpc.left, vpc.group, 2)
    world.allow(vpc.group, "icmp")
    world.settle()
    world.out(one.id, f"ping -i 0.05 -w 120 {two.ip} > /root/ping 2>&1 &")

    def answers():
        return world.out(one.id, "cat /root/ping").count("ttl=")

    wait_until(answers)
    world.ec2.revoke_security_group_ingress(
        GroupId=vpc.group,
        IpPermissions=[
            {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ],
    )
    world.settle()
    assert not ping(world, one.id, two.ip)
    before = answers()
    wait_until(lambda: answers() > before + 5)


def test_elastic_ip_from_the_internet_and_back(world):
    vpc = world.vpc()
    one, two = world.launch(vpc.left, vpc.group, 2)
    serve(world, one.id)
    elastic = world.ec2.allocate_address()
    other = world.ec2.allocate_address()
    for address, instance in ((elastic, one), (other, two)):
        world.ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance.id)
    world.settle()
    assert not fetches(world, "internet", elastic["PublicIp"])
    world.allow(vpc.group, "tcp", 80, IpRanges=[{"CidrIp": "203.0.113.1/32"}])
    world.settle()
    assert fetches(world, "internet", elastic["PublicIp"])
    assert elastic["PublicIp"] not in world.out(one.id, "ip addr")
    assert ping(world, one.id, "203.0.113.1")
    # Through the internet and back in: the neighbour is seen by its public address.
    assert not fetches(world, two.id, elastic["PublicIp"])
    world.allow(vpc.group, "tcp", 80, IpRanges=[{"CidrIp": f"{other['PublicIp']}/32"}])
    world.settle()
    assert fetches(world, two.id, elastic["PublicIp"])
    world.ec2.disassociate_address(AssociationId=world.ec2.describe_addresses(
        AllocationIds=[elastic["AllocationId"]])["Addresses"][0]["AssociationId"])  # fmt: skip
    world.settle()
    assert not fetches(world, "internet", elastic["PublicIp"])
    assert not ping(world, one.id, "203.0.113.1")


def test_vpcs_are_apart_even_with_the_same_addresses(world):
    here, there = world.vpc(), world.vpc()
    world.allow(here.group, "icmp")
    world.allow(there.group, "icmp")
    (one,) = world.launch(here.left, here.group)
    (two,) = world.launch(there.left, there.group)
    assert not ping(world, one.id, two.ip)
    stranger = world.ec2.create_vpc(CidrBlock=f"10.{here.number}.0.0/16")["Vpc"]["VpcId"]
    subnet = world.ec2.create_subnet(VpcId=stranger, CidrBlock=f"10.{here.number}.1.0/24")["Subnet"][
        "SubnetId"
    ]
    group = world.ec2.create_security_group(GroupName="g", Description="d", VpcId=stranger)["GroupId"]
    spec = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "PrivateIpAddress": one.ip}
    (twin,) = world.launch(subnet, group, NetworkInterfaces=[spec])
    assert world.out(twin.id, "hostname") == world.out(one.id, "hostname")
    world.out(one.id, "touch /root/mine")
    assert world.sh(twin.id, "test -e /root/mine").returncode == 1


def test_nat_instance_needs_the_check_off(world):
    vpc = world.vpc()
    private = world.ec2.create_route_table(VpcId=vpc.id)["RouteTable"]["RouteTableId"]
    world.ec2.associate_route_table(RouteTableId=private, SubnetId=vpc.right)
    world.allow(vpc.group, "-1", UserIdGroupPairs=[{"GroupId": vpc.group}])
    world.ec2.modify_subnet_attribute(SubnetId=vpc.left, MapPublicIpOnLaunch={"Value": True})
    (nat,) = world.launch(vpc.left, vpc.group)
    (inner,) = world.launch(vpc.right, vpc.group)
    world.ec2.create_route(RouteTableId=private, DestinationCidrBlock="0.0.0.0/0", InstanceId=nat.id)
    world.out(
        nat.id,
        "echo 1 > /proc/sys/net/ipv4/ip_forward; nft add table ip nat;"
        "nft add chain ip nat post '{ type nat hook postrouting priority 100; }';"
        "nft add rule ip nat post oifname eth0 masquerade",
    )
    world.settle()
    assert not ping(world, inner.id, "203.0.113.1")
    world.ec2.modify_instance_attribute(InstanceId=nat.id, SourceDestCheck={"Value": False})
    world.settle()
    assert ping(world, inner.id, "203.0.113.1")
    world.ec2.stop_instances(InstanceIds=[nat.id])
    world.settle()
    (table,) = world.ec2.describe_route_tables(RouteTableIds=[private])["RouteTables"]
    assert [r["State"] for r in table["Routes"]] == ["active", "blackhole"]


def test_spoofed_source_goes_nowhere(world):
    vpc = world.vpc()
    one, two = world.launch(vpc.left, vpc.group, 2)
    world.allow(vpc.group, "-1")
    world.settle()
    spoofed = next(ip for n in (200, 201, 202) if (ip := f"10.{vpc.number}.1.{n}") not in (one.ip, two.ip))
    counters = "".join(f"nft add rule ip t c ip saddr {a} counter;" for a in (spoofed, one.ip))
    world.out(
        two.id,
        "nft add table ip t; nft add chain ip t c '{ type filter hook input priority 0; }';" + counters,
    )
    world.sh(one.id, f"ip addr add {spoofed}/32 dev eth0; ping -c 2 -i 0.2 -W 1 -I {spoofed} {two.ip}")
    assert ping(world, one.id, two.ip)
    seen = re.findall(r"saddr (\S+) counter packets (\d+)", world.out(two.id, "nft list chain ip t c"))
    assert seen == [(spoofed, "0"), (one.ip, "1")]


def test_interface_attached_detached_and_moved(world):
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    one, two = world.launch(vpc.left, vpc.group, 2)
    eni = world.ec2.create_network_interface(
        SubnetId=vpc.right, Groups=[vpc.group], SecondaryPrivateIpAddressCount=1
    )["NetworkInterface"]
    addresses = [a["PrivateIpAddress"] for a in eni["PrivateIpAddresses"]]
    for instance, peer in ((one, two), (two, one)):
        made = world.ec2.attach_network_interface(
            NetworkInterfaceId=eni["NetworkInterfaceId"], InstanceId=instance.id, DeviceIndex=1
        )
        world.settle()
        shown = "ip addr show eth1"  # the guest itself adds the second address, once it has the first
        seen = world.out(
            instance.id, f"until {shown} | grep -q {addresses[1]}/; do sleep 0.02; done; {shown}"
        )
        assert eni["MacAddress"] in seen
        for address in addresses:
            assert f"{address}/" in seen
            assert ping(world, peer.id, address)
        world.ec2.detach_network_interface(AttachmentId=made["AttachmentId"])
        world.settle()
        assert world.sh(instance.id, "ip link show eth1").returncode != 0
        assert not ping(world, peer.id, addresses[0])


def test_stop_start_keeps_disk_and_addresses(world):
    vpc = world.vpc()
    (one,) = world.launch(vpc.left, vpc.group)
    world.out(one.id, "echo kept > /etc/kept; mkdir /var/log/mine; echo 1 >> /etc/hosts; echo t > /tmp/gone")
    link = world.out(one.id, "ip -o link show eth0 | grep -o 'link/ether [^ ]*'")
    for verb, state in (("stop_instances", "stopped"), ("start_instances", "running")):
        getattr(world.ec2, verb)(InstanceIds=[one.id])
        waiter = world.ec2.get_waiter(f"instance_{state}")
        waiter.wait(InstanceIds=[one.id], WaiterConfig={"Delay": 0.05, "MaxAttempts": 2400})
        if state == "stopped":
            done = world.sh(one.id, "true")
            assert done.returncode != 0
            assert "not running" in done.stderr
    assert world.out(one.id, "cat /etc/kept; ls -d /var/log/mine") == "kept\n/var/log/mine\n"
    assert one.ip in world.out(one.id, "ip addr show eth0")
    assert world.out(one.id, "ip -o link show eth0 | grep -o 'link/ether [^ ]*'") == link


def test_user_data_runs_once_and_the_console_tells(world):
    vpc = world.vpc()
    script = "#!/bin/sh\necho run >> /root/runs\necho the console has this\nexit 3\n"
    (one,) = world.launch(vpc.left, vpc.group, UserData=script)
    wait_until(lambda: "the console has this" in world.cli("logs", one.id).stdout)
    output = world.ec2.get_console_output(InstanceId=one.id)["Output"]
    assert "the console has this" in (
        output if "the console" in output else base64.b64decode(output).decode()
    )
    world.ec2.reboot_instances(InstanceIds=[one.id])
    world.settle()
    wait_until(lambda: world.cli("logs", one.id).stdout.count("elastinet: running") == 2)
    assert world.out(one.id, "sleep 0.5; cat /root/runs") == "run\n"


def test_exec_gives_the_commands_exit_code(world):
    vpc = world.vpc()
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "called"}]}]
    world.launch(vpc.left, vpc.group, TagSpecifications=tags)
    assert world.cli("exec", "called", "--", "sh", "-c", "exit 7", check=False).returncode == 7
    assert world.cli("exec", "called", "--", "no-such-program", check=False).returncode == 127
    failed = world.cli("exec", "nobody", "--", "true", check=False)
    assert failed.returncode == 1
    assert "called 'nobody'" in failed.stderr


def test_what_somebody_deletes_by_hand_comes_back(world):
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    one, two = world.launch(vpc.left, vpc.group, 2)
    assert ping(world, one.id, two.ip)
    world.sh(two.id, "ip link delete eth0")
    world.settle()
    wait_until(lambda: ping(world, one.id, two.ip))  # the link is there again; its DHCP client takes a moment
