"""The calls of `kops create cluster`, `update cluster` and `delete cluster`, as its source sends them."""

import base64
from typing import Any

import pytest

from refused import refused
from served import Served, new_account

CLUSTER = "k.example.com"
OWNED = f"kubernetes.io/cluster/{CLUSTER}"
TYPES = ("t3.medium", "c5.large")
NETWORK_LISTINGS = ("vpcs", "subnets", "internet_gateways", "route_tables", "dhcp_options", "nat_gateways")


@pytest.fixture
def account() -> str:
    return new_account()


@pytest.fixture
def ec2(server: Served, account: str) -> Any:
    return server.client("ec2", account=account)


def by(**wanted: str) -> list[dict[str, Any]]:
    """Filters; an underscore stands for a dash, two for a dot."""
    names = {name: name.replace("__", ".").replace("_", "-") for name in wanted}
    return [{"Name": names[name], "Values": [value]} for name, value in wanted.items()]


def tags(name: str) -> list[dict[str, str]]:
    pairs = {"Name": name, OWNED: "owned", "KubernetesCluster": CLUSTER}
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def specs(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": tags(name)}]


def of_cluster() -> tuple[list[dict[str, Any]], ...]:
    """How kops asks for what is a cluster's: by its old tag and by its new one."""
    old = [{"Name": "tag:KubernetesCluster", "Values": [CLUSTER]}]
    return old, [{"Name": f"tag:{OWNED}", "Values": ["owned", "shared"]}]


def test_kops_reads_before_it_makes_anything(server: Served, ec2: Any, account: str) -> None:
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert {"us-east-1a", "us-east-1f"} <= {
        zone["ZoneName"] for zone in zones if zone["State"] == "available"
    }
    images = [("099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*")]
    images.append(("amazon", "al2023-ami-2023*-kernel-6.1-x86_64"))
    for owner, name in images:
        (image,) = ec2.describe_images(Owners=[owner], Filters=by(name=name))["Images"]
        assert image["BlockDeviceMappings"][0]["DeviceName"] == image["RootDeviceName"]
    assert ec2.describe_images(Owners=["self"], Filters=by(name="nodes"))["Images"] == []
    parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    named = server.client("ssm", account=account).get_parameter(Name=parameter)["Parameter"]["Value"]
    assert len(ec2.describe_images(ImageIds=[named])["Images"]) == 1
    for kind in TYPES:
        (told,) = ec2.describe_instance_types(InstanceTypes=[kind])["InstanceTypes"]
        assert told["VCpuInfo"]["DefaultVCpus"] == 2
        assert told["NetworkInfo"]["MaximumNetworkInterfaces"] == 3
    assert ec2.describe_reserved_instances_offerings()["ReservedInstancesOfferings"] == []
    with refused("InvalidVpcID.NotFound"):
        ec2.describe_vpcs(VpcIds=["vpc-00000000000000000"])


def make_network(ec2: Any) -> dict[str, str]:
    vpc = ec2.create_vpc(
        CidrBlock="172.20.0.0/16", AmazonProvidedIpv6CidrBlock=True, TagSpecifications=specs("vpc", CLUSTER)
    )["Vpc"]["VpcId"]
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{name: {"Value": True}})
        answer = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name[0].lower() + name[1:])
        assert answer[name]["Value"] is True
    names = [
        {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]},
        {"Key": "domain-name", "Values": ["ec2.internal"]},
    ]
    made = ec2.create_dhcp_options(DhcpConfigurations=names, TagSpecifications=specs("dhcp-options", CLUSTER))
    ec2.associate_dhcp_options(DhcpOptionsId=made["DhcpOptions"]["DhcpOptionsId"], VpcId=vpc)
    gateway = ec2.create_internet_gateway(TagSpecifications=specs("internet-gateway", CLUSTER))
    gateway = gateway["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    made = ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]
    return {"vpc": vpc, "gateway": gateway, "egress": made["EgressOnlyInternetGatewayId"]}


def make_subnet(ec2: Any, vpc: str, gateway: str) -> str:
    (block,) = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"]
    subnet = ec2.create_subnet(
        VpcId=vpc, CidrBlock="172.20.0.0/19", Ipv6CidrBlock=block["Ipv6CidrBlock"].replace("/56", "/64"),
        AvailabilityZone="us-east-1a", TagSpecifications=specs("subnet", f"us-east-1a.{CLUSTER}"),
    )["Subnet"]["SubnetId"]  # fmt: skip
    for change in (
        {"AssignIpv6AddressOnCreation": {"Value": True}},
        {"EnableResourceNameDnsAAAARecordOnLaunch": {"Value": True}},
        {"EnableResourceNameDnsARecordOnLaunch": {"Value": True}},
        {"PrivateDnsHostnameTypeOnLaunch": "resource-name"},
    ):
        ec2.modify_subnet_attribute(SubnetId=subnet, **change)
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=specs("route-table", CLUSTER))
    table = table["RouteTable"]["RouteTableId"]
    for block in ({"DestinationCidrBlock": "0.0.0.0/0"}, {"DestinationIpv6CidrBlock": "::/0"}):
        ec2.create_route(RouteTableId=table, GatewayId=gateway, **block)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    (found,) = ec2.describe_route_tables(Filters=by(association__subnet_id=subnet))["RouteTables"]
    assert found["RouteTableId"] == table
    return str(subnet)


def etcd_volume(ec2: Any) -> str:
    """The volume that kops keeps etcd's data on: found by its tags, made, and changed when it is to be."""
    name = f"a.etcd-main.{CLUSTER}"
    assert ec2.describe_volumes(Filters=[{"Name": "tag:Name", "Values": [name]}])["Volumes"] == []
    figures = {"Size": 20, "VolumeType": "gp3", "Iops": 3000, "Throughput": 125}
    made = ec2.create_volume(
        AvailabilityZone="us-east-1a",
        Encrypted=True,
        TagSpecifications=specs("volume", name),
        **figures,
    )["VolumeId"]
    ec2.create_tags(Resources=[made], Tags=tags(name))
    (found,) = ec2.describe_volumes(Filters=[{"Name": "tag:Name", "Values": [name]}])["Volumes"]
    assert {key: found[key] for key in figures} == figures
    assert found["KmsKeyId"].startswith("arn:aws:kms:")
    ec2.modify_volume(VolumeId=made, VolumeType="gp3", Iops=4000, Throughput=125, Size=25)
    return str(made)


def launch_template(ec2: Any, group: str) -> str:
    (image,) = ec2.describe_images(Owners=["amazon"], Filters=by(name="amzn2-ami-hvm-*-x86_64-gp2"))["Images"]
    volume = {"VolumeSize": 64, "VolumeType": "gp3", "Iops": 3000, "Throughput": 125, "Encrypted": True}
    interface = {"AssociatePublicIpAddress": True, "DeleteOnTermination": True, "DeviceIndex": 0}
    data = {
        "DisableApiTermination": False,
        "EbsOptimized": False,
        "ImageId": image["ImageId"],
        "InstanceType": TYPES[0],
        "MetadataOptions": {"HttpPutResponseHopLimit": 3, "HttpTokens": "required", "HttpProtocolIpv6": "enabled"},
        "NetworkInterfaces": [interface | {"Ipv6AddressCount": 1, "Groups": [group]}],
        "BlockDeviceMappings": [
            {"DeviceName": image["RootDeviceName"], "Ebs": volume | {"DeleteOnTermination": True}}
        ],
        "Monitoring": {"Enabled": False},
        "CreditSpecification": {"CpuCredits": "standard"},
        "UserData": base64.b64encode(b"#!/bin/bash\n").decode(),
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": tags("nodes")}
            for kind in ("instance", "volume", "network-interface")
        ],
    }  # fmt: skip
    asked = {"LaunchTemplateName": f"nodes.{CLUSTER}", "LaunchTemplateData": data}
    made = ec2.create_launch_template(**asked, TagSpecifications=specs("launch-template", "nodes"))
    version = ec2.create_launch_template_version(**asked)["LaunchTemplateVersion"]
    id = made["LaunchTemplate"]["LaunchTemplateId"]
    ec2.modify_launch_template(LaunchTemplateId=id, DefaultVersion=str(version["VersionNumber"]))
    return str(id)


def scaled_out(ec2: Any, template: str, subnet: str) -> str:
    """A node, as an Auto Scaling group launches it from the template."""
    named = {"LaunchTemplateId": template, "Version": "$Default"}
    configs = [{"LaunchTemplateSpecification": named, "Overrides": [{"SubnetId": subnet}]}]
    target = {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"}
    made = ec2.create_fleet(Type="instant", LaunchTemplateConfigs=configs, TargetCapacitySpecification=target)
    (id,) = made["Instances"][0]["InstanceIds"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[id], WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    return str(id)


def test_kops_makes_a_cluster_and_takes_it_away(ec2: Any) -> None:
    ids = make_network(ec2)
    vpc = ids["vpc"]
    (found,) = ec2.describe_egress_only_internet_gateways(Filters=by(attachment__vpc_id=vpc))[
        "EgressOnlyInternetGateways"
    ]
    assert found["EgressOnlyInternetGatewayId"] == ids["egress"]
    subnet = make_subnet(ec2, vpc, ids["gateway"])
    group = ec2.create_security_group(
        VpcId=vpc,
        GroupName=f"nodes.{CLUSTER}",
        Description="nodes",
        TagSpecifications=specs("security-group", "n"),
    )["GroupId"]
    named = by(vpc_id=vpc, group_name=f"nodes.{CLUSTER}")
    (found,) = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    rules = ec2.describe_security_group_rules(Filters=by(group_id=found["GroupId"]))["SecurityGroupRules"]
    assert [rule["IsEgress"] for rule in rules] == [True, True]  # of both families
    volume, template = etcd_volume(ec2), launch_template(ec2, group)
    instance = scaled_out(ec2, template, subnet)
    ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/xvdu")  # so the node itself does
    for filters in of_cluster():
        (found,) = ec2.describe_instances(Filters=filters)["Reservations"]
        assert found["Instances"][0]["InstanceId"] == instance
        assert len(ec2.describe_volumes(Filters=filters)["Volumes"]) == 2
        for listing in NETWORK_LISTINGS:
            getattr(ec2, f"describe_{listing}")(Filters=filters)
    idle = ec2.describe_network_interfaces(Filters=by(vpc_id=vpc, status="available"))
    balancers = ec2.describe_network_interfaces(
        Filters=by(vpc_id=vpc, interface_type="network_load_balancer")
    )
    assert idle["NetworkInterfaces"] == balancers["NetworkInterfaces"] == []
    assert ec2.describe_tags(Filters=by(key="AssociatedNatgateway", resource_id=subnet))["Tags"] == []
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.delete_volume(VolumeId=volume)
    ec2.delete_launch_template(LaunchTemplateId=template)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=ids["egress"])
    ec2.delete_subnet(SubnetId=subnet)
    assert ec2.describe_volumes()["Volumes"] == []
