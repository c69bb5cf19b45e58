import pytest

from refused import refused

OWNER = {"Key": "Owner", "Value": "TeamA"}
STACK = {"Key": "Stack", "Value": "test"}


@pytest.fixture
def vpc(ec2):
    return ec2.describe_vpcs()["Vpcs"][0]["VpcId"]


@pytest.fixture
def subnet(ec2):
    return ec2.describe_subnets()["Subnets"][0]["SubnetId"]


def tags(ec2, **filters):
    asked = [{"Name": name.replace("_", "-"), "Values": values} for name, values in filters.items()]
    found = ec2.describe_tags(Filters=asked)["Tags"]
    return {(t["ResourceId"], t["Key"], t["Value"]) for t in found}


def test_create_and_overwrite(ec2, vpc, subnet):
    ec2.create_tags(Resources=[vpc, subnet], Tags=[OWNER, STACK])
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Owner", "Value": "TeamB"}])
    assert tags(ec2) == {
        (vpc, "Owner", "TeamB"),
        (vpc, "Stack", "test"),
        (subnet, "Owner", "TeamA"),
        (subnet, "Stack", "test"),
    }
    shown = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["Tags"]
    assert sorted(shown, key=lambda t: t["Key"]) == [OWNER, STACK]


def test_every_kind(ec2, vpc, subnet):
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    rule = ec2.describe_security_group_rules()["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    kinds = {
        vpc: "vpc",
        subnet: "subnet",
        group: "security-group",
        rule: "security-group-rule",
        ec2.describe_internet_gateways()["InternetGateways"][0]["InternetGatewayId"]: "internet-gateway",
        ec2.describe_route_tables()["RouteTables"][0]["RouteTableId"]: "route-table",
        ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]: (
            "network-interface"
        ),
        ec2.allocate_address(Domain="vpc")["AllocationId"]: "elastic-ip",
        ec2.create_key_pair(KeyName="k", KeyType="ed25519")["KeyPairId"]: "key-pair",
    }
    ec2.create_tags(Resources=list(kinds), Tags=[OWNER])
    assert {t["ResourceId"]: t["ResourceType"] for t in ec2.describe_tags()["Tags"]} == kinds
    ec2.delete_tags(Resources=list(kinds), Tags=[{"Key": "Owner"}])
    assert tags(ec2) == set()


def test_delete_by_key_and_value(ec2, vpc):
    given = [OWNER, STACK, {"Key": "Empty", "Value": ""}]
    ec2.create_tags(Resources=[vpc], Tags=given)
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "Owner", "Value": "TeamB"}, {"Key": "Stack", "Value": ""}])
    assert len(tags(ec2)) == 3
    ec2.delete_tags(Resources=[vpc], Tags=[OWNER, {"Key": "Empty", "Value": ""}])
    assert tags(ec2) == {(vpc, "Stack", "test")}
    ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "Stack"}, {"Key": "Never"}])
    assert tags(ec2) == set()


def test_delete_all(ec2, vpc):
    ec2.create_tags(Resources=[vpc], Tags=[OWNER, STACK])
    ec2.delete_tags(Resources=[vpc])
    assert tags(ec2) == set()


def test_filters(ec2, vpc, subnet):
    ec2.create_tags(Resources=[vpc, subnet], Tags=[OWNER])
    ec2.create_tags(Resources=[vpc], Tags=[STACK])
    owner, stack = (vpc, "Owner", "TeamA"), (vpc, "Stack", "test")
    assert tags(ec2, resource_id=[vpc]) == {owner, stack}
    assert tags(ec2, resource_id=["vpc-*"]) == {owner, stack}
    assert tags(ec2, resource_id=[vpc, "vpc-00000000000000000"], key=["Owner"]) == {owner}
    assert tags(ec2, resource_type=["vpc"], value=["te?t"]) == {stack}
    assert tags(ec2, **{"tag:Stack": ["test", "prod"]}) == {stack}
    assert tags(ec2, **{"tag:Owner": ["team*"]}) == set()


def test_atomic(ec2, vpc):
    with refused("InvalidSubnetID.NotFound"):
        ec2.create_tags(Resources=[vpc, "subnet-00000000000000000"], Tags=[OWNER])
    assert tags(ec2) == set()


@pytest.mark.parametrize(
    ("id", "code"),
    [
        ("vpc-00000000000000000", "InvalidVpcID.NotFound"),
        ("i-00000000000000000", "InvalidInstanceID.NotFound"),
        ("sg-00000000000000000", "InvalidGroup.NotFound"),
        ("eipalloc-00000000000000000", "InvalidAllocationID.NotFound"),
        ("vpc-xyz", "InvalidID"),
        ("whatever-00000000000000000", "InvalidID"),
        ("eni-attach-00000000000000000", "InvalidID"),
        ("nonsense", "InvalidID"),
        ("", "InvalidID"),
        ("vol-00000000000000000", "InvalidVolume.NotFound"),
    ],
)
def test_ids_that_cannot_be_tagged(ec2, id, code):
    with refused(code):
        ec2.create_tags(Resources=[id], Tags=[OWNER])
    with refused(code):
        ec2.delete_tags(Resources=[id])


def test_reserved_and_long_keys(ec2, vpc):
    for key in ("aws:name", "AWS:name"):
        with refused("InvalidParameterValue"):
            ec2.create_tags(Resources=[vpc], Tags=[{"Key": key, "Value": ""}])
    with refused("InvalidParameterValue"):
        ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "aws:name"}])
    with refused("InvalidParameterValue"):
        ec2.create_tags(Resources=[vpc], Tags=[{"Key": "k" * 128, "Value": ""}])


def test_fifty_tags(ec2, vpc):
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": str(n), "Value": ""} for n in range(50)])
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "7", "Value": "again"}])
    with refused("TagLimitExceeded"):
        ec2.create_tags(Resources=[vpc], Tags=[OWNER])


def test_pages(ec2, vpc):
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": f"k{n} ö/", "Value": ""} for n in range(12)])
    pages = list(ec2.get_paginator("describe_tags").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["Tags"]) for page in pages] == [5, 5, 2]
    assert len({t["Key"] for page in pages for t in page["Tags"]}) == 12
    for size in (4, 1001):
        with refused("InvalidParameterValue", f"( {size} )"):
            ec2.describe_tags(MaxResults=size)
    with refused("InvalidNextToken"):
        ec2.describe_tags(MaxResults=5, NextToken="nonsense")


def test_other_accounts_resources_are_not_there(server, ec2, vpc):
    other = server.client()
    with refused("InvalidVpcID.NotFound", vpc):
        other.create_tags(Resources=[vpc], Tags=[OWNER])
    ec2.create_tags(Resources=[vpc], Tags=[OWNER])
    assert tags(other) == set()
