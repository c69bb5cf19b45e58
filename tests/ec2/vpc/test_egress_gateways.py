from refused import refused


def make(ec2, vpc, **more):
    return ec2.create_egress_only_internet_gateway(VpcId=vpc, **more)["EgressOnlyInternetGateway"]


def test_create_and_describe(ec2, vpc):
    spec = [{"ResourceType": "egress-only-internet-gateway", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = make(ec2, vpc, TagSpecifications=spec, ClientToken="t")
    assert made["Attachments"] == [{"State": "attached", "VpcId": vpc}]
    assert make(ec2, vpc, TagSpecifications=spec, ClientToken="t") == made
    asked = [{"Name": "tag:a", "Values": ["b"]}]
    found = ec2.describe_egress_only_internet_gateways(Filters=asked)["EgressOnlyInternetGateways"]
    assert found == [made]


def test_one_a_vpc(ec2, vpc):
    make(ec2, vpc)
    with refused("Resource.AlreadyAssociated", vpc):
        make(ec2, vpc)


def test_delete(ec2, vpc):
    id = make(ec2, vpc)["EgressOnlyInternetGatewayId"]
    with refused("DependencyViolation"):
        ec2.delete_vpc(VpcId=vpc)
    assert ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=id)["ReturnCode"] is True
    with refused("InvalidGatewayID.NotFound"):
        ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=id)
    with refused("InvalidEgressOnlyInternetGatewayId.Malformed"):
        ec2.describe_egress_only_internet_gateways(EgressOnlyInternetGatewayIds=["x"])
    ec2.delete_vpc(VpcId=vpc)


def test_quota(serve):
    ec2 = serve(quotas={"egress_only_gateways": 1}).client()
    one, other = (ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (1, 2))
    make(ec2, one)
    with refused("EgressOnlyInternetGatewayLimitExceeded"):
        make(ec2, other)
