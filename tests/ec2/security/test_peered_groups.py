import pytest

from refused import refused


def place(client, cidr):
    vpc = client.create_vpc(CidrBlock=cidr)["Vpc"]
    group = client.create_security_group(GroupName="g", Description="d", VpcId=vpc["VpcId"])["GroupId"]
    return vpc["VpcId"], group, vpc["OwnerId"]


@pytest.fixture
def other(server):
    return server.client()


@pytest.fixture
def peered(ec2, other):
    """Two VPCs of two accounts: their groups and their peering connection."""
    (ours, mine, _), (theirs, far, owner) = place(ec2, "10.1.0.0/16"), place(other, "10.2.0.0/16")
    made = ec2.create_vpc_peering_connection(VpcId=ours, PeerVpcId=theirs, PeerOwnerId=owner)
    id = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    other.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    return mine, far, id, {"GroupId": far, "UserId": owner}


def permission(pair):
    return [{"IpProtocol": "-1", "UserIdGroupPairs": [pair]}]


def shown(ec2, group):
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    (one,) = found["IpPermissions"]
    return one["UserIdGroupPairs"][0]


def test_a_rule_speaks_of_a_peers_group(ec2, other, peered):
    mine, far, peering, pair = peered
    made = ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=permission(pair))
    info = made["SecurityGroupRules"][0]["ReferencedGroupInfo"]
    assert info == shown(ec2, mine)
    assert (info["PeeringStatus"], info["VpcPeeringConnectionId"]) == ("active", peering)
    assert info["UserId"] == pair["UserId"]
    assert "VpcId" in info
    with refused("InvalidPermission.Duplicate"):
        ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=permission(pair))
    other.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    stale = shown(ec2, mine)
    assert stale["PeeringStatus"] == "deleted"
    ec2.revoke_security_group_ingress(
        GroupId=mine, IpPermissions=permission({name: stale[name] for name in ("GroupId", "UserId", "VpcId")})
    )
    with refused("InvalidGroup.NotFound", far):
        ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=permission(pair))


def test_its_owner_may_delete_it(ec2, other, peered):
    mine, far, _, pair = peered
    ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=permission(pair))
    other.delete_security_group(GroupId=far)
    assert shown(ec2, mine)["GroupId"] == far


def test_what_a_pair_says_must_be_so(ec2, peered):
    mine, far, _, _ = peered
    for wrong, code in (
        ({"UserId": "000000000000"}, "InvalidGroup.NotFound"),
        ({"VpcId": "vpc-00000000000000000"}, "InvalidGroup.NotFound"),
        ({"VpcPeeringConnectionId": "pcx-00000000000000000"}, "InvalidVpcPeeringConnectionID.NotFound"),
    ):
        with refused(code):
            pair = {"GroupId": far} | wrong
            ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=permission(pair))


def test_without_peering_there_is_no_reference(ec2):
    (_, mine, _), (_, far, _) = place(ec2, "10.1.0.0/16"), place(ec2, "10.2.0.0/16")
    with refused("InvalidGroup.NotFound", "different networks"):
        ec2.authorize_security_group_ingress(GroupId=mine, IpPermissions=permission({"GroupId": far}))
