"""Access scopes of Network Access Analyzer: their life, what they say, and what is refused."""

from typing import Any

import pytest

from elastinet.model.fault import Fault
from insight_place import InsightPlace
from refused import refused
from small_region import Region

IGW, ENI = "AWS::EC2::InternetGateway", "AWS::EC2::NetworkInterface"
Found = dict[str, Any]


@pytest.fixture
def place(ec2: Any) -> InsightPlace:
    return InsightPlace(ec2)


def of_types(*kinds: str) -> Found:
    return {"ResourceStatement": {"ResourceTypes": [*kinds]}}


def of(*ids: str) -> Found:
    return {"ResourceStatement": {"Resources": [*ids]}}


def header(**fields: list[str]) -> Found:
    return {"PacketHeaderStatement": fields}


def test_the_life_of_a_scope(ec2: Any, place: InsightPlace) -> None:
    spec = [{"ResourceType": "network-insights-access-scope", "Tags": [{"Key": "a", "Value": "b"}]}]
    matches = [
        {"Source": of_types(IGW), "Destination": of(place.vpc) | header(DestinationPorts=["22", "80-90"])}
    ]
    exclusions = [
        {"Destination": of(place.web_eni)},
        {"ThroughResources": [of_types("AWS::EC2::NatGateway")]},
        {"Source": header(SourceAddresses=["203.0.113.0/24", "192.0.2.1"], Protocols=["TCP"])},
    ]
    made = ec2.create_network_insights_access_scope(
        MatchPaths=matches, ExcludePaths=exclusions, TagSpecifications=spec
    )
    scope, content = made["NetworkInsightsAccessScope"], made["NetworkInsightsAccessScopeContent"]
    id = scope["NetworkInsightsAccessScopeId"]
    assert id.startswith("nis-")
    assert scope["NetworkInsightsAccessScopeArn"].endswith(f":network-insights-access-scope/{id}")
    assert scope["CreatedDate"] == scope["UpdatedDate"]
    assert scope["Tags"] == [{"Key": "a", "Value": "b"}]
    exclusions[2]["Source"]["PacketHeaderStatement"]["Protocols"] = ["tcp"]
    assert content == {
        "NetworkInsightsAccessScopeId": id,
        "MatchPaths": matches,
        "ExcludePaths": exclusions,
    }
    asked = ec2.get_network_insights_access_scope_content(NetworkInsightsAccessScopeId=id)
    assert asked["NetworkInsightsAccessScopeContent"] == content
    assert ec2.describe_network_insights_access_scopes()["NetworkInsightsAccessScopes"] == [scope]
    ec2.create_tags(Resources=[id], Tags=[{"Key": "c", "Value": "d"}])
    (seen,) = ec2.describe_network_insights_access_scopes(NetworkInsightsAccessScopeIds=[id])[
        "NetworkInsightsAccessScopes"
    ]
    assert len(seen["Tags"]) == 2
    gone = ec2.delete_network_insights_access_scope(NetworkInsightsAccessScopeId=id)
    assert gone["NetworkInsightsAccessScopeId"] == id
    with refused("InvalidNetworkInsightsAccessScopeId.NotFound", id):
        ec2.get_network_insights_access_scope_content(NetworkInsightsAccessScopeId=id)


def test_a_token_makes_one_scope(ec2: Any) -> None:
    asked = {"MatchPaths": [{"Source": of_types(IGW)}], "ClientToken": "t"}
    one, other = (ec2.create_network_insights_access_scope(**asked) for _ in range(2))
    assert one["NetworkInsightsAccessScope"] == other["NetworkInsightsAccessScope"]
    with refused("IdempotentParameterMismatch"):
        ec2.create_network_insights_access_scope(**asked | {"MatchPaths": [{"Source": of_types(ENI)}]})


def test_pages(ec2: Any) -> None:
    for _ in range(3):
        ec2.create_network_insights_access_scope(MatchPaths=[{"Source": of_types(IGW)}])
    pages = ec2.get_paginator("describe_network_insights_access_scopes").paginate(
        PaginationConfig={"PageSize": 2}
    )
    assert [len(page["NetworkInsightsAccessScopes"]) for page in pages] == [2, 1]
    with refused("InvalidParameterValue", "tag:a"):
        ec2.describe_network_insights_access_scopes(Filters=[{"Name": "tag:a", "Values": ["b"]}])


BOTH = {"Resources": ["vpc-1"], "ResourceTypes": [ENI]}
LISTED = {"SourceAddresses": ["10.0.0.0/8"], "SourcePrefixLists": ["pl-1"]}
NOBODY = "0" * 17
BAD: list[tuple[Found, str, str]] = [
    ({}, "MissingParameter", "MatchPaths"),
    (
        {"MatchPaths": [{"Source": {"ResourceStatement": BOTH}}]},
        "InvalidParameterCombination",
        "ResourceTypes",
    ),
    (
        {"MatchPaths": [{"Source": {"PacketHeaderStatement": LISTED}}]},
        "InvalidParameterCombination",
        "PrefixLists",
    ),
    (
        {"MatchPaths": [{"Source": of_types(ENI), "ThroughResources": [of_types("AWS::EC2::NatGateway")]}]},
        "InvalidParameterCombination",
        "ThroughResources",
    ),
    ({"MatchPaths": [{"Source": of_types("AWS::EC2::NatGateway")}]}, "InvalidParameterValue", "NatGateway"),
    ({"MatchPaths": [{"Source": of_types("AWS::S3::Bucket")}]}, "InvalidParameterValue", "AWS::S3::Bucket"),
    ({"MatchPaths": [{"Source": of("nat-1")}]}, "InvalidParameterValue", "nat-1"),
    ({"MatchPaths": [{"Source": of("x")}]}, "InvalidParameterValue", "(x)"),
    ({"MatchPaths": [{"Source": of("arn:aws:s3:::x")}]}, "InvalidParameterValue", "arn:aws:s3:::x"),
    ({"MatchPaths": [{"Source": of(f"vpc-{NOBODY}")}]}, "InvalidVpcID.NotFound", NOBODY),
    ({"MatchPaths": [{"Source": of(f"sg-{NOBODY}")}]}, "InvalidGroup.NotFound", NOBODY),
    ({"MatchPaths": [{"Source": of(f"vgw-{NOBODY}")}]}, "InvalidVpnGatewayID.NotFound", NOBODY),
    ({"MatchPaths": [{"Source": header(SourceAddresses=["10.0.0.0/33"])}]}, "InvalidParameterValue", "/33"),
    ({"MatchPaths": [{"Source": header(SourceAddresses=["::/0"])}]}, "InvalidParameterValue", "::/0"),
    ({"MatchPaths": [{"Source": header(SourcePorts=["65536"])}]}, "InvalidParameterValue", "65536"),
    ({"MatchPaths": [{"Source": header(DestinationPorts=["9-8"])}]}, "InvalidParameterValue", "9-8"),
    ({"MatchPaths": [{"Source": header(DestinationPorts=["1-2-3"])}]}, "InvalidParameterValue", "1-2-3"),
    (
        {"MatchPaths": [{"Source": header(DestinationPorts=["٢٢"])}]},
        "InvalidParameterValue",
        "DestinationPorts",
    ),
    ({"MatchPaths": [{"Source": header(Protocols=["icmp"])}]}, "InvalidParameterValue", "icmp"),
    (
        {"MatchPaths": [{"Source": header(SourcePrefixLists=[f"pl-{NOBODY}"])}]},
        "InvalidPrefixListID.NotFound",
        NOBODY,
    ),
    (
        {"MatchPaths": [{"Source": of_types(ENI)}], "ExcludePaths": [{"ThroughResources": [of_types(ENI)]}]},
        "InvalidParameterValue",
        ENI,
    ),
]


@pytest.mark.parametrize(("asked", "code", "word"), BAD, ids=[f"{row[1]}-{row[2]}" for row in BAD])
def test_what_is_refused(ec2: Any, asked: Found, code: str, word: str) -> None:
    with refused(code, word):
        ec2.create_network_insights_access_scope(**asked)
    assert ec2.describe_network_insights_access_scopes()["NetworkInsightsAccessScopes"] == []


EMPTY: list[tuple[Found, str]] = [
    ({"MatchPaths": [{}]}, "MatchPaths.1.Source"),
    ({"MatchPaths": [{"Source": {}}]}, "MatchPaths.1.Source.ResourceStatement"),
    ({"MatchPaths": [{"Source": of()}]}, "MatchPaths.1.Source.ResourceStatement.Resources"),
    ({"MatchPaths": [{"Source": header()}]}, "MatchPaths.1.Source.PacketHeaderStatement.SourceAddresses"),
    ({"MatchPaths": [{"Source": of_types(ENI)}], "ExcludePaths": [{}]}, "ExcludePaths.1.Source"),
    (
        {"MatchPaths": [{"Source": of_types(ENI)}], "ExcludePaths": [{"ThroughResources": [{}]}]},
        "ExcludePaths.1.ThroughResources.1.ResourceStatement",
    ),
]


@pytest.mark.parametrize(("asked", "name"), EMPTY, ids=[row[1] for row in EMPTY])
def test_a_structure_that_says_nothing_is_refused(asked: Found, name: str) -> None:
    """The form of a request has no empty structures; whoever calls the engine may have."""
    region = Region()
    with pytest.raises(Fault) as caught:
        region.call("CreateNetworkInsightsAccessScope", **asked)
    assert (caught.value.code, caught.value.message.rpartition(" ")[2]) == ("MissingParameter", name)


def test_resources_of_others_are_not_there(server: Any, ec2: Any, place: InsightPlace) -> None:
    (vpc,) = ec2.describe_vpcs(VpcIds=[place.vpc])["Vpcs"]
    arn = f"arn:aws:ec2:{ec2.meta.region_name}:{vpc['OwnerId']}:vpc/{place.vpc}"
    ec2.create_network_insights_access_scope(MatchPaths=[{"Source": of(arn)}])
    other = server.client()
    for text in (place.vpc, arn):
        with refused("InvalidVpcID.NotFound", place.vpc):
            other.create_network_insights_access_scope(MatchPaths=[{"Source": of(text)}])


def test_no_more_scopes_and_analyses_than_the_quotas(serve: Any) -> None:
    quotas = {"access_scopes": 1, "access_scope_analyses": 1}
    ec2 = serve(quotas=quotas).client()
    asked = {"MatchPaths": [{"Source": of_types(IGW)}]}
    made = ec2.create_network_insights_access_scope(**asked)["NetworkInsightsAccessScope"]
    with refused("NetworkInsightsAccessScopeLimitExceeded"):
        ec2.create_network_insights_access_scope(**asked)
    id = {"NetworkInsightsAccessScopeId": made["NetworkInsightsAccessScopeId"]}
    ec2.start_network_insights_access_scope_analysis(**id)
    with refused("NetworkInsightsAccessScopeAnalysisLimitExceeded"):
        ec2.start_network_insights_access_scope_analysis(**id)
