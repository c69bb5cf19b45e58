"""`elastinet twin diff`: what it prints is run by a shell, with the AWS CLI, against a copy of the account."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from commands import NONE, Run, refused, told
from describing import described, write
from full_region import Full
from small_region import HERE, OWNER

KEY = {"AWS_ACCESS_KEY_ID": OWNER, "AWS_SECRET_ACCESS_KEY": "x"}
HOSTILE = '\'; touch hacked; echo "$(touch hacked)" `touch hacked` \\'


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    full = Full(7)
    full.settle()
    write(described(full.region.engine, OWNER, HERE), tmp_path / "dump" / OWNER / HERE)
    return tmp_path / "dump"


@pytest.fixture
def twin(run: Run, dump: Path) -> SimpleNamespace:
    server = told(run("start", *NONE, "--state", "twin", "--twin", str(dump)))
    return SimpleNamespace(url=server["url"], ec2=client(server["url"]))


def client(url: str) -> Any:
    key = {"aws_access_key_id": OWNER, "aws_secret_access_key": "x", "region_name": HERE}
    return boto3.client("ec2", endpoint_url=url, **key)


def diff(run: Run, *words: str) -> list[str]:
    done = run("twin", "diff", *words, "--state", "twin")
    assert done.returncode == 0, done
    return done.stdout.splitlines()


def shell(lines: list[str], url: str, folder: Path) -> str:
    """Run what was printed, as somebody would who trusts it."""
    (folder / "fix.sh").write_text("set -eu\n" + "\n".join(lines))
    environ = os.environ | KEY | {"AWS_ENDPOINT_URL": url, "AWS_PAGER": ""}
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    done = subprocess.run(
        ["sh", "fix.sh"], cwd=folder, env=environ, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def first(client: Any, list_: str, **asked: Any) -> Any:
    return getattr(client, f"describe_{list_}")(**asked)


def test_what_is_printed_repairs_a_copy_of_the_account(
    run: Run, twin: SimpleNamespace, dump: Path, tmp_path: Path
) -> None:
    """Nothing of it has a new id, so the copy, imported, is as the twin; and no word of it is run by itself."""
    assert diff(run) == []
    account = told(run("start", *NONE, "--state", "account", "--twin", str(dump)))
    ec2 = twin.ec2
    vpc = first(ec2, "vpcs", Filters=[{"Name": "tag:Name", "Values": ["a name"]}])["Vpcs"][0]["VpcId"]
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    group = first(ec2, "security_groups", Filters=inside)["SecurityGroups"][0]["GroupId"]
    table = first(ec2, "route_tables", Filters=inside)["RouteTables"][0]["RouteTableId"]
    acl = first(ec2, "network_acls", Filters=inside)["NetworkAcls"][0]["NetworkAclId"]
    eni = first(ec2, "network_interfaces", Filters=inside)["NetworkInterfaces"][0]["NetworkInterfaceId"]
    spoken = {"CidrIp": "192.0.2.0/24", "Description": "of the office (2nd floor), {a}=b"}
    permission = {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "IpRanges": [spoken]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="192.0.2.128/25", NetworkInterfaceId=eni)
    entry = {"RuleNumber": 7, "Protocol": "6", "RuleAction": "deny", "PortRange": {"From": 1, "To": 2}}
    ec2.create_network_acl_entry(NetworkAclId=acl, Egress=True, CidrBlock="192.0.2.0/24", **entry)
    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=eni, Description={"Value": "file:///etc/passwd"}
    )
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck={"Value": False})
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": False})
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": HOSTILE}, {"Key": "-k", "Value": ""}])
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "empty"}])
    lines = diff(run)
    assert len(lines) >= 7
    assert all(shlex.split(line)[:2] == ["aws", "ec2"] for line in lines)
    shell(lines, account["url"], tmp_path)
    assert not (tmp_path / "hacked").exists()
    found = run("import", "now", "--region", HERE, "--endpoint-url", account["url"], **KEY)
    assert found.returncode == 0, found.stderr
    assert diff(run, "now") == []
    assert told(run("twin", "diff", "--state", "twin", "--json"))["lines"] == lines


def test_what_is_new_is_known_by_a_variable(
    run: Run, twin: SimpleNamespace, dump: Path, tmp_path: Path
) -> None:
    account = told(run("start", *NONE, "--state", "account", "--twin", str(dump)))
    vpc = first(twin.ec2, "vpcs")["Vpcs"][0]["VpcId"]
    group = twin.ec2.create_security_group(GroupName="fresh", Description="is new; $HOME", VpcId=vpc)[
        "GroupId"
    ]
    inside = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": group}]}
    twin.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[inside])
    twin.ec2.create_tags(Resources=[group], Tags=[{"Key": "Name", "Value": f"the 'one' called {group}"}])
    lines = diff(run)
    assert lines[0].startswith("sg_1=$(aws ec2 create-security-group --group-name fresh ")
    assert not any(group in line for line in lines)
    shell(lines, account["url"], tmp_path)
    (made,) = client(account["url"]).describe_security_groups(GroupNames=["fresh"])["SecurityGroups"]
    assert made["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == made["GroupId"]
    assert made["Tags"] == [{"Key": "Name", "Value": f"the 'one' called {made['GroupId']}"}]


def test_what_there_is_no_command_for_is_said(run: Run, twin: SimpleNamespace) -> None:
    twin.ec2.create_key_pair(KeyName="another; rm -rf x")
    twin.ec2.allocate_address(Domain="vpc")
    lines = diff(run)
    assert any(line.startswith("# key-") and "no command is made for it" in line for line in lines)
    assert any(line.startswith("# 198.") and "AWS gives another" in line for line in lines)
    assert any(line.startswith("eipalloc_1=$(aws ec2 allocate-address --domain vpc ") for line in lines)


def test_another_region_of_the_server_is_not_the_accounts(run: Run, twin: SimpleNamespace) -> None:
    far = boto3.client(
        "ec2",
        endpoint_url=twin.url,
        aws_access_key_id=OWNER,
        aws_secret_access_key="x",
        region_name="ap-south-1",
    )
    far.describe_vpcs()  # opens the region, with a default VPC
    assert diff(run) == []


def test_what_is_no_question(run: Run, twin: SimpleNamespace, tmp_path: Path) -> None:
    refused(run("twin", "diff", "nowhere", "--state", "twin"), 2, "nowhere: no such folder")
    far = tmp_path / "far" / "999999999999" / HERE
    far.mkdir(parents=True)
    (far / "vpcs.json").write_text(json.dumps({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}]}))
    refused(run("twin", "diff", "far", "--state", "twin"), 2, "far is of account 999999999999")
    told(run("start", *NONE, "--state", "plain"))
    refused(run("twin", "diff", "--state", "plain"), 2, "this server is no twin")
