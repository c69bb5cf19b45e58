"""Parameters that exclude each other, and states in which a thing cannot be done."""

from typing import Any

import pytest

from elastinet.engine import Engine
from elastinet.model.fault import Fault
from place import launch, make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def test_group_names_beside_a_subnet(ec2, place):
    named = {"SecurityGroups": ["default"]}
    with refused(
        "InvalidParameterCombination", "The parameter groupName cannot be used with the parameter subnet"
    ):
        launch(ec2, place, **named)
    asked = {"ImageId": place.image, "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
    ec2.run_instances(**asked, **named)  # in the default VPC


def test_addresses_to_what_is_gone(ec2, place):
    (gone,) = launch(ec2, place)
    ec2.terminate_instances(InstanceIds=[gone["InstanceId"]])
    address = ec2.allocate_address()["AllocationId"]
    sentence = f"The terminated instance '{gone['InstanceId']}' is not in a valid state for this operation."
    with refused("InvalidInstanceID", sentence):
        ec2.associate_address(AllocationId=address, InstanceId=gone["InstanceId"])


def test_addresses_to_what_is_coming(engine: Engine):
    """An engine that nobody reports to: its instances stay pending."""

    def call(action: str, **asked: Any) -> Any:
        return engine.call("123456789012", "us-east-1", action, asked)

    asked = {"Filters": [{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}]}
    image = call("DescribeImages", **asked)["Images"][0]["ImageId"]
    given = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    (instance,) = call("RunInstances", **given)["Instances"]
    address = call("AllocateAddress")["AllocationId"]
    id, (interface,) = instance["InstanceId"], instance["NetworkInterfaces"]
    with pytest.raises(Fault) as of_instance:
        call("AssociateAddress", AllocationId=address, InstanceId=id)
    sentence = f"The pending instance '{id}' is not in a valid state for this operation."
    assert (of_instance.value.code, of_instance.value.message) == ("InvalidInstanceID", sentence)
    with pytest.raises(Fault) as of_interface:
        call("AssociateAddress", AllocationId=address, NetworkInterfaceId=interface["NetworkInterfaceId"])
    assert of_interface.value.code == "IncorrectInstanceState"
    assert of_interface.value.message == (
        f"The pending-instance-creation instance to which '{interface['NetworkInterfaceId']}' is attached is "
        "not in a valid state for this operation"
    )


def test_both_ways_to_name_an_association(ec2):
    made = ec2.allocate_address()
    with refused("InvalidParameterCombination", "public IP or association id, but not both"):
        ec2.disassociate_address(PublicIp=made["PublicIp"], AssociationId="eipassoc-00000000000000000")


def test_a_cluster_in_another_zone(ec2, place):
    ec2.create_placement_group(GroupName="near", Strategy="cluster")
    launch(ec2, place, Placement={"GroupName": "near"})
    with refused("InvalidPlacementGroup.InUse", "'near' is in use in another availability zone: us-east-1a"):
        launch(ec2, place, SubnetId=place.other, Placement={"GroupName": "near"})


def test_prefixes_of_a_subnet_without_room(ec2, place):
    """EC2 tells a subnet that is too small from one whose free addresses are in pieces."""
    tiny = ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.9.0/28")["Subnet"]["SubnetId"]
    small = ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.10.0/26")["Subnet"]["SubnetId"]
    with refused("InvalidParameterValue", "There aren't sufficient free Ipv4 addresses or prefixes"):
        ec2.create_network_interface(SubnetId=tiny, Ipv4PrefixCount=1)
    for address in ("10.0.10.20", "10.0.10.40"):
        made = ec2.create_network_interface(SubnetId=small, PrivateIpAddress=address)["NetworkInterface"]
    for call in (
        lambda: ec2.create_network_interface(SubnetId=small, Ipv4PrefixCount=1, PrivateIpAddress="10.0.10.5"),
        lambda: ec2.assign_private_ip_addresses(
            NetworkInterfaceId=made["NetworkInterfaceId"], Ipv4PrefixCount=1
        ),
    ):
        with refused("InsufficientCidrBlocks", "does not have enough free cidr blocks"):
            call()
    with refused("InvalidParameterValue", "There aren't sufficient free Ipv4 addresses or prefixes"):
        ec2.create_network_interface(SubnetId=small, Ipv4PrefixCount=4)


@pytest.mark.parametrize(
    ("given", "shown"), [("10.1.2.3/8", "10.0.0.0/8"), ("2001:db8::1/64", "2001:db8::/64")]
)
def test_host_bits_of_rules(ec2, place, given, shown):
    """Both operations clear them, so that what is there already is found to be there."""
    member, ranges = ("CidrIpv6", "Ipv6Ranges") if ":" in given else ("CidrIpv4", "IpRanges")
    item = {"IpProtocol": "tcp", "FromPort": 7, "ToPort": 7}
    key = "CidrIpv6" if ":" in given else "CidrIp"
    made = ec2.authorize_security_group_ingress(
        GroupId=place.group, IpPermissions=[item | {ranges: [{key: given}]}]
    )
    (rule,) = made["SecurityGroupRules"]
    assert rule[member] == shown
    item |= {"FromPort": 8, "ToPort": 8}
    again = ec2.authorize_security_group_ingress(
        GroupId=place.group, IpPermissions=[item | {ranges: [{key: given}]}]
    )
    other = again["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    changed = {"IpProtocol": "tcp", "FromPort": 9, "ToPort": 9, member: given}
    rules = [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": changed}]
    ec2.modify_security_group_rules(GroupId=place.group, SecurityGroupRules=rules)
    found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    assert found["SecurityGroupRules"][0][member] == shown
    with refused("InvalidPermission.Duplicate", shown):
        ec2.modify_security_group_rules(
            GroupId=place.group,
            SecurityGroupRules=[{"SecurityGroupRuleId": other, "SecurityGroupRule": changed}],
        )
