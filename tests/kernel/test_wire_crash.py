"""What is left after a crash, and what heals."""

import os
import signal

from commands import wait_until
from family import child
from left import host, ours


def test_stop_leaves_nothing_and_start_brings_all_back(own_world):
    before = host()
    world = own_world
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    one, two = world.launch(vpc.left, vpc.group, 2)
    world.out(one.id, "echo kept > /root/kept")
    mac = world.out(one.id, "cat /sys/class/net/eth0/address")
    assert host() == before
    world.stop()
    assert host() == before
    assert ours(world.state) == []
    world.start()
    world.settle()
    assert world.out(one.id, "cat /root/kept; cat /sys/class/net/eth0/address") == f"kept\n{mac}"
    assert world.sh(one.id, f"ping -c 1 -W 1 {two.ip}").returncode == 0


def test_engine_killed_packets_go_on(own_world):
    world = own_world
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    one, two = world.launch(vpc.left, vpc.group, 2)
    world.out(one.id, f"nohup ping -i 0.05 -c 80 -W 1 {two.ip} > /root/ping 2>&1 & echo $! > /root/pid")
    engine = child(world, "elastinet.serve.server")
    os.kill(engine, signal.SIGKILL)
    wait_until(lambda: child(world, "elastinet.serve.server") not in (None, engine))
    shown = world.ec2.describe_instances(InstanceIds=[one.id])["Reservations"][0]["Instances"][0]
    assert (shown["State"]["Name"], shown["PrivateIpAddress"]) == ("running", one.ip)
    world.settle()
    wait_until(lambda: "packet loss" in world.out(one.id, "cat /root/ping"))
    assert " 0% packet loss" in world.out(one.id, "cat /root/ping")
    assert world.out(one.id, "curl -s http://169.254.169.254/latest/meta-data/instance-id") == one.id
    # And it still does what it is asked.
    world.ec2.revoke_security_group_ingress(
        GroupId=vpc.group,
        IpPermissions=[
            {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ],
    )
    world.settle()
    assert world.sh(one.id, f"ping -c 1 -W 1 {two.ip}").returncode == 1


def test_agent_killed_everything_is_built_again(own_world):
    world = own_world
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    one, two = world.launch(vpc.left, vpc.group, 2)
    world.out(one.id, "echo kept > /root/kept")
    mac = world.out(one.id, "cat /sys/class/net/eth0/address")
    agent = child(world, "elastinet.fabric.agent.agent")
    os.kill(agent, signal.SIGKILL)
    wait_until(lambda: child(world, "elastinet.fabric.agent.agent") not in (None, agent))
    wait_until(lambda: world.sh(one.id, "true").returncode == 0)
    world.settle()
    assert world.out(one.id, "cat /root/kept; cat /sys/class/net/eth0/address") == f"kept\n{mac}"
    assert world.sh(one.id, f"ping -c 1 -W 1 {two.ip}").returncode == 0


def test_all_killed_nothing_is_left(own_world):
    before = host()
    world = own_world
    vpc = world.vpc()
    world.launch(vpc.left, vpc.group, 2)
    os.kill(world.pid, signal.SIGKILL)
    wait_until(lambda: ours(world.state) == [])
    assert host() == before
    world.start()
    world.settle()
    states = [
        i["State"]["Name"] for r in world.ec2.describe_instances()["Reservations"] for i in r["Instances"]
    ]
    assert states == ["running", "running"]
