"""The AWS command line against a real server, as its users type it."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forked import AWS, forked
from served import Served, new_account

TYPE = "t3.micro"
OTHERS = ("iam", "ssm", "sts")

pytestmark = pytest.mark.skipif(AWS is None, reason="no AWS CLI beside this Python: make setup installs it")
Aws = Callable[..., Any]


@pytest.fixture
def environ(server: Served, tmp_path: Path) -> dict[str, str]:
    """An account of a test's own, and no configuration but the environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    return kept | {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # another's, where nobody listens
        **{f"AWS_ENDPOINT_URL_{service}": server.url for service in ("EC2", "IAM", "SSM", "STS")},
        "AWS_ACCESS_KEY_ID": new_account(),
        "AWS_SECRET_ACCESS_KEY": "elastinet",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
        "HOME": str(tmp_path),
    }


@pytest.fixture
def run(environ: dict[str, str]) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs `aws ec2 …`, or a neighbour's command."""

    def call(*words: str) -> "subprocess.CompletedProcess[str]":
        return forked("aws").run([*words] if words[0] in OTHERS else ["ec2", *words], environ)

    return call


@pytest.fixture
def aws(run: Callable[..., "subprocess.CompletedProcess[str]"]) -> Aws:
    """The JSON that a command prints; it must succeed."""

    def call(*words: str) -> Any:
        done = run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return call


def image(aws: Aws) -> str:
    found = aws("describe-images", "--owners", "amazon", "--filters", "Name=architecture,Values=x86_64")
    return str(found["Images"][0]["ImageId"])


@pytest.mark.parametrize(
    "words", [("describe-vpcs",), ("describe-vpcs", "--vpc-ids", "vpc-1"), ("describe",)]
)
def test_it_is_the_program_that_users_have(
    run: Callable[..., "subprocess.CompletedProcess[str]"], environ: dict[str, str], words: tuple[str, ...]
) -> None:
    command = [str(AWS), "ec2", *words]
    theirs = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    ours = run(*words)
    assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)


def test_the_life_of_an_instance(aws: Aws) -> None:
    (kind,) = aws("describe-instance-types", "--instance-types", TYPE)["InstanceTypes"]
    assert kind["NetworkInfo"]["MaximumNetworkInterfaces"] == 2
    group = aws("create-security-group", "--group-name", "web", "--description", "web")["GroupId"]
    rule = ("--protocol", "tcp", "--port", "443", "--cidr", "0.0.0.0/0")
    assert aws("authorize-security-group-ingress", "--group-id", group, *rule)["Return"]
    tags = "ResourceType=instance,Tags=[{Key=Name,Value=web}]"
    asked = ("--image-id", image(aws), "--instance-type", TYPE, "--security-group-ids", group)
    (made,) = aws("run-instances", *asked, "--tag-specifications", tags)["Instances"]
    id = made["InstanceId"]
    aws("wait", "instance-running", "--instance-ids", id)
    query = ("--filters", "Name=tag:Name,Values=web", "--query", "Reservations[].Instances[].State.Name")
    assert aws("describe-instances", *query) == ["running"]
    aws("terminate-instances", "--instance-ids", id)
    aws("wait", "instance-terminated", "--instance-ids", id)
    assert aws("delete-security-group", "--group-id", group)["GroupId"] == group


def test_an_instance_with_a_role_and_an_image_by_its_parameter(aws: Aws) -> None:
    name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    found = aws("ssm", "get-parameter", "--name", name)["Parameter"]["Value"]
    aws("iam", "create-role", "--role-name", "web", "--assume-role-policy-document", '{"Statement": []}')
    aws("iam", "create-instance-profile", "--instance-profile-name", "web")
    aws("iam", "add-role-to-instance-profile", "--instance-profile-name", "web", "--role-name", "web")
    how = ("--image-id", f"resolve:ssm:{name}", "--instance-type", TYPE, "--iam-instance-profile", "Name=web")
    (made,) = aws("run-instances", *how)["Instances"]
    account = aws("sts", "get-caller-identity")["Account"]
    assert made["ImageId"] == found
    assert made["IamInstanceProfile"]["Arn"] == f"arn:aws:iam::{account}:instance-profile/web"


def test_the_command_line_pages_by_itself(aws: Aws) -> None:
    found = aws("describe-instance-types", "--page-size", "100", "--query", "InstanceTypes[].InstanceType")
    assert len(found) == len(set(found)) > 500
    assert len(aws("describe-subnets", "--page-size", "5")["Subnets"]) == 6
    some = aws("describe-subnets", "--max-items", "2")
    rest = aws("describe-subnets", "--starting-token", some["NextToken"])
    assert len(some["Subnets"] + rest["Subnets"]) == 6


def test_user_data_from_a_file(aws: Aws, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\necho hello\n")
    asked = ("--image-id", image(aws), "--instance-type", TYPE, "--user-data", f"file://{script}")
    id = aws("run-instances", *asked)["Instances"][0]["InstanceId"]
    told = aws("describe-instance-attribute", "--instance-id", id, "--attribute", "userData")
    assert told["UserData"]["Value"] == "IyEvYmluL3NoCmVjaG8gaGVsbG8K"


def test_placement_groups(aws: Aws) -> None:
    near = aws("create-placement-group", "--group-name", "near", "--strategy", "cluster")["PlacementGroup"]
    parts = ("--strategy", "partition", "--partition-count", "3")
    aws("create-placement-group", "--group-name", "apart", *parts)
    shown = aws("describe-placement-groups", "--group-ids", near["GroupId"])["PlacementGroups"]
    assert shown == [near]
    asked = ("--image-id", image(aws), "--instance-type", "g6e.xlarge", "--placement", "GroupName=near")
    id = aws("run-instances", *asked)["Instances"][0]["InstanceId"]
    aws("wait", "instance-running", "--instance-ids", id)
    (one,) = aws("describe-instance-topology", "--group-names", "near")["Instances"]
    assert (one["InstanceId"], len(one["NetworkNodes"])) == (id, 3)
    aws("stop-instances", "--instance-ids", id)
    aws("wait", "instance-stopped", "--instance-ids", id)
    where = ("--group-name", "apart", "--partition-number", "2")
    assert aws("modify-instance-placement", "--instance-id", id, *where)["Return"]
    query = "Reservations[].Instances[].Placement.[GroupName,PartitionNumber]"
    assert aws("describe-instances", "--instance-ids", id, "--query", query) == [["apart", 2]]
    aws("delete-placement-group", "--group-name", "near")
    aws("terminate-instances", "--instance-ids", id)
    aws("wait", "instance-terminated", "--instance-ids", id)
    aws("delete-placement-group", "--group-name", "apart")
    assert aws("describe-placement-groups")["PlacementGroups"] == []


def test_launch_templates(aws: Aws) -> None:
    data = json.dumps({"ImageId": image(aws), "InstanceType": TYPE})
    named = ("--launch-template-name", "node")
    made = aws("create-launch-template", *named, "--launch-template-data", data)["LaunchTemplate"]
    larger = json.dumps({"InstanceType": "c5.large"})
    aws("create-launch-template-version", *named, "--source-version", "1", "--launch-template-data", larger)
    query = ("--query", "LaunchTemplateVersions[].[VersionNumber,LaunchTemplateData.InstanceType]")
    assert aws("describe-launch-template-versions", *named, *query) == [[2, "c5.large"], [1, TYPE]]
    assert aws("describe-launch-template-versions", "--versions", "$Latest", *query) == [[2, "c5.large"]]
    aws("modify-launch-template", *named, "--default-version", "2")
    asked = ("--launch-template", "LaunchTemplateName=node", "--instance-type", "t3.small")
    (instance,) = aws("run-instances", *asked)["Instances"]
    assert instance["InstanceType"] == "t3.small"
    configs = json.dumps(
        [{"LaunchTemplateSpecification": {"LaunchTemplateName": "node", "Version": "$Default"}}]
    )
    capacity = (
        "--target-capacity-specification",
        "TotalTargetCapacity=2,DefaultTargetCapacityType=on-demand",
    )
    fleet = aws("create-fleet", "--type", "instant", "--launch-template-configs", configs, *capacity)
    (launched,) = fleet["Instances"]
    assert (launched["InstanceType"], len(launched["InstanceIds"]), fleet["Errors"]) == ("c5.large", 2, [])
    aws("delete-fleets", "--fleet-ids", fleet["FleetId"], "--terminate-instances")
    aws("wait", "instance-terminated", "--instance-ids", *launched["InstanceIds"])
    gone = aws("delete-launch-template-versions", *named, "--versions", "1")
    assert gone["UnsuccessfullyDeletedLaunchTemplateVersions"] == []
    aws("delete-launch-template", "--launch-template-id", made["LaunchTemplateId"])
    assert aws("describe-launch-templates")["LaunchTemplates"] == []


def test_dedicated_hosts(aws: Aws) -> None:
    asked = ("--instance-type", "m5.large", "--availability-zone", "us-east-1a", "--quantity", "1")
    (id,) = aws("allocate-hosts", *asked, "--auto-placement", "off")["HostIds"]
    (host,) = aws("describe-hosts", "--host-ids", id)["Hosts"]
    assert (host["State"], host["HostProperties"]["InstanceType"]) == ("available", "m5.large")
    assert aws("release-hosts", "--host-ids", id) == {"Successful": [id], "Unsuccessful": []}
    states = ("--filter", "Name=state,Values=available", "--query", "Hosts[].HostId")
    assert aws("describe-hosts", *states) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("describe-vpcs", "--vpc-ids", "vpc-00000000000000000"), "InvalidVpcID.NotFound"),
        (("describe-vpcs", "--dry-run"), "DryRunOperation"),
        (("create-transit-gateway",), "UnsupportedOperation"),
        (("delete-placement-group", "--group-name", "nowhere"), "InvalidPlacementGroup.Unknown"),
        (("describe-vpcs", "--region", "nowhere-1"), "InvalidRegion"),
    ],
)
def test_a_refusal_is_shown(
    run: Callable[..., "subprocess.CompletedProcess[str]"], words: tuple[str, ...], code: str
) -> None:
    done = run(*words)
    assert done.returncode in (254, 255)  # of the CLI's versions 2 and 1
    assert f"({code})" in done.stderr
