"""What an instance type's device means for its packets."""

import os
import signal

from relays import relays


def test_a_type_without_enhanced_networking_waits_for_the_hypervisor(world):
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    before = set(relays(world.pid))
    old, new = (world.launch(vpc.left, vpc.group, InstanceType=kind)[0] for kind in ("t2.micro", "t3.micro"))
    (relay,) = set(relays(world.pid)) - before
    assert world.sh(new.id, f"ping -c1 -W2 {old.ip}").returncode == 0
    os.kill(relay, signal.SIGSTOP)
    assert world.sh(new.id, f"ping -c1 -W1 {old.ip}").returncode != 0
    os.kill(relay, signal.SIGCONT)
    assert world.sh(new.id, f"ping -c3 -W2 {old.ip}").returncode == 0
    ec2 = world.ec2
    ec2.stop_instances(InstanceIds=[old.id])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[old.id], WaiterConfig={"Delay": 0.1})
    ec2.modify_instance_attribute(InstanceId=old.id, InstanceType={"Value": "t3.micro"})
    ec2.start_instances(InstanceIds=[old.id])
    ec2.get_waiter("instance_running").wait(InstanceIds=[old.id], WaiterConfig={"Delay": 0.1})
    assert world.sh(new.id, f"ping -c1 -W2 {old.ip}").returncode == 0
    assert set(relays(world.pid)) == before
    ec2.terminate_instances(InstanceIds=[old.id, new.id])


def test_an_attribute_that_is_off_puts_the_hypervisor_in_between(world):
    vpc = world.vpc()
    before = set(relays(world.pid))
    (made,) = world.launch(vpc.left, vpc.group, InstanceType="r4.large")
    assert set(relays(world.pid)) == before
    ec2 = world.ec2
    ec2.stop_instances(InstanceIds=[made.id])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[made.id], WaiterConfig={"Delay": 0.1})
    ec2.modify_instance_attribute(InstanceId=made.id, EnaSupport={"Value": False})
    ec2.start_instances(InstanceIds=[made.id])
    ec2.get_waiter("instance_running").wait(InstanceIds=[made.id], WaiterConfig={"Delay": 0.1})
    assert len(set(relays(world.pid)) - before) == 1
    ec2.terminate_instances(InstanceIds=[made.id])
