import pytest

from refused import refused


def place(client, cidr):
    vpc = client.create_vpc(CidrBlock=cidr)["Vpc"]
    group = client.create_security_group(GroupName="g", Description="d", VpcId=vpc["VpcId"])["GroupId"]
    return vpc["VpcId"], group


@pytest.fixture
def peered(ec2):
    """Two peered VPCs, the first with a rule each way about the second's group."""
    (near, mine), (far, theirs) = place(ec2, "10.1.0.0/16"), place(ec2, "10.2.0.0/16")
    made = ec2.create_vpc_peering_connection(VpcId=near, PeerVpcId=far)["VpcPeeringConnection"]
    id = made["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": theirs}]}
    ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=[rule])
    ec2.authorize_security_group_egress(GroupId=mine, IpPermissions=[rule])
    ec2.authorize_security_group_ingress(
        GroupId=theirs, IpPermissions=[rule | {"UserIdGroupPairs": [{"GroupId": theirs}]}]
    )
    return near, mine, far, theirs, id


def references(ec2, *groups):
    return ec2.describe_security_group_references(GroupId=list(groups))["SecurityGroupReferenceSet"]


def stale(ec2, vpc):
    return ec2.describe_stale_security_groups(VpcId=vpc)["StaleSecurityGroupSet"]


def test_references(ec2, peered):
    near, mine, _, theirs, id = peered
    assert references(ec2, mine, theirs) == [
        {"GroupId": theirs, "ReferencingVpcId": near, "VpcPeeringConnectionId": id}
    ]
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=id)
    assert references(ec2, theirs) == []
    with refused("InvalidGroup.NotFound"):
        references(ec2, "sg-00000000000000000")


def test_rules_are_stale_when_the_peering_ends(ec2, peered):
    near, mine, far, theirs, id = peered
    assert stale(ec2, near) == []
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=id)
    (found,) = stale(ec2, near)
    assert (found["GroupId"], found["GroupName"], found["VpcId"]) == (mine, "g", near)
    (rule,), (out,) = found["StaleIpPermissions"], found["StaleIpPermissionsEgress"]
    assert rule == out
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 22, 22)
    (pair,) = rule["UserIdGroupPairs"]
    assert (pair["GroupId"], pair["VpcId"], pair["PeeringStatus"]) == (theirs, far, "deleted")
    assert stale(ec2, far) == []


def test_rules_are_stale_when_the_group_is_gone(ec2, peered):
    near, mine, _, theirs, _ = peered
    ec2.delete_security_group(GroupId=theirs)
    (found,) = stale(ec2, near)
    assert found["GroupId"] == mine
    assert found["StaleIpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == theirs
    with refused("InvalidVpcID.NotFound"):
        stale(ec2, "vpc-00000000000000000")


def test_groups_for_a_vpc(ec2, peered):
    near, mine, *_ = peered

    def there(**asked):
        return ec2.get_security_groups_for_vpc(VpcId=near, **asked)["SecurityGroupForVpcs"]

    assert {group["GroupName"] for group in there()} == {"default", "g"}
    (found,) = there(Filters=[{"Name": "group-name", "Values": ["g"]}])
    assert (found["GroupId"], found["PrimaryVpcId"]) == (mine, near)
    assert there(Filters=[{"Name": "primary-vpc-id", "Values": ["vpc-00000000000000000"]}]) == []
    with refused("InvalidVpcID.NotFound"):
        ec2.get_security_groups_for_vpc(VpcId="vpc-00000000000000000")
