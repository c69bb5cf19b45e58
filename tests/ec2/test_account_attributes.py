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
