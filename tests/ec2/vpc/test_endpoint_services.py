import re

from elastinet.catalog.endpoint_services import services
from refused import refused

S3, DYNAMODB = "com.amazonaws.us-east-1.s3", "com.amazonaws.us-east-1.dynamodb"


def details(ec2, *names, **filters):
    asked = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    return ec2.describe_vpc_endpoint_services(ServiceNames=list(names), Filters=asked)["ServiceDetails"]


def test_a_service(ec2):
    (found,) = details(ec2, "com.amazonaws.us-east-1.ec2")
    assert re.fullmatch("vpce-svc-[0-9a-f]{17}", found.pop("ServiceId"))
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert found == {
        "ServiceName": "com.amazonaws.us-east-1.ec2",
        "ServiceType": [{"ServiceType": "Interface"}],
        "ServiceRegion": "us-east-1",
        "AvailabilityZones": [zone["ZoneName"] for zone in zones],
        "AvailabilityZoneIds": [zone["ZoneId"] for zone in zones],
        "Owner": "amazon",
        "BaseEndpointDnsNames": ["ec2.us-east-1.vpce.amazonaws.com"],
        "PrivateDnsName": "ec2.us-east-1.amazonaws.com",
        "PrivateDnsNames": [{"PrivateDnsName": "ec2.us-east-1.amazonaws.com"}],
        "PrivateDnsNameVerificationState": "verified",
        "VpcEndpointPolicySupported": True,
        "AcceptanceRequired": False,
        "ManagesVpcEndpoints": False,
        "SupportedIpAddressTypes": ["ipv4", "ipv6"],
        "Tags": [],
    }


def test_names_that_are_not_the_services(ec2):
    for short, base, private in (
        ("ecr.api", "api.ecr", "api.ecr"),
        ("ecr.dkr", "dkr.ecr", "*.dkr.ecr"),
        ("execute-api", "execute-api", "*.execute-api"),
        ("ecs-telemetry", "ecs-telemetry", "ecs-t"),
        ("kinesis-streams", "kinesis-streams", "kinesis"),
        ("sagemaker.runtime", "runtime.sagemaker", "runtime.sagemaker"),
    ):
        (found,) = details(ec2, f"com.amazonaws.us-east-1.{short}")
        assert found["BaseEndpointDnsNames"] == [f"{base}.us-east-1.vpce.amazonaws.com"]
        assert found["PrivateDnsName"] == f"{private}.us-east-1.amazonaws.com"


def test_two_types(ec2):
    for name in (S3, DYNAMODB):
        kinds = {one["ServiceType"][0]["ServiceType"]: one for one in details(ec2, name)}
        assert set(kinds) == {"Gateway", "Interface"}
        assert kinds["Gateway"]["ServiceId"] != kinds["Interface"]["ServiceId"]
        for kind, one in kinds.items():
            assert details(ec2, name, service_type=kind) == [one]
        assert "PrivateDnsName" not in kinds["Gateway"]
    assert "PrivateDnsName" not in details(ec2, DYNAMODB, service_type="Interface")[0]


def test_filters_and_pages(ec2):
    told = ec2.describe_vpc_endpoint_services()
    assert len(told["ServiceDetails"]) == len(services("us-east-1")) > 300
    assert len(set(told["ServiceNames"])) == len(told["ServiceNames"]) == len(told["ServiceDetails"]) - 2
    assert {one["ServiceName"] for one in details(ec2, service_type="Gateway")} == {S3, DYNAMODB}
    for short in "ssm ssmmessages ec2messages sts logs monitoring kms secretsmanager sqs sns rds ecs".split():
        assert len(details(ec2, service_name=f"com.amazonaws.us-east-1.{short}")) == 1
    assert len(details(ec2, owner="amazon")) == len(told["ServiceDetails"])
    assert all(one["SupportedIpAddressTypes"] == ["ipv4"] for one in details(ec2, DYNAMODB))
    assert DYNAMODB not in {one["ServiceName"] for one in details(ec2, supported_ip_address_types="ipv6")}
    pages = ec2.get_paginator("describe_vpc_endpoint_services").paginate(PaginationConfig={"PageSize": 100})
    ids = [one["ServiceId"] for page in pages for one in page["ServiceDetails"]]
    assert sorted(ids) == sorted(one["ServiceId"] for one in told["ServiceDetails"])
    assert ec2.describe_vpc_endpoint_services(ServiceRegions=["eu-west-1"])["ServiceNames"] == []
    with refused("InvalidServiceName", "'com.example.x' does not exist"):
        ec2.describe_vpc_endpoint_services(ServiceNames=["com.example.x"])
