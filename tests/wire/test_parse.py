"""Requests that are well formed, and the fault that each malformed one meets."""

from datetime import UTC, datetime

import pytest

from elastinet.model.fault import Fault
from elastinet.wire.form import MOST_PARAMETERS
from elastinet.wire.parse import Call, parse


def params(action: str, form: str) -> object:
    return parse(f"Action={action}&Version=2016-11-15&{form}".encode()).params


def fault(form: str) -> tuple[str, str]:
    with pytest.raises(Fault) as caught:
        parse(form.encode())
    assert 400 <= caught.value.status < 500
    return caught.value.code, caught.value.message


def test_a_call_has_its_action_version_and_dry_run() -> None:
    call = parse(b"Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16&DryRun=true")
    assert call == Call("CreateVpc", {"CidrBlock": "10.0.0.0/16"}, True, "2016-11-15")


def test_the_query_string_and_the_body_are_one_form() -> None:
    assert parse(b"VpcId.1=vpc-1", b"Action=DescribeVpcs&Version=2016-11-15").params == {"VpcIds": ["vpc-1"]}


def test_a_request_without_version_has_the_models() -> None:
    assert parse(b"Action=DescribeVpcs").version == "2016-11-15"


@pytest.mark.parametrize(
    "extra",
    [
        "AWSAccessKeyId=AKIA&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x&Timestamp=t",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=c&X-Amz-Signature=s&X-Amz-Expires=60",
        "SecurityToken=t&Expires=e",
        "",
        "&&",
    ],
)
def test_what_signing_adds_is_no_parameter(extra: str) -> None:
    assert params("DescribeVpcs", extra) == {}


def test_names_are_those_of_botocores_ec2_serialiser() -> None:
    query_name = "SpotFleetRequestConfig.LaunchSpecifications.1.NetworkInterfaceSet.1.SubnetId=subnet-1"
    required = "SpotFleetRequestConfig.IamFleetRole=r&SpotFleetRequestConfig.TargetCapacity=1"
    specification = {"NetworkInterfaces": [{"SubnetId": "subnet-1"}]}
    assert params("RequestSpotFleet", f"{query_name}&{required}") == {
        "SpotFleetRequestConfig": {
            "LaunchSpecifications": [specification],
            "IamFleetRole": "r",
            "TargetCapacity": 1,
        }
    }
    location_name = "GroupName=web&GroupDescription=all%20of+it"
    assert params("CreateSecurityGroup", location_name) == {"GroupName": "web", "Description": "all of it"}


def test_list_members_stand_in_the_order_of_their_numbers() -> None:
    assert params("DescribeVpcs", "VpcId.10=c&VpcId.2=b&VpcId.1=a") == {"VpcIds": ["a", "b", "c"]}


def test_an_empty_list_is_a_list() -> None:
    assert params("DescribeVpcs", "VpcId=") == {"VpcIds": []}


def test_a_blob_is_base64() -> None:
    key = params("ImportKeyPair", "KeyName=k&PublicKeyMaterial=c3No%0ALXJzYQ%3D%3D")
    assert key == {"KeyName": "k", "PublicKeyMaterial": b"ssh-rsa"}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-23T10:00:00.000Z", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T10:00:00Z", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23T10:00:00.25", datetime(2026, 11, 23, 10, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-11-23T12:00%2B02:00", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
    ],
)
def test_a_time_is_in_utc(text: str, time: datetime) -> None:
    assert params("DescribeSpotPriceHistory", f"StartTime={text}") == {"StartTime": time}


def test_an_instance_type_is_ec2s_to_judge() -> None:
    assert params("DescribeInstanceTypes", "InstanceType.1=z9.huge") == {"InstanceTypes": ["z9.huge"]}


def test_the_callers_identity_is_asked_with_the_version_of_sts() -> None:
    call = Call("GetCallerIdentity", {}, False, "2011-06-15")
    assert parse(b"Action=GetCallerIdentity&Version=2011-06-15") == call
    assert fault("Action=GetCallerIdentity&Version=2016-11-15")[0] == "NoSuchVersion"
    assert fault("Action=AssumeRole&Version=2011-06-15")[0] == "InvalidAction"


@pytest.mark.parametrize(
    ("form", "code", "message"),
    [
        ("", "MissingAction", "The request is missing an action or a required parameter."),
        ("Version=2016-11-15", "MissingAction", "The request is missing an action or a required parameter."),
        ("Action=Fly", "InvalidAction", "The action Fly is not valid for this web service."),
        ("Action.1=Fly", "InvalidAction", "The action Action is not valid for this web service."),
        (
            "Action=DescribeVpcs&Version=1999-01-01",
            "NoSuchVersion",
            "The requested version (1999-01-01) of the service does not exist.",
        ),
        ("Action=DescribeVpcs&Colour=red", "UnknownParameter", "The parameter Colour is not recognized"),
        (
            "Action=DescribeVpcs&Filter.1.Colour=red",
            "UnknownParameter",
            "The parameter Filter.1.Colour is not recognized",
        ),
        (
            "Action=CreateVpc&CidrBlock.1=x",
            "UnknownParameter",
            "The parameter CidrBlock.1 is not recognized",
        ),
        (
            "Action=DeleteSubnet",
            "MissingParameter",
            "The request must contain the parameter SubnetId",
        ),
        (
            "Action=CreateFleet&TargetCapacitySpecification.OnDemandTargetCapacity=1"
            "&LaunchTemplateConfigs.1.Overrides.1.Priority=1",
            "MissingParameter",
            "The request must contain the parameter TargetCapacitySpecification.TotalTargetCapacity",
        ),
        (
            "Action=DescribeSecurityGroups&MaxResults=3",
            "InvalidParameterValue",
            "Value ( 3 ) for parameter maxResults is invalid. Expecting a value greater than 5.",
        ),
        (
            "Action=DescribeSecurityGroups&MaxResults=1001",
            "InvalidParameterValue",
            "Value ( 1001 ) for parameter maxResults is invalid. Expecting a value less than 1000.",
        ),
        (
            "Action=DescribeVpcs&MaxResults=many",
            "InvalidParameterValue",
            "Value (many) for parameter maxResults is invalid. Expecting an integer of 32 bits.",
        ),
        (
            "Action=CreateVpc&InstanceTenancy=hotel",
            "InvalidParameterValue",
            "Value (hotel) for parameter instanceTenancy is invalid. "
            "Valid values are: default, dedicated, host.",
        ),
        (
            "Action=CreateVpc&DryRun=perhaps",
            "InvalidParameterValue",
            "Value (perhaps) for parameter dryRun is invalid. Expecting true or false.",
        ),
        (
            "Action=DescribeVpcs&VpcId=vpc-1",
            "InvalidParameterValue",
            "Value (vpc-1) for parameter vpcId is invalid. Expecting a list, as in VpcId.1.",
        ),
        (
            "Action=RunInstances&Placement=here",
            "InvalidParameterValue",
            "Value (here) for parameter placement is invalid. Expecting a structure.",
        ),
    ],
)
def test_a_malformed_request_meets_ec2s_fault(form: str, code: str, message: str) -> None:
    assert fault(form) == (code, message)


@pytest.mark.parametrize("index", ["0", "01", "-1", "", "x", "1.5", "\u0661", "9" * 5000, "member.1"])
def test_a_list_is_numbered_from_one(index: str) -> None:
    assert fault(f"Action=DescribeVpcs&VpcId.{index}=vpc-1")[0] in (
        "InvalidParameterValue",
        "UnknownParameter",
    )


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ("DescribeVpcs", "MaxResults=4294967296"),
        ("RunInstances", "MaxCount=1&MinCount=-2147483649"),
        ("DescribeVpcs", "MaxResults=5.0"),
        ("DescribeVpcs", "MaxResults=0x10"),
        ("DescribeVpcs", "MaxResults=1_000"),
        ("DescribeVpcs", "MaxResults="),
        ("DescribeVpcs", "MaxResults=" + "9" * 100_000),
        ("DescribeSpotPriceHistory", "StartTime=yesterday"),
        ("DescribeSpotPriceHistory", "StartTime=2026-13-01T00:00:00Z"),
        ("DescribeSpotPriceHistory", "StartTime=0001-01-01T00:00:00%2B23:59"),
        ("ImportKeyPair", "KeyName=k&PublicKeyMaterial=%C3%A9"),
        ("ImportKeyPair", "KeyName=k&PublicKeyMaterial=abc"),
        ("ImportKeyPair", "KeyName=k&PublicKeyMaterial=c3No*LXJzYQ=="),
        ("ModifyFleet", "FleetId=f&TargetCapacitySpecification.TotalTargetCapacity=9999999999"),
        ("RequestSpotFleet", "SpotFleetRequestConfig.FulfilledCapacity=nan"),
        ("RequestSpotFleet", "SpotFleetRequestConfig.FulfilledCapacity=1e999"),
    ],
)
def test_text_that_is_not_of_its_type_is_invalid(action: str, form: str) -> None:
    assert fault(f"Action={action}&{form}")[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    "form",
    [
        b"Action=DescribeVpcs&VpcId.1=%",
        b"Action=DescribeVpcs&VpcId.1=%4",
        b"Action=DescribeVpcs&VpcId.1=%zz",
        b"Action=DescribeVpcs&VpcId.1=%ff",
        b"Action=DescribeVpcs&VpcId.1=\xff",
        b"Action=DescribeVpcs&VpcId.1=%ed%a0%80",
        b"Action=DescribeVpcs&VpcId.1=a&VpcId.1=b",
        b"Action=DescribeVpcs&Action=DescribeVpcs",
        b"Action=DescribeVpcs&VpcId=&VpcId.1=b",
        b"Action=DescribeVpcs&VpcId.1=b&VpcId=",
    ],
)
def test_a_form_that_cannot_be_read_is_malformed(form: bytes) -> None:
    with pytest.raises(Fault) as caught:
        parse(form)
    assert (caught.value.code, caught.value.status) == ("MalformedQueryString", 400)


def test_a_request_has_a_largest_size() -> None:
    body = b"Action=DescribeVpcs"
    assert parse(body, limit=len(body)).action == "DescribeVpcs"
    with pytest.raises(Fault) as caught:
        parse(body, b"&", limit=len(body))
    assert (caught.value.code, caught.value.status) == ("RequestEntityTooLarge", 413)


def test_a_request_has_a_largest_number_of_parameters() -> None:
    values = "&".join(f"VpcId.{n}=v" for n in range(1, MOST_PARAMETERS))
    assert len(parse(f"Action=DescribeVpcs&{values}".encode()).params["VpcIds"]) == MOST_PARAMETERS - 1
    assert fault(f"Action=DescribeVpcs&VpcId.0=v&{values}")[0] == "RequestEntityTooLarge"


def test_a_message_repeats_little_of_a_long_value() -> None:
    assert len(fault("Action=DescribeVpcs&MaxResults=" + "9" * 100_000)[1]) < 500
    assert len(fault("Action=DescribeVpcs&" + "n" * 100_000 + "=1")[1]) < 500
    assert len(fault("Action=" + "n" * 100_000)[1]) < 500
