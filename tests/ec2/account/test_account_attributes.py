from refused import refused


def attributes(ec2, **asked):
    found = ec2.describe_account_attributes(**asked)["AccountAttributes"]
    return {a["AttributeName"]: [v["AttributeValue"] for v in a["AttributeValues"]] for a in found}


def test_what_an_account_may_do(ec2):
    vpc = ec2.describe_vpcs()["Vpcs"][0]
    assert attributes(ec2) == {
        "supported-platforms": ["VPC"],
        "default-vpc": [vpc["VpcId"]],
        "max-instances": ["20"],
        "vpc-max-security-groups-per-interface": ["5"],
        "max-elastic-ips": ["5"],
        "vpc-max-elastic-ips": ["5"],
    }


def test_one_attribute(ec2):
    assert attributes(ec2, AttributeNames=["supported-platforms"]) == {"supported-platforms": ["VPC"]}


def test_quotas_of_the_operators_own(serve):
    ec2 = serve(quotas={"elastic_ips": 7, "key_pairs": 1}).client()
    assert attributes(ec2)["vpc-max-elastic-ips"] == ["7"]
    ec2.create_key_pair(KeyName="a", KeyType="ed25519")
    with refused("KeyPairLimitExceeded"):
        ec2.create_key_pair(KeyName="b", KeyType="ed25519")


def test_no_default_vpc(ec2):
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    (gateway,) = ec2.describe_internet_gateways()["InternetGateways"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.detach_internet_gateway(VpcId=vpc["VpcId"], InternetGatewayId=gateway["InternetGatewayId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    assert attributes(ec2)["default-vpc"] == ["none"]


def test_an_attribute_that_is_none(ec2):
    with refused("InvalidParameterValue", "max-pigeons"):
        attributes(ec2, AttributeNames=["max-pigeons"])
