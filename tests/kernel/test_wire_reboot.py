"""Instances that reboot or shut down from inside, as their owners see it by the API and by packets."""

import pytest

from commands import wait_until
from world import ping


@pytest.fixture
def pair(world):
    """A public instance, and its neighbour."""
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    interface = {
        "DeviceIndex": 0, "SubnetId": vpc.left, "Groups": [vpc.group], "AssociatePublicIpAddress": True,
    }  # fmt: skip
    (one,) = world.launch(vpc.left, vpc.group, NetworkInterfaces=[interface])
    (two,) = world.launch(vpc.left, vpc.group)
    yield one, two
    world.ec2.terminate_instances(InstanceIds=[one.id, two.id])


def shown(world, id):
    (found,) = world.ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"]
    return found


def becomes(world, waiter, id):
    world.ec2.get_waiter(waiter).wait(InstanceIds=[id], WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})


def test_a_reboot_keeps_everything(world, pair):
    one, two = pair
    before = shown(world, one.id)
    assert ping(world, "internet", before["PublicIpAddress"])
    world.out(one.id, "echo kept >/root/note; touch /run/since-boot")
    world.sh(one.id, "busybox reboot -f")
    states = {shown(world, one.id)["State"]["Name"]}
    look = "cat /root/note; ls /run/since-boot 2>/dev/null || echo fresh"
    wait_until(lambda: world.sh(one.id, look).stdout == "kept\nfresh\n")
    for source, target in ((two.id, one.ip), ("internet", before["PublicIpAddress"])):
        world.out(source, f"ping -c 1 -w 20 -i 0.2 {target}")
    after = shown(world, one.id)
    assert states | {after["State"]["Name"]} == {"running"}
    for key in ("PublicIpAddress", "PrivateIpAddress", "StateTransitionReason", "LaunchTime", "Placement"):
        assert after[key] == before[key], key
    assert (
        world.out(one.id, "cat /root/note; ls /run/since-boot 2>/dev/null || echo fresh") == "kept\nfresh\n"
    )


def test_power_off_stops(world, pair):
    one, _ = pair
    world.sh(one.id, "busybox poweroff -f")
    becomes(world, "instance_stopped", one.id)
    assert shown(world, one.id)["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    world.ec2.start_instances(InstanceIds=[one.id])
    becomes(world, "instance_running", one.id)


def test_power_off_terminates_where_it_is_to(world, pair):
    one, _ = pair
    behavior = {"Value": "terminate"}
    world.ec2.modify_instance_attribute(InstanceId=one.id, InstanceInitiatedShutdownBehavior=behavior)
    world.sh(one.id, "busybox reboot -f")
    world.settle()
    assert shown(world, one.id)["State"]["Name"] == "running"
    world.sh(one.id, "busybox poweroff -f")
    becomes(world, "instance_terminated", one.id)


def serve(world, id, at_the_end):
    """Have a service that does something when it is asked to end."""
    trap = f'trap "{at_the_end}; exit" TERM; touch /run/begun; while :; do sleep 0.05; done'
    world.out(id, f"setsid sh -c '{trap}' >/dev/null 2>&1 &")
    wait_until(lambda: world.sh(id, "test -e /run/begun").returncode == 0)


def test_a_stop_gives_programs_time_unless_it_is_forced(world, pair):
    one, _ = pair
    for number, options in enumerate(({}, {"Force": True}, {"SkipOsShutdown": True})):
        serve(world, one.id, f"sleep 0.5; echo {number} >>/root/ended")
        world.ec2.stop_instances(InstanceIds=[one.id], **options)
        becomes(world, "instance_stopped", one.id)
        world.ec2.start_instances(InstanceIds=[one.id])
        becomes(world, "instance_running", one.id)
    assert world.out(one.id, "cat /root/ended") == "0\n"


def test_a_stop_on_its_way_can_be_forced(world, pair):
    one, _ = pair
    serve(world, one.id, "sleep 60")
    world.ec2.stop_instances(InstanceIds=[one.id])
    assert shown(world, one.id)["State"]["Name"] == "stopping"
    world.ec2.stop_instances(InstanceIds=[one.id], Force=True)
    becomes(world, "instance_stopped", one.id)


def test_the_api_s_reboot_gives_programs_time(world, pair):
    one, _ = pair
    serve(world, one.id, "echo ended >/root/ended")
    world.ec2.reboot_instances(InstanceIds=[one.id])
    world.settle()
    assert world.out(one.id, "cat /root/ended; ls /run/begun 2>/dev/null || echo fresh") == "ended\nfresh\n"
