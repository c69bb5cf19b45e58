"""Private DNS of interface endpoints, as the API has it."""

import pytest

from refused import refused

REGION = "us-east-1"
CONFLICT = "private-dns-enabled cannot be set because there is already a conflicting DNS domain for"
ONLY = "PrivateDnsOnlyForInboundResolverEndpoint"


@pytest.fixture
def vpc(ec2):
    id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=id, EnableDnsHostnames={"Value": True})
    return id


def create(ec2, vpc, service, kind="Interface", **more):
    asked = {"VpcId": vpc, "ServiceName": f"com.amazonaws.{REGION}.{service}", "VpcEndpointType": kind}
    return ec2.create_vpc_endpoint(**asked, **more)["VpcEndpoint"]


def shown(ec2, endpoint):
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])["VpcEndpoints"]
    return found


def private(endpoint):
    return [e["DnsName"] for e in endpoint["DnsEntries"] if ".vpce." not in e["DnsName"]]


def test_what_is_usual(ec2, vpc):
    assert create(ec2, vpc, "kms")["PrivateDnsEnabled"]
    for service in ("dynamodb", "s3"):
        made = create(ec2, vpc, service)
        assert (made["PrivateDnsEnabled"], private(made)) == (False, [])
    assert made["DnsEntries"][0]["DnsName"].startswith(f"*.{made['VpcEndpointId']}-")


def test_it_comes_and_goes(ec2, vpc):
    made = create(ec2, vpc, "sts", PrivateDnsEnabled=False)
    assert private(made) == []
    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], PrivateDnsEnabled=True)
    assert private(shown(ec2, made)) == [f"sts.{REGION}.amazonaws.com"]
    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], PrivateDnsEnabled=False)
    assert private(shown(ec2, made)) == []


def test_it_needs_the_attributes_of_the_vpc(ec2, vpc):
    made = create(ec2, vpc, "sts", PrivateDnsEnabled=False)
    sentence = (
        "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
        f"for {vpc}"
    )
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": False}})
        with refused("InvalidParameter", sentence):
            create(ec2, vpc, "kms")
        with refused("InvalidParameter", sentence):
            ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], PrivateDnsEnabled=True)
        ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})


def test_one_endpoint_has_a_name(ec2, vpc):
    create(ec2, vpc, "execute-api")
    sentence = f"{CONFLICT} *.execute-api.{REGION}.amazonaws.com in the VPC {vpc}"
    with refused("InvalidParameter", sentence):
        create(ec2, vpc, "execute-api")
    second = create(ec2, vpc, "execute-api", PrivateDnsEnabled=False)
    with refused("InvalidParameter", sentence):
        ec2.modify_vpc_endpoint(VpcEndpointId=second["VpcEndpointId"], PrivateDnsEnabled=True)
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=other, EnableDnsHostnames={"Value": True})
    assert create(ec2, other, "execute-api")["PrivateDnsEnabled"]


def test_a_service_without_a_name(ec2, vpc):
    sentence = (
        f"Private DNS can't be enabled because the service com.amazonaws.{REGION}.dynamodb does not provide a "
        "private DNS name."
    )
    with refused("InvalidParameter", sentence):
        create(ec2, vpc, "dynamodb", PrivateDnsEnabled=True)


def test_a_service_with_gateways_as_well(ec2, vpc):
    sentence = f"To set {ONLY} to true, the VPC {vpc} must have a Gateway endpoint for the service."
    with refused("InvalidParameter", sentence):
        create(ec2, vpc, "s3", PrivateDnsEnabled=True)
    with refused("InvalidParameter", sentence):
        create(ec2, vpc, "kms", DnsOptions={ONLY: True})
    made = create(ec2, vpc, "s3", PrivateDnsEnabled=True, DnsOptions={ONLY: False})
    names = ("s3", "*.s3", "*.s3-accesspoint", "*.s3-control")
    assert private(made) == [f"{name}.{REGION}.amazonaws.com" for name in names]
    id = made["VpcEndpointId"]
    with refused("InvalidParameter", sentence):
        ec2.modify_vpc_endpoint(VpcEndpointId=id, DnsOptions={ONLY: True})
    create(ec2, vpc, "s3", "Gateway")
    ec2.modify_vpc_endpoint(VpcEndpointId=id, DnsOptions={ONLY: True})
    assert shown(ec2, made)["DnsOptions"][ONLY]
    with refused("UnsupportedOperation", "PrivateDnsPreference"):
        ec2.modify_vpc_endpoint(VpcEndpointId=id, DnsOptions={"PrivateDnsPreference": "ALL_DOMAINS"})
