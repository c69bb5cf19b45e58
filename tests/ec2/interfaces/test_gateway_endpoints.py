import json

import pytest

from place import launch, make_place
from refused import refused

S3, DYNAMODB = "com.amazonaws.us-east-1.s3", "com.amazonaws.us-east-1.dynamodb"
POLICY = json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]})


@pytest.fixture
def place(ec2):
    return make_place(ec2)


@pytest.fixture
def tables(ec2, place):
    return [ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]


def create(ec2, place, *tables, service=S3, **more):
    made = ec2.create_vpc_endpoint(VpcId=place.vpc, ServiceName=service, RouteTableIds=list(tables), **more)
    return made["VpcEndpoint"]


def shown(ec2, id):
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"]
    return found


def routes(ec2, table):
    (found,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return [r for r in found["Routes"] if r.get("GatewayId", "").startswith("vpce-")]


def list_of(ec2, service):
    named = [{"Name": "prefix-list-name", "Values": [service]}]
    (found,) = ec2.describe_prefix_lists(Filters=named)["PrefixLists"]
    return found["PrefixListId"]


def test_the_life_of_an_endpoint(ec2, place, tables):
    one, other = tables
    made = create(ec2, place, one)
    id = made["VpcEndpointId"]
    assert (made["VpcEndpointType"], made["State"], made["VpcId"]) == ("Gateway", "available", place.vpc)
    assert json.loads(made["PolicyDocument"])["Statement"][0]["Effect"] == "Allow"
    assert shown(ec2, id) == made
    (route,) = routes(ec2, one)
    assert route == {
        "DestinationPrefixListId": list_of(ec2, S3),
        "GatewayId": id,
        "Origin": "CreateRoute",
        "State": "active",
    }
    ec2.modify_vpc_endpoint(
        VpcEndpointId=id, RemoveRouteTableIds=[one], AddRouteTableIds=[other], PolicyDocument=POLICY
    )
    assert (shown(ec2, id)["RouteTableIds"], shown(ec2, id)["PolicyDocument"]) == ([other], POLICY)
    assert (routes(ec2, one), len(routes(ec2, other))) == ([], 1)
    ec2.modify_vpc_endpoint(VpcEndpointId=id, ResetPolicy=True)
    assert shown(ec2, id)["PolicyDocument"] == made["PolicyDocument"]
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[id])["Unsuccessful"] == []
    assert routes(ec2, other) == []
    (failed,) = ec2.delete_vpc_endpoints(VpcEndpointIds=[id])["Unsuccessful"]
    assert (failed["ResourceId"], failed["Error"]["Code"]) == (id, "InvalidVpcEndpoint.NotFound")


def test_a_token_makes_one(ec2, place):
    first, second = (create(ec2, place, ClientToken="once") for _ in range(2))
    assert first["VpcEndpointId"] == second["VpcEndpointId"]


def test_filters(ec2, place):
    spec = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Name", "Value": "s3"}]}]
    id = create(ec2, place, TagSpecifications=spec)["VpcEndpointId"]
    create(ec2, place, service=DYNAMODB)
    for name, value in {
        "service-name": S3, "tag:Name": "s3", "vpc-endpoint-id": id,
    }.items():  # fmt: skip
        found = ec2.describe_vpc_endpoints(Filters=[{"Name": name, "Values": [value]}])["VpcEndpoints"]
        assert [e["VpcEndpointId"] for e in found] == [id]
    everything = {"vpc-id": place.vpc, "vpc-endpoint-type": "Gateway", "vpc-endpoint-state": "available"}
    for name, value in everything.items():
        found = ec2.describe_vpc_endpoints(Filters=[{"Name": name, "Values": [value]}])["VpcEndpoints"]
        assert len(found) == 2
    ec2.create_tags(Resources=[id], Tags=[{"Key": "kind", "Value": "test"}])
    assert {"Key": "kind", "Value": "test"} in shown(ec2, id)["Tags"]


def test_an_endpoint_that_cannot_be(ec2, place, tables):
    for kind in ("GatewayLoadBalancer", "Resource"):
        with refused("UnsupportedOperation", kind):
            create(ec2, place, VpcEndpointType=kind)
    with refused("InvalidServiceName", "The Vpc Endpoint Service 'com.example.x' does not exist"):
        create(ec2, place, service="com.example.x")
    with refused("MissingParameter", "ServiceName"):
        ec2.create_vpc_endpoint(VpcId=place.vpc)
    with refused("InvalidVpcID.NotFound"):
        ec2.create_vpc_endpoint(VpcId="vpc-00000000000000000", ServiceName=S3)
    with refused("InvalidRouteTableId.NotFound"):
        create(ec2, place, "rtb-00000000000000000")
    with refused("InvalidPolicyDocument"):
        create(ec2, place, PolicyDocument="nonsense")
    with refused("InvalidParameter", "PrivateDnsEnabled"):
        create(ec2, place, PrivateDnsEnabled=True)
    for given, sentence in (
        (
            {"SubnetIds": [place.subnet]},
            "Subnet IDs are only supported for Interface and GatewayLoadBalancer",
        ),
        ({"SubnetConfigurations": [{"SubnetId": place.subnet}]}, "Subnet IDs are only supported"),
        ({"SecurityGroupIds": [place.group]}, "Security Groups are only supported for Interface type"),
        (
            {"DnsOptions": {"PrivateDnsOnlyForInboundResolverEndpoint": True}},
            "PrivateDnsOnlyForInboundResolverEndpoint is applicable only to Interface VPC Endpoints.",
        ),
    ):
        with refused("InvalidParameter", sentence):
            create(ec2, place, **given)
    sentence = "Endpoint type (Gateway) does not match available service types ([Interface])."
    with refused("InvalidParameter", sentence):
        create(ec2, place, service="com.amazonaws.us-east-1.ec2")
    with refused("InvalidParameter", "more than once"):
        create(ec2, place, tables[0], tables[0])
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    foreign = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    with refused("InvalidParameter", foreign):
        create(ec2, place, foreign)
    assert ec2.describe_vpc_endpoints()["VpcEndpoints"] == []


def test_a_change_that_cannot_be(ec2, place, tables):
    id = create(ec2, place, tables[0])["VpcEndpointId"]
    with refused("InvalidParameter", "is not associated"):
        ec2.modify_vpc_endpoint(VpcEndpointId=id, RemoveRouteTableIds=[tables[1]])
    with refused("RouteAlreadyExists"):
        ec2.modify_vpc_endpoint(VpcEndpointId=id, AddRouteTableIds=[tables[0]])
    with refused("InvalidParameterCombination"):
        ec2.modify_vpc_endpoint(VpcEndpointId=id, ResetPolicy=True, PolicyDocument=POLICY)
    for given, sentence in (
        ({"AddSubnetIds": [place.subnet]}, "Subnet IDs are only supported for Interface"),
        ({"RemoveSubnetIds": [place.subnet]}, "Subnet IDs are only supported for Interface"),
        ({"AddSecurityGroupIds": [place.group]}, "Security Groups are only supported"),
        ({"PrivateDnsEnabled": True}, "PrivateDnsEnabled"),
    ):
        with refused("InvalidParameter", sentence):
            ec2.modify_vpc_endpoint(VpcEndpointId=id, **given)
    with refused("InvalidVpcEndpointId.NotFound"):
        ec2.modify_vpc_endpoint(VpcEndpointId="vpce-00000000000000000", ResetPolicy=True)
    with refused("InvalidVpcEndpointId.Malformed"):
        ec2.describe_vpc_endpoints(VpcEndpointIds=["endpoint"])
    assert shown(ec2, id)["RouteTableIds"] == [tables[0]]


def test_its_routes_are_its_own(ec2, place, tables):
    create(ec2, place, tables[0])
    listed = list_of(ec2, S3)
    sentence = f"route table {tables[0]} already has a route with destination-prefix-list-id {listed}"
    with refused("RouteAlreadyExists", sentence):
        create(ec2, place, tables[0])
    with refused("RouteAlreadyExists", sentence):
        ec2.create_route(RouteTableId=tables[0], DestinationPrefixListId=listed, GatewayId=place.gateway)
    with refused("InvalidParameterValue", f"cannot remove VPC endpoint route {listed}"):
        ec2.delete_route(RouteTableId=tables[0], DestinationPrefixListId=listed)
    assert len(routes(ec2, tables[0])) == 1


def test_what_goes_with_what(ec2, place, tables):
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=S3)["VpcEndpoint"]
    with refused("DependencyViolation", vpc):
        ec2.delete_vpc(VpcId=vpc)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    ec2.delete_vpc(VpcId=vpc)
    id = create(ec2, place, *tables)["VpcEndpointId"]
    ec2.delete_route_table(RouteTableId=tables[0])
    assert shown(ec2, id)["RouteTableIds"] == [tables[1]]


def test_quota(serve):
    client = serve(quotas={"gateway_endpoints": 1}).client()
    place = make_place(client)
    create(client, place)
    with refused("VpcEndpointLimitExceeded"):
        create(client, place)


def test_lists_of_aws(ec2, place):
    id = list_of(ec2, S3)
    (found,) = ec2.describe_prefix_lists(PrefixListIds=[id])["PrefixLists"]
    assert found == {"PrefixListId": id, "PrefixListName": S3, "Cidrs": []}
    (managed,) = ec2.describe_managed_prefix_lists(PrefixListIds=[id])["PrefixLists"]
    assert (managed["OwnerId"], managed["PrefixListName"]) == ("AWS", S3)
    assert "Version" not in managed
    own = ec2.create_managed_prefix_list(PrefixListName="mine", MaxEntries=1, AddressFamily="IPv4")
    own = own["PrefixList"]["PrefixListId"]
    assert own not in [p["PrefixListId"] for p in ec2.describe_prefix_lists()["PrefixLists"]]
    for lost in (own, "pl-00000000000000000"):
        with refused("InvalidPrefixListID.NotFound"):
            ec2.describe_prefix_lists(PrefixListIds=[lost])
    with refused("InvalidPrefixListId.Malformed"):
        ec2.describe_prefix_lists(PrefixListIds=["list"])
    with refused("OperationNotPermitted"):
        ec2.delete_managed_prefix_list(PrefixListId=id)
    with refused("OperationNotPermitted"):
        ec2.modify_managed_prefix_list(PrefixListId=id, PrefixListName="mine")


def test_a_rule_may_speak_of_a_list_of_aws(ec2, place):
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    rule["PrefixListIds"] = [{"PrefixListId": list_of(ec2, S3)}]
    ec2.authorize_security_group_egress(GroupId=place.group, IpPermissions=[rule])
    (instance,) = launch(ec2, place, SecurityGroupIds=[place.group])
    assert instance["State"]["Name"] == "running"
