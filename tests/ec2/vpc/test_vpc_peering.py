import pytest

from elastinet.engine import Engine
from elastinet.store import MemoryJournal
from refused import refused

NONE = "pcx-00000000000000000"


def vpc(client, cidr):
    return client.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]


@pytest.fixture
def left(ec2):
    return vpc(ec2, "10.1.0.0/16")


@pytest.fixture
def right(ec2):
    return vpc(ec2, "10.2.0.0/16")


def ask(client, one, other, **more):
    made = client.create_vpc_peering_connection(VpcId=one, PeerVpcId=other, **more)
    return made["VpcPeeringConnection"]["VpcPeeringConnectionId"]


def shown(client, id):
    asked = client.describe_vpc_peering_connections(VpcPeeringConnectionIds=[id])
    (found,) = asked["VpcPeeringConnections"]
    return found


def status(client, id):
    return shown(client, id)["Status"]["Code"]


def account(client):
    return client.describe_vpcs()["Vpcs"][0]["OwnerId"]


def test_ask_and_accept(ec2, left, right):
    spec = [{"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = ec2.create_vpc_peering_connection(VpcId=left, PeerVpcId=right, TagSpecifications=spec)
    found, me = made["VpcPeeringConnection"], account(ec2)
    assert found["Status"] == {"Code": "initiating-request", "Message": f"Initiating Request to {me}"}
    id = found["VpcPeeringConnectionId"]
    found = shown(ec2, id)
    assert found["Status"] == {"Code": "pending-acceptance", "Message": f"Pending Acceptance by {me}"}
    assert (found["RequesterVpcInfo"]["CidrBlock"], found["Tags"]) == ("10.1.0.0/16", spec[0]["Tags"])
    assert "CidrBlock" not in found["AccepterVpcInfo"]
    assert "ExpirationTime" in found
    accepted = ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)["VpcPeeringConnection"]
    assert accepted["Status"]["Code"] == "provisioning"
    found = shown(ec2, id)
    assert found["Status"] == {"Code": "active", "Message": "Active"}
    assert found["AccepterVpcInfo"]["CidrBlockSet"] == [{"CidrBlock": "10.2.0.0/16"}]
    for name, value in (("status-code", "active"), ("accepter-vpc-info.vpc-id", right)):
        asked = [{"Name": name, "Values": [value]}]
        (one,) = ec2.describe_vpc_peering_connections(Filters=asked)["VpcPeeringConnections"]
        assert one == found
    ec2.get_waiter("vpc_peering_connection_exists").wait(VpcPeeringConnectionIds=[id])


def test_steps_that_cannot_be(ec2, left, right):
    id = ask(ec2, left, right)
    with refused("VpcPeeringConnectionAlreadyExists", left, right):
        ask(ec2, right, left)
    ec2.reject_vpc_peering_connection(VpcPeeringConnectionId=id)
    assert shown(ec2, id)["Status"]["Message"].startswith("Rejected by")
    with refused("InvalidStateTransition", f"Invalid state transition for {id}", "from rejected to active"):
        ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    with refused("InvalidStateTransition"):
        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=id)
    id = ask(ec2, left, right)
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    with refused("InvalidStateTransition"):
        ec2.reject_vpc_peering_connection(VpcPeeringConnectionId=id)
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=id)
    assert status(ec2, id) == "deleted"
    ec2.get_waiter("vpc_peering_connection_deleted").wait(VpcPeeringConnectionIds=[id])


def test_what_fails(ec2, left):
    same = vpc(ec2, "10.1.0.0/24")
    id = ask(ec2, left, same)
    assert shown(ec2, id)["Status"]["Message"].startswith("Failed due to incorrect VPC-ID")
    with refused("InvalidVpcID.NotFound"):
        ask(ec2, left, "vpc-00000000000000000")
    assert status(ec2, ask(ec2, left, "vpc-00000000000000000", PeerRegion="eu-west-1")) == "failed"
    with refused("InvalidParameterValue", "itself"):
        ask(ec2, left, left)
    with refused("InvalidParameterValue", "peerRegion"):
        ask(ec2, left, same, PeerRegion="mars-1")
    with refused("MissingParameter", "peerVpcId"):
        ec2.create_vpc_peering_connection(VpcId=left)
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        shown(ec2, NONE)
    with refused("InvalidVpcPeeringConnectionId.Malformed"):
        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId="x")


def test_across_regions(server):
    here = server.client()
    there = server.client(region="eu-west-1", account=account(here))
    id = ask(here, vpc(here, "10.1.0.0/16"), vpc(there, "10.2.0.0/16"), PeerRegion="eu-west-1")
    with refused("OperationNotPermitted", "Incorrect region (us-east-1)", "region eu-west-1"):
        here.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    there.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    assert status(here, id) == status(there, id) == "active"
    assert shown(here, id)["AccepterVpcInfo"]["Region"] == "eu-west-1"


def test_across_accounts(server):
    ours, theirs = server.client(), server.client()
    one, other = vpc(ours, "10.1.0.0/16"), vpc(theirs, "10.2.0.0/16")
    id = ask(ours, one, other, PeerOwnerId=account(theirs))
    with refused("OperationNotPermitted", "cannot accept"):
        ours.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    with refused("OperationNotPermitted", "cannot delete"):
        theirs.delete_vpc_peering_connection(VpcPeeringConnectionId=id)
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        shown(server.client(), id)
    ours.create_tags(Resources=[id], Tags=[{"Key": "whose", "Value": "ours"}])
    theirs.create_tags(Resources=[id], Tags=[{"Key": "whose", "Value": "theirs"}])
    theirs.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    for client, whose in ((ours, "ours"), (theirs, "theirs")):
        assert [t["Value"] for t in shown(client, id)["Tags"]] == [whose]
        assert [t["Value"] for t in client.describe_tags()["Tags"]] == [whose]
    theirs.delete_tags(Resources=[id])
    assert len(shown(ours, id)["Tags"]) == 1
    theirs.delete_vpc_peering_connection(VpcPeeringConnectionId=id)
    assert shown(ours, id)["Status"]["Message"] == f"Deleted by {account(theirs)}"


def test_time_ends_it():
    """What nobody accepts expires after seven days, and is forgotten two days later."""
    now = [1.8e9]
    engine = Engine(MemoryJournal(), clock=lambda: now[0])

    def call(action, **params):
        return engine.call("111111111111", "us-east-1", action, params)

    def codes():
        return [p["Status"]["Code"] for p in call("DescribeVpcPeeringConnections")["VpcPeeringConnections"]]

    one, other = (call("CreateVpc", CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (1, 2))
    call("CreateVpcPeeringConnection", VpcId=one, PeerVpcId=other)
    for days, expected in ((6, ["pending-acceptance"]), (2, ["expired"]), (1, ["expired"]), (2, [])):
        now[0] += days * 86_400
        engine.sweep()
        assert codes() == expected


def test_routes(ec2, left, right):
    id = ask(ec2, left, right)
    table = ec2.create_route_table(VpcId=left)["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "10.2.0.0/16", "VpcPeeringConnectionId": id}

    def state():
        asked = [{"Name": "route.vpc-peering-connection-id", "Values": [id]}]
        (found,) = ec2.describe_route_tables(Filters=asked)["RouteTables"]
        return found["Routes"][-1]["State"]

    ec2.create_route(**route)
    assert state() == "blackhole"
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    assert state() == "active"
    far = ec2.create_route_table(VpcId=vpc(ec2, "10.3.0.0/16"))["RouteTable"]["RouteTableId"]
    with refused("InvalidParameterValue", "belong to different networks"):
        ec2.create_route(**route | {"RouteTableId": far})
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=id)
    assert state() == "blackhole"
    with refused("InvalidVpcPeeringConnectionID.NotFound"):
        ec2.create_route(**route | {"DestinationCidrBlock": "10.2.1.0/24"})


def test_options(ec2, left, right):
    id = ask(ec2, left, right)
    no = {"AllowDnsResolutionFromRemoteVpc": False}
    given = {"VpcPeeringConnectionId": id, "RequesterPeeringConnectionOptions": no}
    with refused("InvalidStateTransition"):
        ec2.modify_vpc_peering_connection_options(**given)
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    answer = ec2.modify_vpc_peering_connection_options(**given)
    assert answer["RequesterPeeringConnectionOptions"]["AllowDnsResolutionFromRemoteVpc"] is False
    given["RequesterPeeringConnectionOptions"] = {"AllowDnsResolutionFromRemoteVpc": True}
    with refused("UnsupportedOperation", "AllowDnsResolutionFromRemoteVpc"):
        ec2.modify_vpc_peering_connection_options(**given)


def test_a_peered_vpc_is_not_deleted(ec2, left, right):
    id = ask(ec2, left, right)
    with refused("DependencyViolation"):
        ec2.delete_vpc(VpcId=right)
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=id)
    ec2.delete_vpc(VpcId=right)


def test_quotas(serve):
    ec2 = serve(quotas={"peerings_per_vpc": 1, "outstanding_peerings": 2}).client()
    hub, *others = (vpc(ec2, f"10.{n}.0.0/16") for n in range(1, 5))
    first, second = (ask(ec2, hub, other) for other in others[:2])
    with refused("OutstandingVpcPeeringConnectionLimitExceeded"):
        ask(ec2, hub, others[2])
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=first)
    with refused("ActiveVpcPeeringConnectionPerVpcLimitExceeded"):
        ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=second)
