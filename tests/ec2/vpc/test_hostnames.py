import pytest

from place import instances, launch, make_place
from refused import refused


@pytest.fixture
def instance(ec2):
    return launch(ec2, make_place(ec2))[0]["InstanceId"]


def test_what_the_resolver_says_changes_at_once(ec2, instance):
    ec2.modify_private_dns_name_options(
        InstanceId=instance, PrivateDnsHostnameType="ip-name", EnableResourceNameDnsARecord=True
    )
    told = instances(ec2, instance)[0]["PrivateDnsNameOptions"]
    assert (told["HostnameType"], told["EnableResourceNameDnsARecord"]) == ("ip-name", True)


def test_the_name_changes_while_stopped(ec2, instance):
    by_id = {"InstanceId": instance, "PrivateDnsHostnameType": "resource-name"}
    with refused("IncorrectInstanceState", instance):
        ec2.modify_private_dns_name_options(**by_id)
    ec2.stop_instances(InstanceIds=[instance])
    ec2.modify_private_dns_name_options(**by_id)
    assert instances(ec2, instance)[0]["PrivateDnsName"] == f"{instance}.ec2.internal"
    with refused("InvalidInstanceID.NotFound"):
        ec2.modify_private_dns_name_options(InstanceId="i-00000000000000000")


def test_reset_the_source_destination_check(ec2, instance):
    ec2.modify_instance_attribute(InstanceId=instance, SourceDestCheck={"Value": False})
    with refused("UnsupportedOperation", "kernel"):
        ec2.reset_instance_attribute(InstanceId=instance, Attribute="kernel")
    with refused("InvalidParameterValue"):
        ec2.reset_instance_attribute(InstanceId=instance, Attribute="userData")
    assert instances(ec2, instance)[0]["SourceDestCheck"] is False
    ec2.reset_instance_attribute(InstanceId=instance, Attribute="sourceDestCheck")
    assert instances(ec2, instance)[0]["SourceDestCheck"] is True


def test_tenancy(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", InstanceTenancy="dedicated")["Vpc"]["VpcId"]
    with refused("InvalidParameterValue", "instanceTenancy"):
        ec2.modify_vpc_tenancy(VpcId=vpc, InstanceTenancy="dedicated")
    ec2.modify_vpc_tenancy(VpcId=vpc, InstanceTenancy="default")
    (shown,) = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert shown["InstanceTenancy"] == "default"
    with refused("InvalidVpcID.NotFound"):
        ec2.modify_vpc_tenancy(VpcId="vpc-00000000000000000", InstanceTenancy="default")
