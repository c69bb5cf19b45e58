"""Terraform with the AWS provider builds a network, finds nothing to change in it, and takes it away."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from served import Served

MODULE = Path(__file__).parent / "terraform" / "main.tf"
PROVIDER = "registry.terraform.io/hashicorp/aws"
USUAL = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/opt/tf-plugins")
TERRAFORM = shutil.which("terraform")
Terraform = Callable[..., "subprocess.CompletedProcess[str]"]

# Terraform sleeps for most of it; on a busy machine it may take longer than others' tests may.
pytestmark = [
    pytest.mark.skipif(TERRAFORM is None, reason="no terraform on the path"),
    pytest.mark.timeout(600),
]


def plugins() -> Path:
    """The folder that has the AWS provider: one that TF_PLUGIN_CACHE_DIR names, or a usual one."""
    named = filter(None, [os.environ.get("TF_PLUGIN_CACHE_DIR")])
    for folder in (Path(name).expanduser() for name in (*named, *USUAL)):
        if (folder / PROVIDER).is_dir():
            return folder
    pytest.skip("no plugin folder has Terraform's AWS provider")


@pytest.fixture
def terraform(server: Served, tmp_path: Path) -> Terraform:
    """Runs terraform on a copy of the module, with a configuration of the test's own."""
    shutil.copy(MODULE, tmp_path)
    mirror = f'filesystem_mirror {{\n    path = "{plugins()}"\n  }}'
    (tmp_path / "rc").write_text(f"provider_installation {{\n  {mirror}\n}}\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    environ |= {"TF_CLI_CONFIG_FILE": str(tmp_path / "rc"), "TF_VAR_endpoint": server.url}
    environ |= {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    environ |= {"GOGC": "400", "GOMEMLIMIT": "1GiB"}  # a quarter of the provider's time is its garbage

    def run(verb: str, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [str(TERRAFORM), verb, "-no-color", "-input=false", *words]
        return subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=280, check=False
        )

    return run


def test_apply_plan_destroy(server: Served, terraform: Terraform) -> None:
    ec2, iam = (server.client(service, account="246813579024") for service in ("ec2", "iam"))
    before = nouns(ec2)
    for words in (
        ("init",),
        ("apply", "-auto-approve", "-parallelism=30"),
        ("plan", "-detailed-exitcode"),  # 2 if there is anything to change
    ):
        done = terraform(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    assert nouns(ec2) != before
    (profile,) = iam.list_instance_profiles()["InstanceProfiles"]
    (bound,) = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    assert bound["IamInstanceProfile"]["Arn"] == profile["Arn"]
    (analysis,) = ec2.describe_network_insights_analyses()["NetworkInsightsAnalyses"]
    assert analysis["NetworkPathFound"] is True, analysis
    done = terraform("destroy", "-auto-approve", "-parallelism=30")
    assert done.returncode == 0, done.stdout + done.stderr
    assert nouns(ec2) == before
    assert iam.list_instance_profiles()["InstanceProfiles"] == iam.list_roles()["Roles"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []


def nouns(ec2) -> dict[str, list[str]]:
    """The ids of all that the module makes; what is terminated or deleted is gone."""
    reservations = ec2.describe_instances()["Reservations"]
    instances = [i for r in reservations for i in r["Instances"] if i["State"]["Name"] != "terminated"]
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    peerings = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
    found = {
        "InstanceId": instances,
        "NatGatewayId": [g for g in gateways if g["State"] != "deleted"],
        "VpcPeeringConnectionId": [p for p in peerings if p["Status"]["Code"] != "deleted"],
        "AllocationId": ec2.describe_addresses()["Addresses"],
        "HostId": [h for h in ec2.describe_hosts()["Hosts"] if h["State"] != "released"],
        "VpcEndpointId": ec2.describe_vpc_endpoints()["VpcEndpoints"],
        "LaunchTemplateId": ec2.describe_launch_templates()["LaunchTemplates"],
        "NetworkInsightsPathId": ec2.describe_network_insights_paths()["NetworkInsightsPaths"],
        "NetworkInsightsAnalysisId": ec2.describe_network_insights_analyses()["NetworkInsightsAnalyses"],
        "VpcId": ec2.describe_vpcs()["Vpcs"],
        "SubnetId": ec2.describe_subnets()["Subnets"],
        "InternetGatewayId": ec2.describe_internet_gateways()["InternetGateways"],
        "EgressOnlyInternetGatewayId": ec2.describe_egress_only_internet_gateways()[
            "EgressOnlyInternetGateways"
        ],
        "RouteTableId": ec2.describe_route_tables()["RouteTables"],
        "GroupId": ec2.describe_security_groups()["SecurityGroups"],
        "GroupArn": ec2.describe_placement_groups()["PlacementGroups"],
        "SecurityGroupRuleId": ec2.describe_security_group_rules()["SecurityGroupRules"],
        "NetworkInterfaceId": ec2.describe_network_interfaces()["NetworkInterfaces"],
        "VolumeId": ec2.describe_volumes()["Volumes"],
    }
    return {id: sorted(noun[id] for noun in nouns) for id, nouns in found.items()}
