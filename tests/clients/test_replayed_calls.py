"""The calls of clients that are not run here, as their sources send them: CDK's look-ups, Karpenter's nodes."""

import base64
import json
from typing import Any

import pytest

from refused import refused
from served import Served, new_account

TAGS = [{"Key": "karpenter.sh/nodepool", "Value": "usual"}, {"Key": "eks:eks-cluster-name", "Value": "c"}]
NAME = "karpenter.k8s.aws/1234567890"
RUNNING = {
    "Name": "instance-state-name",
    "Values": ["pending", "running", "stopping", "stopped", "shutting-down"],
}


@pytest.fixture
def account() -> str:
    return new_account()


@pytest.fixture
def ec2(server: Served, account: str) -> Any:
    return server.client("ec2", account=account)


def test_cdk_looks_up_a_vpc(ec2: Any) -> None:
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
    within = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    subnets = ec2.describe_subnets(Filters=within)["Subnets"]
    assert all(subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    (table,) = ec2.describe_route_tables(Filters=within)["RouteTables"]
    assert table["Associations"][0]["Main"]
    asked = {"attachment.vpc-id": vpc["VpcId"], "attachment.state": "attached", "state": "available"}
    filters = [{"Name": name, "Values": [value]} for name, value in asked.items()]
    assert ec2.describe_vpn_gateways(Filters=filters)["VpnGateways"] == []


def make_profile(iam: Any) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="nodes", AssumeRolePolicyDocument=trust)
    iam.create_instance_profile(InstanceProfileName="c_1", Path="/karpenter/us-east-1/c/uid/", Tags=TAGS)
    iam.add_role_to_instance_profile(InstanceProfileName="c_1", RoleName="nodes")


def template(ec2: Any, image: str) -> dict[str, Any]:
    """A node's template; all that is off or as usual is written out."""
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])[
        "SecurityGroups"
    ]
    volume = {"VolumeSize": 20, "VolumeType": "gp3", "Encrypted": True, "Iops": 3000, "Throughput": 125}
    return {
        "ImageId": image,
        "IamInstanceProfile": {"Name": "c_1"},
        "UserData": base64.b64encode(b"MIME-Version: 1.0\n").decode(),
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": volume | {"DeleteOnTermination": True}}],
        "Monitoring": {"Enabled": False},
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "disabled",
            "HttpPutResponseHopLimit": 1,
            "HttpTokens": "required",
            "InstanceMetadataTags": "disabled",
        },
        "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [group["GroupId"]]}],
        "TagSpecifications": [{"ResourceType": "network-interface", "Tags": TAGS}],
        "Placement": {"Tenancy": "default"},
        "EnclaveOptions": {"Enabled": False},
        "CapacityReservationSpecification": {"CapacityReservationPreference": "none"},
    }


def fleet(ec2: Any, image: str) -> dict[str, Any]:
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    overrides = [
        {
            "InstanceType": kind,
            "SubnetId": subnet["SubnetId"],
            "ImageId": image,
            "AvailabilityZone": subnet["AvailabilityZone"],
            "Priority": price,
        }
        for kind, price in (("c5.large", 0.085), ("m5.large", 0.096))
        for subnet in subnets[:3]
    ]
    named = {"LaunchTemplateName": NAME, "Version": "$Latest"}
    return {
        "Type": "instant",
        "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": named, "Overrides": overrides}],
        "TargetCapacitySpecification": {"DefaultTargetCapacityType": "on-demand", "TotalTargetCapacity": 1},
        "OnDemandOptions": {"AllocationStrategy": "lowest-price"},
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": TAGS} for kind in ("instance", "volume", "fleet")
        ],
    }


def test_karpenter_makes_a_node_and_ends_it(server: Served, ec2: Any, account: str) -> None:
    make_profile(server.client("iam", account=account))
    parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    image = server.client("ssm", account=account).get_parameter(Name=parameter)["Parameter"]["Value"]
    with refused("InvalidLaunchTemplateName.NotFoundException"):
        ec2.describe_launch_templates(LaunchTemplateNames=[NAME])
    tags = [{"ResourceType": "launch-template", "Tags": TAGS}]
    data = template(ec2, image)
    ec2.create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData=data, TagSpecifications=tags)
    asked = fleet(ec2, image)
    with refused("DryRunOperation"):
        ec2.create_fleet(DryRun=True, **asked)
    made = ec2.create_fleet(**asked)
    assert made["Errors"] == []
    (launched,) = made["Instances"]
    chosen = launched["LaunchTemplateAndOverrides"]["Overrides"]
    assert chosen["InstanceType"] == launched["InstanceType"]
    assert chosen in asked["LaunchTemplateConfigs"][0]["Overrides"]
    cluster = [
        {"Name": "tag-key", "Values": [TAGS[0]["Key"]]},
        {"Name": "tag:eks:eks-cluster-name", "Values": ["c"]},
        RUNNING,
    ]
    (found,) = ec2.describe_instances(Filters=cluster, MaxResults=1000)["Reservations"]
    assert [one["InstanceId"] for one in found["Instances"]] == launched["InstanceIds"]
    of_node = [{"Name": "attachment.instance-id", "Values": launched["InstanceIds"]}]
    (volume,) = ec2.describe_volumes(Filters=of_node)["Volumes"]
    assert volume["Tags"] == TAGS
    ec2.terminate_instances(InstanceIds=launched["InstanceIds"])
    ec2.delete_launch_template(LaunchTemplateName=NAME)
