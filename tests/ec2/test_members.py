"""Members that EC2 always shows, and sets that it leaves out where they are empty, as in its recorded answers."""

from typing import Any

import pytest

from refused import refused

ABSENT = {
    "describe_vpcs": "Vpcs",
    "describe_subnets": "Subnets",
    "describe_security_groups": "SecurityGroups",
    "describe_addresses": "Addresses",
    "describe_volumes": "Volumes",
}
"""Where there is no member for tags if there are none."""
EMPTY = {
    "describe_route_tables": "RouteTables",
    "describe_network_acls": "NetworkAcls",
    "describe_internet_gateways": "InternetGateways",
    "describe_managed_prefix_lists": "PrefixLists",
    "describe_vpc_endpoint_services": "ServiceDetails",
}
"""Where there is an empty one."""


@pytest.fixture
def furnished(ec2: Any) -> Any:
    ec2.allocate_address()
    ec2.run_instances(ImageId=image(ec2), InstanceType="m5.large", MinCount=1, MaxCount=1)
    return ec2


def image(ec2: Any) -> str:
    found: str = ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"][0][
        "ImageId"
    ]
    return found


def test_sets_of_tags(furnished: Any) -> None:
    for operation, member in ABSENT.items():
        shown = getattr(furnished, operation)()[member]
        assert shown, operation
        assert not any("Tags" in one for one in shown), operation
    for operation, member in EMPTY.items():
        shown = getattr(furnished, operation)()[member]
        assert shown, operation
        assert all(one["Tags"] == [] for one in shown), operation
    (instance,) = instances(furnished)
    assert "Tags" not in instance
    (interface,) = furnished.describe_network_interfaces()["NetworkInterfaces"]
    assert interface["TagSet"] == []


def instances(ec2: Any) -> list[dict[str, Any]]:
    return [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]


def test_tags_come_and_go(furnished: Any) -> None:
    (vpc,) = furnished.describe_vpcs()["Vpcs"]
    furnished.create_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "a", "Value": "b"}])
    assert furnished.describe_vpcs()["Vpcs"][0]["Tags"] == [{"Key": "a", "Value": "b"}]
    furnished.delete_tags(Resources=[vpc["VpcId"]], Tags=[{"Key": "a"}])
    assert "Tags" not in furnished.describe_vpcs()["Vpcs"][0]
    assert furnished.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["Tags"] == []


def test_an_instance(furnished: Any) -> None:
    (instance,) = instances(furnished)
    assert instance["ProductCodes"] == []
    assert instance["Operator"] == {"Managed": False}
    launched = instance["UsageOperationUpdateTime"]
    assert launched == instance["LaunchTime"]
    furnished.stop_instances(InstanceIds=[instance["InstanceId"]])
    furnished.start_instances(InstanceIds=[instance["InstanceId"]])
    assert instances(furnished)[0]["UsageOperationUpdateTime"] == launched


def test_who_made_an_interface(furnished: Any) -> None:
    """A user's id for one that was made by itself; none for one that came with an instance."""
    (interface,) = furnished.describe_network_interfaces()["NetworkInterfaces"]
    assert "RequesterId" not in interface
    made = furnished.create_network_interface(SubnetId=interface["SubnetId"])["NetworkInterface"]
    assert made["RequesterId"] == interface["OwnerId"]
    assert made["RequesterManaged"] is False
    asked = {"Name": "requester-id", "Values": [made["RequesterId"]]}
    (found,) = furnished.describe_network_interfaces(Filters=[asked])["NetworkInterfaces"]
    assert found["NetworkInterfaceId"] == made["NetworkInterfaceId"]


def test_the_name_of_a_public_address(furnished: Any) -> None:
    (interface,) = furnished.describe_network_interfaces()["NetworkInterfaces"]
    name = interface["Association"]["PublicDnsName"]
    assert interface["PublicIpDnsNameOptions"] == {
        "DnsHostnameType": "public-ipv4-dns-name",
        "PublicIpv4DnsName": name,
    }


def test_a_subnet_that_nothing_blocks(furnished: Any) -> None:
    for subnet in furnished.describe_subnets()["Subnets"]:
        assert subnet["BlockPublicAccessStates"] == {"InternetGatewayBlockMode": "off"}


def test_the_options_of_a_peering_connection(furnished: Any) -> None:
    """The asking side has them from the beginning, the other one once it has accepted."""
    ids = [furnished.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (1, 2)]
    asked = furnished.create_vpc_peering_connection(VpcId=ids[0], PeerVpcId=ids[1])["VpcPeeringConnection"]
    assert asked["RequesterVpcInfo"]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is False
    assert "PeeringOptions" not in asked["AccepterVpcInfo"]
    furnished.accept_vpc_peering_connection(VpcPeeringConnectionId=asked["VpcPeeringConnectionId"])
    (active,) = furnished.describe_vpc_peering_connections()["VpcPeeringConnections"]
    assert active["AccepterVpcInfo"]["PeeringOptions"] == asked["RequesterVpcInfo"]["PeeringOptions"]


def test_an_id_of_another_length_is_just_not_there(ec2: Any) -> None:
    for operation, ids, code in (
        ("describe_network_acls", {"NetworkAclIds": ["acl-000000000000"]}, "InvalidNetworkAclID.NotFound"),
        ("describe_vpcs", {"VpcIds": ["vpc-1"]}, "InvalidVpcID.NotFound"),
        ("describe_instances", {"InstanceIds": ["i-" + "0" * 40]}, "InvalidInstanceID.NotFound"),
        ("describe_subnets", {"SubnetIds": ["subnet-xyz"]}, "InvalidSubnetID.Malformed"),
    ):
        with refused(code):
            getattr(ec2, operation)(**ids)


@pytest.mark.parametrize(
    ("name", "kind", "modes"),
    [
        ("al2023-ami-2023*-x86_64", "m5.large", ("uefi-preferred", "uefi")),
        ("al2023-ami-2023*-x86_64", "t2.micro", ("uefi-preferred", "legacy-bios")),
        ("amzn2-ami-hvm-*-x86_64-gp2", "m5.large", (None, "legacy-bios")),
        ("amzn2-ami-hvm-*-arm64-gp2", "m6g.large", (None, "uefi")),
    ],
)
def test_how_an_instance_boots(ec2: Any, name: str, kind: str, modes: tuple[str | None, str]) -> None:
    (found,) = ec2.describe_images(Filters=[{"Name": "name", "Values": [name]}])["Images"]
    assert found.get("BootMode") == modes[0]
    ec2.run_instances(ImageId=found["ImageId"], InstanceType=kind, MinCount=1, MaxCount=1)
    (instance,) = instances(ec2)
    assert (instance.get("BootMode"), instance["CurrentInstanceBootMode"]) == modes
