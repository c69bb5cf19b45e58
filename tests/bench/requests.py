"""Requests to the EC2 API, each made for one endpoint and one number."""

from collections.abc import Callable

from bench.endpoint import SUBNETS, Endpoint, encode

Make = Callable[[Endpoint, int], bytes]


def create_group(at: Endpoint, number: int) -> bytes:
    fields = {"GroupName": f"group{number}", "GroupDescription": "a group", "VpcId": at.vpc}
    return encode("CreateSecurityGroup", **fields)


def create_tags(at: Endpoint, number: int) -> bytes:
    return encode(
        "CreateTags", **{"ResourceId.1": at.vpc, "Tag.1.Key": f"k{number % 40}", "Tag.1.Value": number}
    )


def create_interface(at: Endpoint, number: int) -> bytes:
    return encode("CreateNetworkInterface", SubnetId=at.subnets[number % SUBNETS])


def authorize(at: Endpoint, number: int) -> bytes:
    rule = {"IpProtocol": "tcp", "FromPort": number, "ToPort": number, "IpRanges.1.CidrIp": "10.0.0.0/8"}
    named = {f"IpPermissions.1.{name}": value for name, value in rule.items()}
    return encode("AuthorizeSecurityGroupIngress", GroupId=at.groups[number % len(at.groups)], **named)


def describe_one(at: Endpoint, number: int) -> bytes:
    return encode("DescribeNetworkInterfaces", **{"NetworkInterfaceId.1": at.interface})


def describe_subnet(at: Endpoint, number: int) -> bytes:
    given = {"Filter.1.Name": "subnet-id", "Filter.1.Value.1": at.subnets[number % SUBNETS]}
    return encode("DescribeNetworkInterfaces", **given)


def describe_all(at: Endpoint, number: int) -> bytes:
    return encode("DescribeNetworkInterfaces")


def launch(at: Endpoint, number: int) -> bytes:
    fields = {"ImageId": at.image, "InstanceType": "t3.micro", "MinCount": 100, "MaxCount": 100}
    return encode("RunInstances", SubnetId=at.subnets[number % SUBNETS], **fields)


def launch_one(at: Endpoint, number: int) -> bytes:
    fields = {"ImageId": at.image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    return encode("RunInstances", SubnetId=at.subnets[number % SUBNETS], **fields)


def describe_instances(at: Endpoint, number: int) -> bytes:
    return encode("DescribeInstances")
