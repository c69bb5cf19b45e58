"""Documents as clients read them."""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser

from elastinet.model.view import StateView
from elastinet.wire.serialise import serialise, serialise_error

PROLOG = b'<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = b'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'


def inside(action: str, output: dict[str, Any]) -> bytes:
    document = serialise(action, output, "r-1")
    name = action.encode()
    begin = PROLOG + b"<%sResponse %s><requestId>r-1</requestId>" % (name, NAMESPACE)
    assert document.startswith(begin)
    return document.removeprefix(begin).removesuffix(b"</%sResponse>" % name)


def test_an_answer_has_ec2s_element_names() -> None:
    group = {"GroupId": "sg-1", "Tags": [{"Key": "k", "Value": "v"}], "IpPermissions": []}
    assert inside("DescribeSecurityGroups", {"SecurityGroups": [group]}) == (
        b"<securityGroupInfo><item><groupId>sg-1</groupId>"
        b"<tagSet><item><key>k</key><value>v</value></item></tagSet><ipPermissions></ipPermissions>"
        b"</item></securityGroupInfo>"
    )


def test_an_operation_without_output_answers_true() -> None:
    assert inside("DeleteVpc", {}) == b"<return>true</return>"
    with pytest.raises(KeyError, match="VpcId"):
        serialise("DeleteVpc", {"VpcId": "vpc-1"}, "r-1")


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (datetime(2026, 11, 23, 10, tzinfo=UTC), b"2026-11-23T10:00:00.000Z"),
        (datetime(2026, 11, 23, 10, 0, 0, 123_999, tzinfo=UTC), b"2026-11-23T10:00:00.123Z"),
        (datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=2))), b"2026-11-23T10:00:00.000Z"),
    ],
)
def test_a_time_is_utc_in_milliseconds(when: datetime, text: bytes) -> None:
    assert b"<createTime>%s</createTime>" % text in inside(
        "CreateNatGateway", {"NatGateway": {"CreateTime": when}}
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a & b < c > d ]]>", "a & b < c > d ]]>"),
        ("one\r\ntwo\tthree", "one\r\ntwo\tthree"),
        ("nul \0, escape \x1b, half \ud800, \uffff", "nul \ufffd, escape \ufffd, half \ufffd, \ufffd"),
        ("\u00e9 \U0001f600 \x85 \u2028", "\u00e9 \U0001f600 \x85 \u2028"),
    ],
)
def test_any_text_makes_a_document_that_parses(text: str, read: str) -> None:
    root = ElementTree.fromstring(serialise("CreateSecurityGroup", {"GroupId": text}, text))
    assert [element.text for element in root] == [read, read]
    error = ElementTree.fromstring(serialise_error(text, text, text))
    assert [element.text for element in error.iter() if element.text] == [read, read, read]


@pytest.mark.parametrize(
    ("action", "output", "error"),
    [
        ("Fly", {}, KeyError),
        ("DescribeVpcs", {"Vpcz": []}, KeyError),
        ("DescribeVpcs", {"Vpcs": [{"Colour": "red"}]}, KeyError),
        ("DescribeVpcs", {"Vpcs": None}, TypeError),
        ("DescribeVpcs", {"Vpcs": {}}, TypeError),
        ("DescribeVpcs", {"Vpcs": "ab"}, TypeError),
        ("DescribeVpcs", {"Vpcs": ["ab"]}, TypeError),
        ("DescribeVpcs", {"Vpcs": [{"VpcId": 1}]}, TypeError),
        ("DescribeVpcs", {"Vpcs": [{"VpcId": None}]}, TypeError),
        ("DescribeVpcs", {"Vpcs": [{"IsDefault": "true"}]}, TypeError),
        ("DescribeVpcs", {"Vpcs": [{"IsDefault": 1}]}, TypeError),
        ("DescribeSubnets", {"Subnets": [{"AvailableIpAddressCount": True}]}, TypeError),
        ("DescribeSubnets", {"Subnets": [{"AvailableIpAddressCount": "1"}]}, TypeError),
        ("CreateNatGateway", {"NatGateway": {"CreateTime": datetime(2026, 1, 1)}}, TypeError),
        ("CreateNatGateway", {"NatGateway": {"CreateTime": "2026-01-01"}}, TypeError),
    ],
)
def test_what_is_not_of_the_shape_is_a_programming_error(
    action: str, output: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        serialise(action, output, "r-1")


def test_a_view_is_written_once() -> None:
    view = StateView(VpcId="vpc-1")
    first = inside("DescribeVpcs", {"Vpcs": [view]})
    assert first == b"<vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>"
    assert view.wire == ("ec2.Vpc", b"<vpcId>vpc-1</vpcId>")
    view["VpcId"] = "vpc-2"  # which nobody may do: it shows that the bytes are kept
    assert inside("DescribeVpcs", {"Vpcs": [view]}) == first
    assert inside("CreateVpc", {"Vpc": view}) == b"<vpc><vpcId>vpc-1</vpcId></vpc>"


def test_a_view_under_another_shape_is_written_anew() -> None:
    view = StateView(Description="d")
    for _ in range(2):
        group = inside("DescribeSecurityGroups", {"SecurityGroups": [view]})
        assert b"<groupDescription>d</groupDescription>" in group
        interface = inside("CreateNetworkInterface", {"NetworkInterface": view})
        assert interface == b"<networkInterface><description>d</description></networkInterface>"


def test_a_view_inside_a_view() -> None:
    tag = StateView(Key="k", Value="v")
    vpc = StateView(VpcId="vpc-1", Tags=(tag,))
    assert inside("CreateVpc", {"Vpc": vpc}) == (
        b"<vpc><vpcId>vpc-1</vpcId><tagSet><item><key>k</key><value>v</value></item></tagSet></vpc>"
    )
    assert tag.text == ("ec2.Tag", "<key>k</key><value>v</value>")


def test_five_thousand_views_are_joined_in_milliseconds() -> None:
    views = [StateView(NetworkInterfaceId=f"eni-{n:017x}", Description="x" * 1000) for n in range(5000)]
    serialise("DescribeNetworkInterfaces", {"NetworkInterfaces": views}, "r-1")
    begin = time.process_time()
    serialise("DescribeNetworkInterfaces", {"NetworkInterfaces": views}, "r-1")
    assert time.process_time() - begin < 0.05


def test_the_callers_identity_is_a_document_of_sts() -> None:
    output = {"UserId": "AIDA", "Account": "000000000000", "Arn": "arn:aws:iam::000000000000:root"}
    document = serialise("GetCallerIdentity", output, "r-1")
    assert b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">' in document
    model = ServiceModel(Loader().load_service_model("sts", "service-2"), "sts")
    shape = model.operation_model("GetCallerIdentity").output_shape
    response = {"status_code": 200, "headers": {}, "body": document}
    read = create_parser("query").parse(response, shape)
    assert read.pop("ResponseMetadata")["RequestId"] == "r-1"
    assert read == output


@pytest.mark.parametrize("protocol", ["ec2", "query"])
def test_a_fault_is_read_by_botocore(protocol: str) -> None:
    document = serialise_error("InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist", "r-1")
    read = create_parser(protocol).parse({"status_code": 400, "headers": {}, "body": document}, None)
    assert read["Error"] == {
        "Code": "InvalidVpcID.NotFound",
        "Message": "The vpc ID 'vpc-1' does not exist",
    }


def test_a_fault_is_ec2s_document() -> None:
    assert serialise_error("A", "b", "c") == PROLOG + (
        b"<Response><Errors><Error><Code>A</Code><Message>b</Message></Error></Errors>"
        b"<RequestID>c</RequestID></Response>"
    )
