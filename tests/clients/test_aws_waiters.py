"""`aws ec2 wait …`: every waiter that the AWS CLI has for what elastinet has comes to its end."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader

from elastinet.ec2.operations import OPERATIONS
from forked import AWS, forked
from place import launch, make_place
from served import Served, new_account

WAITERS = Loader().load_service_model("ec2", "waiters-2")["waiters"]

pytestmark = pytest.mark.skipif(AWS is None, reason="no AWS CLI beside this Python: make setup installs it")

NOUNS = {
    "image-available": "--image-ids {image}",
    "image-exists": "--image-ids {image}",
    "instance-exists": "--instance-ids {running}",
    "instance-running": "--instance-ids {running}",
    "instance-status-ok": "--instance-ids {running}",
    "instance-stopped": "--instance-ids {stopped}",
    "instance-terminated": "--instance-ids {gone}",
    "internet-gateway-exists": "--internet-gateway-ids {gateway}",
    "key-pair-exists": "--key-names waited",
    "nat-gateway-available": "--nat-gateway-ids {nat}",
    "nat-gateway-deleted": "--nat-gateway-ids {no_nat}",
    "network-interface-available": "--network-interface-ids {eni}",
    "security-group-exists": "--group-ids {group}",
    "snapshot-completed": "--snapshot-ids {snapshot}",
    "subnet-available": "--subnet-ids {subnet}",
    "system-status-ok": "--instance-ids {running}",
    "volume-available": "--volume-ids {kept}",
    "volume-deleted": "--volume-ids {no_volume}",
    "volume-in-use": "--volume-ids {volume}",
    "vpc-available": "--vpc-ids {vpc}",
    "vpc-exists": "--vpc-ids {vpc}",
    "vpc-peering-connection-deleted": "--vpc-peering-connection-ids {no_peering}",
    "vpc-peering-connection-exists": "--vpc-peering-connection-ids {peering}",
}


def furnish(ec2: Any) -> SimpleNamespace:
    """A place with one of everything that can be waited for, and with what has come to its end."""
    p = make_place(ec2)
    ec2.create_key_pair(KeyName="waited")
    disk = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": False}}
    running, stopped, gone = launch(ec2, p, 3, BlockDeviceMappings=[disk])
    p.running, p.stopped, p.gone = (i["InstanceId"] for i in (running, stopped, gone))
    (p.no_volume, p.kept), (p.volume, _) = volumes(gone), volumes(running)
    ec2.stop_instances(InstanceIds=[p.stopped])
    ec2.terminate_instances(InstanceIds=[p.gone])
    p.snapshot = snapshot(ec2, p)
    p.nat, p.no_nat = (nat_gateway(ec2, p) for _ in range(2))
    ec2.delete_nat_gateway(NatGatewayId=p.no_nat)
    p.peering, p.no_peering = (peering(ec2, p, f"10.{n}.0.0/16") for n in (1, 2))
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=p.no_peering)
    p.eni = ec2.create_network_interface(SubnetId=p.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    return p


def volumes(instance: dict[str, Any]) -> list[str]:
    return [mapping["Ebs"]["VolumeId"] for mapping in instance["BlockDeviceMappings"]]


def snapshot(ec2: Any, p: SimpleNamespace) -> str:
    made = ec2.create_image(InstanceId=p.running, Name="waited for", NoReboot=True)["ImageId"]
    (image,) = ec2.describe_images(ImageIds=[made])["Images"]
    return str(image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])


def nat_gateway(ec2: Any, p: SimpleNamespace) -> str:
    made = ec2.create_nat_gateway(SubnetId=p.subnet, ConnectivityType="private")
    return str(made["NatGateway"]["NatGatewayId"])


def peering(ec2: Any, p: SimpleNamespace, cidr: str) -> str:
    other = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=p.vpc, PeerVpcId=other)
    return str(made["VpcPeeringConnection"]["VpcPeeringConnectionId"])


def waiting(server: Served, account: str, home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`aws ec2 wait …`, which must end at its first or second question."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    environ |= {"AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": account, "HOME": str(home)}
    environ |= {"AWS_SECRET_ACCESS_KEY": "elastinet", "AWS_DEFAULT_REGION": "us-east-1"}
    return forked("aws").run(["ec2", "wait", *words], environ)


def test_no_waiter_is_forgotten() -> None:
    there = {name for name, waiter in WAITERS.items() if waiter["operation"] in OPERATIONS}
    assert {xform_name(name, "-") for name in there} == NOUNS.keys()


def test_every_waiter_ends(server: Served, tmp_path: Path) -> None:
    account = new_account()
    place = vars(furnish(server.client(account=account)))
    with ThreadPoolExecutor(4) as pool:
        words = [[name, *asked.format(**place).split()] for name, asked in NOUNS.items()]
        ended = list(pool.map(lambda asked: waiting(server, account, tmp_path, *asked), words))
    failed = {words[1]: done.stderr for done in ended if done.returncode for words in [done.args[2:]]}
    assert failed == {}


def test_a_waiter_that_waits_in_vain_says_so(server: Served, tmp_path: Path) -> None:
    account = new_account()
    ec2 = server.client(account=account)
    (instance,) = launch(ec2, make_place(ec2))
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    done = waiting(server, account, tmp_path, "instance-running", "--instance-ids", instance["InstanceId"])
    assert done.returncode == 255
    assert "terminal failure state" in done.stderr
