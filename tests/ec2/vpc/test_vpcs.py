import pytest

from refused import refused


def ours(vpc):
    return [{"Name": "vpc-id", "Values": [vpc]}]


def test_the_default_vpc(ec2):
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    assert (vpc["CidrBlock"], vpc["IsDefault"], vpc["State"]) == ("172.31.0.0/16", True, "available")
    subnets = ec2.describe_subnets()["Subnets"]
    assert len(subnets) == 6
    assert all(s["DefaultForAz"] and s["MapPublicIpOnLaunch"] for s in subnets)
    assert all(s["CidrBlock"].endswith("/20") for s in subnets)
    assert all(s["AvailableIpAddressCount"] == 4091 for s in subnets)
    (gateway,) = ec2.describe_internet_gateways()["InternetGateways"]
    (table,) = ec2.describe_route_tables()["RouteTables"]
    routes = {r["DestinationCidrBlock"]: r["GatewayId"] for r in table["Routes"]}
    assert routes == {"172.31.0.0/16": "local", "0.0.0.0/0": gateway["InternetGatewayId"]}
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=attribute)
        assert answer[attribute[0].upper() + attribute[1:]] == {"Value": True}


def test_create(ec2):
    tags = [{"Key": "Name", "Value": "net"}]
    spec = [{"ResourceType": "vpc", "Tags": tags}]
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=spec)["Vpc"]
    assert made["State"] == "pending"
    (vpc,) = ec2.describe_vpcs(VpcIds=[made["VpcId"]])["Vpcs"]
    assert vpc == made | {"State": "available"}
    assert (vpc["IsDefault"], vpc["InstanceTenancy"], vpc["Tags"]) == (False, "default", tags)
    (block,) = vpc["CidrBlockAssociationSet"]
    assert (block["CidrBlock"], block["CidrBlockState"]["State"]) == ("10.0.0.0/16", "associated")


def test_what_comes_with_a_vpc(ec2, vpc):
    (table,) = ec2.describe_route_tables(Filters=ours(vpc))["RouteTables"]
    assert [a["Main"] for a in table["Associations"]] == [True]
    (group,) = ec2.describe_security_groups(Filters=ours(vpc))["SecurityGroups"]
    assert group["GroupName"] == "default"
    (ingress,), (egress,) = group["IpPermissions"], group["IpPermissionsEgress"]
    assert [pair["GroupId"] for pair in ingress["UserIdGroupPairs"]] == [group["GroupId"]]
    assert [block["CidrIp"] for block in egress["IpRanges"]] == ["0.0.0.0/0"]
    assert ec2.describe_subnets(Filters=ours(vpc))["Subnets"] == []


def test_host_bits_are_cleared(ec2):
    assert ec2.create_vpc(CidrBlock="100.68.0.18/18")["Vpc"]["CidrBlock"] == "100.68.0.0/18"


@pytest.mark.parametrize(
    ("cidr", "code"),
    [
        ("10.0.0.0/15", "InvalidVpc.Range"),
        ("10.0.0.0/29", "InvalidVpc.Range"),
        ("10.0.0.0", "InvalidParameterValue"),
        ("169.254.0.0/16", "InvalidVpc.Range"),
        ("127.0.0.0/16", "InvalidVpc.Range"),
        ("224.0.0.0/16", "InvalidVpc.Range"),
        ("0.0.0.0/16", "InvalidVpc.Range"),
        ("10.0.0.0/33", "InvalidParameterValue"),
        ("10.0.0/16", "InvalidParameterValue"),
        ("10.0.0.0/255.255.0.0", "InvalidParameterValue"),
        ("fd00::/16", "InvalidParameterValue"),
        ("", "InvalidParameterValue"),
    ],
)
def test_blocks_that_no_vpc_can_have(ec2, cidr, code):
    with refused(code):
        ec2.create_vpc(CidrBlock=cidr)


def test_what_create_refuses(ec2):
    with refused("MissingParameter", "cidrBlock"):
        ec2.create_vpc()
    with refused("UnsupportedOperation", "Ipv4IpamPoolId"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16", Ipv4IpamPoolId="ipam-pool-1")
    with refused("InvalidParameterValue"):
        spec = [{"ResourceType": "subnet", "Tags": [{"Key": "a", "Value": "b"}]}]
        ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=spec)
    with refused("DryRunOperation"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)
    assert len(ec2.describe_vpcs()["Vpcs"]) == 1


def test_five_vpcs(ec2):
    for _ in range(4):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    with refused("VpcLimitExceeded", "The maximum number of VPCs has been reached."):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")


def test_filters(ec2, vpc):
    for name, value in (
        ("cidr", "10.0.0.0/16"),
        ("cidr-block-association.cidr-block", "10.*"),
        ("is-default", "false"),
        ("isDefault", "false"),
        ("vpc-id", vpc),
    ):
        found = ec2.describe_vpcs(Filters=[{"Name": name, "Values": [value]}])["Vpcs"]
        assert [v["VpcId"] for v in found] == [vpc], name


def test_unknown_ids(ec2, vpc):
    with refused("InvalidVpcID.NotFound", "The vpc ID 'vpc-00000000000000000' does not exist"):
        ec2.describe_vpcs(VpcIds=[vpc, "vpc-00000000000000000"])
    with refused("InvalidVpcID.Malformed"):
        ec2.describe_vpcs(VpcIds=["net"])
    with refused("InvalidVpcID.NotFound"):
        ec2.delete_vpc(VpcId="vpc-00000000000000000")


def test_delete(ec2, vpc):
    ec2.delete_vpc(VpcId=vpc)
    with refused("InvalidVpcID.NotFound"):
        ec2.describe_vpcs(VpcIds=[vpc])
    for describe in (ec2.describe_route_tables, ec2.describe_security_groups, ec2.describe_subnets):
        (nouns,) = (v for k, v in describe(Filters=ours(vpc)).items() if k != "ResponseMetadata")
        assert nouns == []


def test_delete_refuses_while_something_is_left(ec2, vpc):
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]

    def subnet():
        made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        return lambda: ec2.delete_subnet(SubnetId=made)

    def table():
        made = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        return lambda: ec2.delete_route_table(RouteTableId=made)

    def group():
        made = ec2.create_security_group(VpcId=vpc, GroupName="g", Description="-")["GroupId"]
        return lambda: ec2.delete_security_group(GroupId=made)

    def attachment():
        ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
        return lambda: ec2.detach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)

    for make in (subnet, table, group, attachment):
        unmake = make()
        with refused("DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted."):
            ec2.delete_vpc(VpcId=vpc)
        unmake()
    ec2.delete_vpc(VpcId=vpc)


def test_attributes(ec2, vpc):
    def value(attribute):
        answer = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
        return answer[attribute[0].upper() + attribute[1:]]["Value"]

    assert (value("enableDnsSupport"), value("enableDnsHostnames")) == (True, False)
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    assert (value("enableDnsSupport"), value("enableDnsHostnames")) == (False, True)
    assert value("enableNetworkAddressUsageMetrics") is False
    with refused("InvalidParameterCombination"):
        ec2.modify_vpc_attribute(
            VpcId=vpc, EnableDnsHostnames={"Value": True}, EnableDnsSupport={"Value": True}
        )
    with refused("UnsupportedOperation", "EnableNetworkAddressUsageMetrics"):
        ec2.modify_vpc_attribute(VpcId=vpc, EnableNetworkAddressUsageMetrics={"Value": True})


def test_a_new_default_vpc(ec2):
    with refused("DefaultVpcAlreadyExists"):
        ec2.create_default_vpc()
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    (gateway,) = ec2.describe_internet_gateways()["InternetGateways"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.detach_internet_gateway(VpcId=vpc["VpcId"], InternetGatewayId=gateway["InternetGatewayId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    made = ec2.create_default_vpc()["Vpc"]
    assert made["IsDefault"]
    assert made["VpcId"] != vpc["VpcId"]
    assert len(ec2.describe_subnets()["Subnets"]) == 6


def test_accounts_and_regions_are_apart(server, ec2, vpc):
    owner = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["OwnerId"]
    for other in (server.client(), server.client(region="eu-west-1", account=owner)):
        (default,) = other.describe_vpcs()["Vpcs"]
        assert default["IsDefault"]
        with refused("InvalidVpcID.NotFound"):
            other.delete_vpc(VpcId=vpc)
