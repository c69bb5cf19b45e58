"""Paths of Reachability Analyzer: what is kept, shown, found and refused."""

from typing import Any

import pytest

from insight_place import InsightPlace
from refused import refused

NOTHING = "0" * 17


@pytest.fixture
def place(ec2: Any) -> InsightPlace:
    return InsightPlace(ec2)


def test_the_life_of_a_path(ec2: Any, place: InsightPlace) -> None:
    asked = {"Source": place.web, "Destination": place.db, "DestinationPort": 22, "Protocol": "TCP"}
    spec = [{"ResourceType": "network-insights-path", "Tags": [{"Key": "Name", "Value": "a"}]}]
    made = ec2.create_network_insights_path(**asked, TagSpecifications=spec)["NetworkInsightsPath"]
    id, owner = made["NetworkInsightsPathId"], made["NetworkInsightsPathArn"].split(":")[4]
    assert id.startswith("nip-")
    assert len(id) == 21
    assert made["NetworkInsightsPathArn"] == f"arn:aws:ec2:us-east-1:{owner}:network-insights-path/{id}"
    assert made["SourceArn"] == f"arn:aws:ec2:us-east-1:{owner}:instance/{place.web}"
    assert (made["Source"], made["Destination"], made["Protocol"]) == (place.web, place.db, "tcp")
    assert (made["DestinationPort"], made["Tags"]) == (22, [{"Key": "Name", "Value": "a"}])
    assert not {"SourceIp", "FilterAtSource", "DestinationIp"} & made.keys()
    assert ec2.describe_network_insights_paths()["NetworkInsightsPaths"] == [made]
    ec2.create_tags(Resources=[id], Tags=[{"Key": "b", "Value": "c"}])
    found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [id]}])["Tags"]
    assert {(tag["Key"], tag["ResourceType"]) for tag in found} == {
        ("Name", "network-insights-path"),
        ("b", "network-insights-path"),
    }
    assert ec2.delete_network_insights_path(NetworkInsightsPathId=id)["NetworkInsightsPathId"] == id
    with refused("InvalidNetworkInsightsPathId.NotFound", id):
        ec2.describe_network_insights_paths(NetworkInsightsPathIds=[id])


def test_an_arn_stays_one(ec2: Any, place: InsightPlace) -> None:
    owner = ec2.describe_vpcs()["Vpcs"][0]["OwnerId"]
    arn = f"arn:aws:ec2:us-east-1:{owner}:instance/{place.db}"
    id = place.path(place.web, arn)
    (shown,) = ec2.describe_network_insights_paths(NetworkInsightsPathIds=[id])["NetworkInsightsPaths"]
    assert (shown["Destination"], shown["DestinationArn"]) == (arn, arn)


def test_a_token_makes_one_path(ec2: Any, place: InsightPlace) -> None:
    first = place.path(place.web, place.db, ClientToken="one")
    assert place.path(place.web, place.db, ClientToken="one") == first
    with refused("IdempotentParameterMismatch"):
        place.path(place.web, place.db, 80, ClientToken="one")
    assert place.path(place.web, place.db, ClientToken="two") != first


def test_filters_and_pages(ec2: Any, place: InsightPlace) -> None:
    ports = {"FromPort": 80, "ToPort": 90}
    at_source = {"DestinationAddress": "1.1.1.1", "SourcePortRange": ports}
    at_destination = {"SourceAddress": "1.2.3.4", "DestinationPortRange": ports}
    one = place.path(place.web, FilterAtSource=at_source)
    two = place.path(place.web, place.db, FilterAtDestination=at_destination)
    udp = place.path(place.db, place.web, Protocol="udp")
    for name, value, found in (
        ("source", place.web, {one, two}),
        ("destination", place.db, {two}),
        ("protocol", "udp", {udp}),
        ("filter-at-source.destination-address", "1.1.1.1", {one}),
        ("filter-at-source.source-port-range", "80-90", {one}),
        ("filter-at-destination.source-address", "1.2.3.4", {two}),
        ("filter-at-destination.destination-port-range", "80-90", {two}),
        ("filter-at-destination.source-port-range", "80-90", set()),
    ):
        asked = [{"Name": name, "Values": [value]}]
        shown = ec2.describe_network_insights_paths(Filters=asked)["NetworkInsightsPaths"]
        assert {path["NetworkInsightsPathId"] for path in shown} == found, name
    with refused("InvalidParameterValue", "vpc-id"):
        ec2.describe_network_insights_paths(Filters=[{"Name": "vpc-id", "Values": ["x"]}])
    pages = ec2.get_paginator("describe_network_insights_paths").paginate(PaginationConfig={"PageSize": 1})
    assert [len(page["NetworkInsightsPaths"]) for page in pages] == [1, 1, 1]
    (shown,) = ec2.describe_network_insights_paths(NetworkInsightsPathIds=[one])["NetworkInsightsPaths"]
    assert shown["FilterAtSource"] == at_source


def test_what_is_refused(ec2: Any, place: InsightPlace) -> None:
    web, db, arn = place.web, place.db, "arn:aws:ec2:us-east-1:123456789012:"
    ports = {"FromPort": 2, "ToPort": 1}
    lacking = "either the Destination parameter or the FilterAtSource.DestinationAddress parameter"
    for code, part, asked in (
        ("InvalidParameterValue", "tcp, udp", {"Destination": db, "Protocol": "icmp"}),
        ("InvalidParameterValue", "Destination", {"Destination": web}),
        ("InvalidParameterValue", "Destination", {"Destination": place.vpc}),
        ("InvalidParameterValue", "Destination", {"Destination": "10.0.0.1"}),
        ("InvalidParameterValue", "Destination", {"Destination": f"{arn}vpc/{place.vpc}"}),
        ("InvalidParameterValue", "Destination", {"Destination": "arn:aws:s3:::bucket"}),
        ("InvalidParameterValue", "region", {"Destination": arn.replace("east", "west") + f"instance/{db}"}),
        ("InvalidInstanceID.NotFound", db, {"Destination": f"{arn}instance/{db}"}),
        ("InvalidInstanceID.NotFound", "", {"Destination": f"i-{NOTHING}"}),
        ("InvalidInternetGatewayID.NotFound", "", {"Destination": f"igw-{NOTHING}"}),
        ("InvalidTransitGatewayID.NotFound", "", {"Destination": f"tgw-{NOTHING}"}),
        ("InvalidVpnGatewayID.NotFound", "", {"Destination": f"vgw-{NOTHING}"}),
        ("MissingParameter", lacking, {}),
        ("MissingParameter", lacking, {"DestinationIp": "10.0.0.1"}),
        ("InvalidParameterValue", "destinationPort", {"Destination": db, "DestinationPort": 65536}),
        ("InvalidParameterValue", "SourceIp", {"Destination": db, "SourceIp": "10.0.0.0/8"}),
        ("InvalidParameterValue", "SourceIp", {"Destination": db, "SourceIp": "fd00::1"}),
        (
            "InvalidParameterCombination",
            "SourceIp",
            {"Destination": db, "SourceIp": "10.0.0.1", "FilterAtSource": {"SourceAddress": "10.0.0.1"}},
        ),
        (
            "InvalidParameterCombination",
            "DestinationPort",
            {"Destination": db, "DestinationPort": 1, "FilterAtSource": {"SourceAddress": "10.0.0.1"}},
        ),
        (
            "InvalidParameterCombination",
            "DestinationIp",
            {
                "Destination": db,
                "DestinationIp": "10.0.0.1",
                "FilterAtDestination": {"SourceAddress": "10.0.0.1"},
            },
        ),
        (
            "InvalidParameterValue",
            "SourcePortRange",
            {"Destination": db, "FilterAtSource": {"SourcePortRange": ports}},
        ),
        (
            "MissingParameter",
            "FilterAtSource.SourcePortRange.ToPort",
            {"Destination": db, "FilterAtSource": {"SourcePortRange": {"FromPort": 1}}},
        ),
    ):
        with refused(code, part):
            ec2.create_network_insights_path(**{"Source": web, "Protocol": "tcp"} | asked)
    assert ec2.describe_network_insights_paths()["NetworkInsightsPaths"] == []


def test_no_more_paths_than_the_quota(serve: Any) -> None:
    ec2 = serve(quotas={"network_insights_paths": 1, "network_insights_analyses": 1}).client()
    place = InsightPlace(ec2)
    path = place.path(place.web, place.db)
    with refused("NetworkInsightsPathLimitExceeded"):
        place.path(place.web, place.db)
    place.analyse(path)
    with refused("NetworkInsightsAnalysisLimitExceeded"):
        place.analyse(path)
