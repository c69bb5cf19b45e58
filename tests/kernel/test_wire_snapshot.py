"""A snapshot with packets: after a load its instances run, by the ids and addresses that they had."""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

from forked import forked
from served import new_account
from world import World


def two(world: World, account: str) -> tuple[Any, list[Any]]:
    """A client of an account, and two instances of it that let pings in."""
    ec2 = world.client("us-east-1", account)
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])[
        "SecurityGroups"
    ]
    given = {"ImageId": world.image, "InstanceType": "t3.micro", "MinCount": 2, "MaxCount": 2}
    made = ec2.run_instances(**given, SecurityGroupIds=[group["GroupId"]])["Instances"]
    world.settle()
    return ec2, [(one["InstanceId"], one["PrivateIpAddress"]) for one in made]


def snapshot(world: World, *words: str) -> str:
    """What a verb of snapshots prints."""
    done = forked("elastinet").run(["snapshot", *words, "--port", str(world.port)], dict(os.environ))
    done.check_returncode()
    return str(done.stdout)


def pings(world: World, one: str, address: str) -> bool:
    return world.sh(one, f"ping -c 1 -W 5 {address}").returncode == 0


def test_instances_are_there_after_a_load_and_gone_after_a_reset(world: World, tmp_path: Path) -> None:
    account, other, file = new_account(), new_account(), str(tmp_path / "snapshot")
    ec2, [(one, first), (two_, second)] = two(world, account)
    _, [(stays, _), (beside, address)] = two(world, other)
    mac = world.out(one, "cat /sys/class/net/eth0/address")
    assert pings(world, one, second)
    assert pings(world, stays, address)
    marker = world.out(stays, "touch /marker; ls -i /marker")
    snapshot(world, "save", file, "--account", account)
    world.out(one, "touch /root/mine")
    snapshot(world, "load", file, "--replace")
    world.out(one, "test -e /root/mine")  # who runs before and after keeps all that he has
    world.cli("reset", "--account", account)
    assert world.sh(one, "true").returncode != 0
    assert ec2.describe_instances()["Reservations"] == []
    told = json.loads(snapshot(world, "load", file, "--replace", "--json"))
    assert told["nouns"]["Instance"] == 2
    world.out(one, "test ! -e /root/mine")
    assert pings(world, one, second)
    assert pings(world, two_, first)
    assert world.out(one, "cat /sys/class/net/eth0/address") == mac
    status = json.loads(world.cli("status", "--json").stdout)
    assert status["settled"] is True
    assert status["failed"] == {}
    assert world.out(stays, "ls -i /marker") == marker
    assert pings(world, beside, address)
    for account_ in (account, other):
        world.cli("reset", "--account", account_)
    assert world.sh(stays, "true").returncode != 0


def test_a_snapshot_as_a_seed(world: World, tmp_path: Path) -> None:
    """Another server begins with it: all is there when the start is over, and again after the next one."""
    account, file = new_account(), str(tmp_path / "snapshot")
    _, [(one, first), (two_, second)] = two(world, account)
    snapshot(world, "save", file, "--account", account)
    world.cli("reset", "--account", account)
    seeded = World(tmp_path / "state", "--seed", file)
    try:
        assert pings(seeded, one, second)
        assert progress(seeded) == {"settled": True, "up": 2, "guests": 2}
        seeded.stop()
        seeded.start()
        seeded.cli("wait")
        assert progress(seeded) == {"settled": True, "up": 2, "guests": 2}
        assert pings(seeded, two_, first)
    finally:
        seeded.cli("stop", check=False)


def progress(world: World) -> Any:
    with urllib.request.urlopen(f"{world.url}/_elastinet/progress", timeout=30) as reply:
        return json.load(reply)
