"""SSM's public parameters of images, and launches by them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from place import launch, make_place
from refused import refused
from served import Served

AMAZON = "/aws/service/ami-amazon-linux-latest"
KNOWN = [
    f"{AMAZON}/al2023-ami-kernel-default-x86_64",
    f"{AMAZON}/al2023-ami-kernel-default-arm64",
    f"{AMAZON}/al2023-ami-minimal-kernel-default-x86_64",
    f"{AMAZON}/amzn2-ami-hvm-x86_64-gp2",
    f"{AMAZON}/amzn2-ami-hvm-arm64-gp2",
    f"{AMAZON}/amzn2-ami-kernel-5.10-hvm-x86_64-gp2",
    "/aws/service/canonical/ubuntu/server/20.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
    "/aws/service/canonical/ubuntu/server/22.04/stable/current/arm64/hvm/ebs-gp2/ami-id",
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
    "/aws/service/debian/release/12/latest/amd64",
    "/aws/service/debian/release/13/latest/arm64",
    "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base",
]


@pytest.fixture
def ssm(server: Served) -> Any:
    return server.client("ssm")


@pytest.mark.parametrize("name", KNOWN)
def test_a_parameter_names_an_image_that_is_there(ssm: Any, ec2: Any, name: str) -> None:
    found = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert (found["Name"], found["Type"], found["DataType"]) == (name, "String", "aws:ec2:image")
    assert found["ARN"] == f"arn:aws:ssm:us-east-1::parameter{name}"
    (image,) = ec2.describe_images(ImageIds=[found["Value"]])["Images"]
    assert image["Architecture"] == ("arm64" if "arm64" in name else "x86_64")


def test_images_name_their_parameter(ec2: Any) -> None:
    asked = [{"Name": "public-ssm-parameter-name", "Values": [KNOWN[0]]}]
    (image,) = ec2.describe_images(Filters=asked)["Images"]
    assert image["PublicSsmParameterName"] == KNOWN[0]


def test_regions_have_images_of_their_own(server: Served) -> None:
    here, there = (
        server.client("ssm", region).get_parameter(Name=KNOWN[0])["Parameter"]["Value"]
        for region in ("us-east-1", "eu-west-1")
    )
    assert here != there


def test_a_version_is_asked_for(ssm: Any) -> None:
    found = ssm.get_parameter(Name=f"{KNOWN[0]}:1")["Parameter"]
    assert (found["Name"], found["Selector"]) == (KNOWN[0], ":1")
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=f"{KNOWN[0]}:2")


def test_several(ssm: Any) -> None:
    found = ssm.get_parameters(Names=[KNOWN[1], "/mine/x", KNOWN[0]])
    assert [one["Name"] for one in found["Parameters"]] == sorted(KNOWN[:2])
    assert found["InvalidParameters"] == ["/mine/x"]


def test_by_path_in_pages(ssm: Any) -> None:
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=AMAZON)
    found = [[one["Name"] for one in page["Parameters"]] for page in pages]
    assert [len(page) for page in found] == [10, 6]
    assert {*KNOWN[:6]} <= {name for page in found for name in page}


def test_by_path_right_below_and_all_below(ssm: Any) -> None:
    assert ssm.get_parameters_by_path(Path="/aws/service")["Parameters"] == []
    assert len(ssm.get_parameters_by_path(Path="/aws/service/", Recursive=True)["Parameters"]) == 10
    assert ssm.get_parameters_by_path(Path="/mine", Recursive=True)["Parameters"] == []
    small = ssm.get_parameters_by_path(Path=AMAZON, MaxResults=3)
    assert len(small["Parameters"]) == 3
    assert small["NextToken"]


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("get_parameter", {"Name": "/aws/service/x"}, "ParameterNotFound"),
    ("get_parameter", {}, "ValidationException"),
    ("get_parameter", {"Name": ""}, "ValidationException"),
    ("get_parameters", {"Names": []}, "ValidationException"),
    ("get_parameters", {"Names": ["x"] * 11}, "ValidationException"),
    ("get_parameters_by_path", {"Path": "aws"}, "ValidationException"),
    ("get_parameters_by_path", {"Path": "/aws", "MaxResults": 11}, "ValidationException"),
    ("get_parameters_by_path", {"Path": "/aws", "NextToken": "x"}, "InvalidNextToken"),
    ("get_parameters_by_path", {"Path": "/", "ParameterFilters": [{"Key": "Type"}]}, "UnsupportedOperation"),
]


@pytest.mark.parametrize(("call", "params", "code"), WRONG)
def test_what_is_refused(ssm: Any, call: str, params: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        getattr(ssm, call)(**params)
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_launch_by_parameter(ssm: Any, ec2: Any) -> None:
    place = make_place(ec2)
    name = f"{AMAZON}/al2023-ami-kernel-default-x86_64"
    image = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    for spelled in (name, f"{name}:1"):
        assert launch(ec2, place, ImageId=f"resolve:ssm:{spelled}")[0]["ImageId"] == image
    with refused("InvalidParameterValue", "There is no such parameter."):
        launch(ec2, place, ImageId="resolve:ssm:/aws/service/x")
    with refused("InvalidParameterValue", "There is no such parameter."):
        launch(ec2, place, ImageId=f"resolve:ssm:{name}:7")
