import pytest

from refused import refused


def shown(ec2, subnet):
    return ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]


def test_create(ec2, vpc):
    tags = [{"Key": "Name", "Value": "front"}]
    spec = [{"ResourceType": "subnet", "Tags": tags}]
    made = ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1b", TagSpecifications=spec
    )["Subnet"]
    assert made == shown(ec2, made["SubnetId"])
    id, owner = made["SubnetId"], made["OwnerId"]
    expected = {
        "SubnetArn": f"arn:aws:ec2:us-east-1:{owner}:subnet/{id}",
        "State": "available",
        "VpcId": vpc,
        "CidrBlock": "10.0.1.0/24",
        "AvailableIpAddressCount": 251,
        "AvailabilityZone": "us-east-1b",
        "AvailabilityZoneId": "use1-az4",
        "DefaultForAz": False,
        "MapPublicIpOnLaunch": False,
        "Tags": tags,
    }
    assert expected.items() <= made.items()


def test_zones(ec2, vpc):
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZoneId="use1-az6")
    assert made["Subnet"]["AvailabilityZone"] == "us-east-1c"
    with refused("InvalidParameterValue", "us-east-1a, us-east-1b"):
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="eu-west-1a")


@pytest.mark.parametrize(
    ("cidr", "code"),
    [
        ("10.1.0.0/24", "InvalidSubnet.Range"),
        ("10.0.0.0/15", "InvalidSubnet.Range"),
        ("10.0.1.0/29", "InvalidSubnet.Range"),
        ("10.0.0.0/24", "InvalidSubnet.Conflict"),
        ("10.0.0.0/16", "InvalidSubnet.Conflict"),
        ("10.0.0.128/25", "InvalidSubnet.Conflict"),
        ("10.0.1.0/255.255.255.0", "InvalidParameterValue"),
        ("here", "InvalidParameterValue"),
    ],
)
def test_blocks_that_no_subnet_can_have(ec2, vpc, subnet, cidr, code):
    with refused(code):
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)


def test_the_whole_vpc_and_the_smallest(ec2, vpc):
    whole = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/16")["Subnet"]
    assert whole["AvailableIpAddressCount"] == 65531
    ec2.delete_subnet(SubnetId=whole["SubnetId"])
    small = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/28")["Subnet"]
    assert small["AvailableIpAddressCount"] == 11


def test_what_create_refuses(ec2, vpc):
    with refused("MissingParameter", "cidrBlock"):
        ec2.create_subnet(VpcId=vpc)
    with refused("InvalidVpcID.NotFound"):
        ec2.create_subnet(VpcId="vpc-00000000000000000", CidrBlock="10.0.0.0/24")
    with refused("InvalidSubnet.Range"):
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", Ipv6CidrBlock="fd00::/64")
    assert ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"] == []


def test_addresses_in_use_are_not_available(ec2, subnet):
    interface = ec2.create_network_interface(SubnetId=subnet, SecondaryPrivateIpAddressCount=2)
    assert shown(ec2, subnet)["AvailableIpAddressCount"] == 248
    id = interface["NetworkInterface"]["NetworkInterfaceId"]
    with refused("DependencyViolation", f"The subnet '{subnet}' has dependencies and cannot be deleted."):
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_network_interface(NetworkInterfaceId=id)
    assert shown(ec2, subnet)["AvailableIpAddressCount"] == 251


def test_attributes(ec2, subnet):
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    ec2.modify_subnet_attribute(SubnetId=subnet, PrivateDnsHostnameTypeOnLaunch="resource-name")
    ec2.modify_subnet_attribute(SubnetId=subnet, EnableResourceNameDnsARecordOnLaunch={"Value": True})
    found = shown(ec2, subnet)
    assert found["MapPublicIpOnLaunch"]
    assert found["PrivateDnsNameOptionsOnLaunch"] == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": True,
        "EnableResourceNameDnsAAAARecord": False,
    }
    with refused("InvalidParameterCombination"):
        ec2.modify_subnet_attribute(
            SubnetId=subnet,
            MapPublicIpOnLaunch={"Value": False},
            PrivateDnsHostnameTypeOnLaunch="ip-name",
        )
    with refused("MissingParameter"):
        ec2.modify_subnet_attribute(SubnetId=subnet)
    with refused("InvalidParameterValue", "enable-dns64"):
        ec2.modify_subnet_attribute(SubnetId=subnet, EnableDns64={"Value": True})
    assert shown(ec2, subnet)["MapPublicIpOnLaunch"]


def test_delete_ends_the_association_with_a_route_table(ec2, vpc, subnet):
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    ec2.delete_subnet(SubnetId=subnet)
    with refused("InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist"):
        ec2.describe_subnets(SubnetIds=[subnet])
    assert ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Associations"] == []
    ec2.delete_route_table(RouteTableId=table)


def test_a_default_subnet_comes_back(ec2):
    asked = [{"Name": "availability-zone", "Values": ["us-east-1c"]}]
    with refused("DefaultSubnetAlreadyExistsInAvailabilityZone"):
        ec2.create_default_subnet(AvailabilityZone="us-east-1c")
    (old,) = ec2.describe_subnets(Filters=asked)["Subnets"]
    ec2.delete_subnet(SubnetId=old["SubnetId"])
    new = ec2.create_default_subnet(AvailabilityZone="us-east-1c")["Subnet"]
    assert (new["CidrBlock"], new["DefaultForAz"]) == (old["CidrBlock"], True)


def test_waiters_and_pages(ec2, subnet):
    ec2.get_waiter("subnet_available").wait(SubnetIds=[subnet])
    pages = list(ec2.get_paginator("describe_subnets").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["Subnets"]) for page in pages] == [5, 2]
