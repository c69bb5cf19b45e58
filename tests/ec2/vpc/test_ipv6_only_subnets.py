"""Subnets of IPv6 only, and what is in them: no IPv4 anywhere, and EC2's refusals of it."""

import pytest

from blocks6 import numbered
from dual_stack import addresses6, describe, make_dual_stack_place
from place import interface, launch
from refused import refused


@pytest.fixture
def place(ec2):
    """A VPC whose second /64 is for a subnet of IPv6 only."""
    made = make_dual_stack_place(ec2)
    made.second = numbered(made.block, 1)
    asked = {"VpcId": made.vpc, "Ipv6CidrBlock": made.second, "Ipv6Native": True}
    made.shown = ec2.create_subnet(**asked, AvailabilityZone="us-east-1a")["Subnet"]
    made.subnet = made.shown["SubnetId"]
    return made


def modify(ec2, place, **what):
    ec2.modify_subnet_attribute(SubnetId=place.subnet, **what)


def test_a_subnet_of_ipv6_only(ec2, place):
    shown = describe(ec2, "subnets", place.subnet)
    assert shown == place.shown
    assert "CidrBlock" not in shown
    wanted = {"Ipv6Native": True, "AssignIpv6AddressOnCreation": True, "AvailableIpAddressCount": 0}
    assert wanted.items() <= shown.items()
    assert shown["PrivateDnsNameOptionsOnLaunch"]["HostnameType"] == "resource-name"
    own = {"Name": "vpc-id", "Values": [place.vpc]}
    found = ec2.describe_subnets(Filters=[own, {"Name": "ipv6-native", "Values": ["true"]}])["Subnets"]
    assert [s["SubnetId"] for s in found] == [place.subnet]
    other = ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.77.0/24")["Subnet"]
    assert other["Ipv6Native"] is False


def test_what_no_such_subnet_can_be(ec2, place):
    asked = {"VpcId": place.vpc, "Ipv6Native": True}
    with refused("MissingParameter", "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided."):
        ec2.create_subnet(**asked)
    with refused("InvalidParameterCombination", "you cannot set ipv6Native to true"):
        ec2.create_subnet(**asked, CidrBlock="10.0.78.0/24", Ipv6CidrBlock=numbered(place.second, 1))
    with refused("InvalidSubnet.Conflict"):
        ec2.create_subnet(**asked, Ipv6CidrBlock=place.second)
    for what in (
        {"MapPublicIpOnLaunch": {"Value": True}},
        {"EnableResourceNameDnsARecordOnLaunch": {"Value": True}},
        {"AssignIpv6AddressOnCreation": {"Value": False}},
        {"PrivateDnsHostnameTypeOnLaunch": "ip-name"},
    ):
        with refused("InvalidParameterValue", "IPv6-only"):
            modify(ec2, place, **what)
    modify(ec2, place, MapPublicIpOnLaunch={"Value": False})
    modify(ec2, place, EnableDns64={"Value": True})
    modify(ec2, place, EnableDns64={"Value": False})
    association = place.shown["Ipv6CidrBlockAssociationSet"][0]["AssociationId"]
    with refused("InvalidCidrBlock.InUse"):
        ec2.disassociate_subnet_cidr_block(AssociationId=association)
    with refused("InvalidParameterValue", "It is not within the subnet"):
        ec2.create_subnet_cidr_reservation(
            SubnetId=place.subnet, Cidr="10.0.1.0/28", ReservationType="prefix"
        )


def test_its_interfaces(ec2, place):
    made = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]
    id = made["NetworkInterfaceId"]
    shown = interface(ec2, id)
    assert len(addresses6(shown)) == 1
    assert (shown["Ipv6Native"], shown["PrivateIpAddresses"]) == (True, [])
    assert not {"PrivateIpAddress", "PrivateDnsName", "Association"} & shown.keys()
    for what in (
        {"PrivateIpAddress": "10.0.1.9"},
        {"SecondaryPrivateIpAddressCount": 1},
        {"Ipv4PrefixCount": 1},
    ):
        with refused("InvalidParameterValue", "IPv6-only"):
            ec2.create_network_interface(SubnetId=place.subnet, **what)
    with refused("InvalidParameterValue", "IPv6-only"):
        ec2.assign_private_ip_addresses(NetworkInterfaceId=id, SecondaryPrivateIpAddressCount=1)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    with refused("InvalidParameterValue", "IPv6-only"):
        ec2.associate_address(AllocationId=address, NetworkInterfaceId=id)
    more = ec2.assign_ipv6_addresses(NetworkInterfaceId=id, Ipv6AddressCount=1)["AssignedIpv6Addresses"]
    ec2.unassign_ipv6_addresses(NetworkInterfaceId=id, Ipv6Addresses=more)
    with refused("InvalidParameterValue", "keeps one IPv6 address"):
        ec2.unassign_ipv6_addresses(NetworkInterfaceId=id, Ipv6Addresses=addresses6(shown))
    ec2.assign_ipv6_addresses(NetworkInterfaceId=id, Ipv6PrefixCount=1)
    assert len(interface(ec2, id)["Ipv6Prefixes"]) == 1
    none = ec2.create_network_interface(SubnetId=place.subnet, Ipv6AddressCount=0)["NetworkInterface"]
    assert len(addresses6(none)) == 1


def test_its_instances(ec2, place):
    (one,) = launch(ec2, place)
    assert one["SubnetId"] == place.subnet
    assert not {"PrivateIpAddress", "PublicIpAddress"} & one.keys()
    assert one["PrivateDnsName"] == f"{one['InstanceId']}.ec2.internal"
    assert one["Ipv6Address"] == one["NetworkInterfaces"][0]["Ipv6Addresses"][0]["Ipv6Address"]
    assert one["NetworkInterfaces"][0]["PrivateIpAddresses"] == []
    assert one["PrivateDnsNameOptions"]["HostnameType"] == "resource-name"
    found = ec2.describe_instances(Filters=[{"Name": "ipv6-address", "Values": [one["Ipv6Address"]]}])
    assert [i["InstanceId"] for r in found["Reservations"] for i in r["Instances"]] == [one["InstanceId"]]
    ec2.stop_instances(InstanceIds=[one["InstanceId"]])
    ec2.start_instances(InstanceIds=[one["InstanceId"]])
    with refused("InvalidParameterValue", "IPv6-only"):
        ec2.modify_private_dns_name_options(InstanceId=one["InstanceId"], EnableResourceNameDnsARecord=True)
    ec2.terminate_instances(InstanceIds=[one["InstanceId"]])


def test_launches_that_cannot_be(ec2, place):
    before = len(ec2.describe_network_interfaces()["NetworkInterfaces"])
    with refused("InvalidParameterValue", "Address does not fall within the subnet's address range"):
        launch(ec2, place, PrivateIpAddress="10.0.1.9")
    first = {"DeviceIndex": 0, "SubnetId": place.subnet, "AssociatePublicIpAddress": True}
    with refused("InvalidParameterValue", "IPv6-only"):
        launch(ec2, place, NetworkInterfaces=[first])
    with refused("InvalidParameterValue", "IPv6-only"):
        launch(ec2, place, PrivateDnsNameOptions={"HostnameType": "ip-name"})
    for kind in ("t2.micro", "m4.large"):
        with refused("InvalidParameterCombination", "Nitro"):
            launch(ec2, place, InstanceType=kind)
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == before
    launch(ec2, place, count=3)


def test_an_interface_of_it_in_other_instances(ec2, place):
    eni = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    (made,) = launch(ec2, place, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": eni}])
    assert made["PrivateDnsNameOptions"]["HostnameType"] == "resource-name"
    asked = [{"Name": "vpc-id", "Values": [place.vpc]}, {"Name": "cidr-block", "Values": ["10.0.1.0/24"]}]
    (both,) = ec2.describe_subnets(Filters=asked)["Subnets"]
    (old,) = launch(ec2, place, InstanceType="t2.micro", SubnetId=both["SubnetId"])
    second = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    with refused("InvalidParameterCombination", "Nitro"):
        ec2.attach_network_interface(NetworkInterfaceId=second, InstanceId=old["InstanceId"], DeviceIndex=1)


def test_no_nat_gateway_in_it(ec2, place):
    made = ec2.create_nat_gateway(SubnetId=place.subnet, ConnectivityType="private")["NatGateway"]
    (shown,) = ec2.describe_nat_gateways(NatGatewayIds=[made["NatGatewayId"]])["NatGateways"]
    assert (shown["State"], shown["FailureCode"]) == ("failed", "InsufficientFreeAddressesInSubnet")
    ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
