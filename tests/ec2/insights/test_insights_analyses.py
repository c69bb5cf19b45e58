"""Analyses: their life, and the components of paths there and back."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from elastinet.engine import Engine
from elastinet.store import MemoryJournal
from insight_place import InsightPlace, codes, ids, kinds
from refused import refused


@pytest.fixture
def place(ec2: Any) -> InsightPlace:
    return InsightPlace(ec2)


def test_the_life_of_an_analysis(ec2: Any, place: InsightPlace) -> None:
    path = place.path(place.web, place.db, 5432)
    spec = [{"ResourceType": "network-insights-analysis", "Tags": [{"Key": "a", "Value": "b"}]}]
    accounts = ["123456789012"]
    started = ec2.start_network_insights_analysis(
        NetworkInsightsPathId=path, TagSpecifications=spec, AdditionalAccounts=accounts
    )["NetworkInsightsAnalysis"]
    id = started["NetworkInsightsAnalysisId"]
    assert id.startswith("nia-")
    assert started["Status"] == "running"
    assert "NetworkPathFound" not in started
    assert started["NetworkInsightsAnalysisArn"].endswith(f":network-insights-analysis/{id}")
    assert started["AdditionalAccounts"] == accounts
    (found,) = ec2.describe_network_insights_analyses(NetworkInsightsPathId=path)["NetworkInsightsAnalyses"]
    assert (found["Status"], found["NetworkPathFound"]) == ("succeeded", True)
    assert {name: found[name] for name in started if name != "Status"} == {
        name: value for name, value in started.items() if name != "Status"
    }
    assert "Explanations" not in found
    with refused("AnalysisExistsForNetworkInsightsPath", path):
        ec2.delete_network_insights_path(NetworkInsightsPathId=path)
    ec2.create_tags(Resources=[id], Tags=[{"Key": "c", "Value": "d"}])
    gone = ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=id)
    assert gone["NetworkInsightsAnalysisId"] == id
    with refused("InvalidNetworkInsightsAnalysisId.NotFound", id):
        ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=[id])
    ec2.delete_network_insights_path(NetworkInsightsPathId=path)


def test_which_are_described(ec2: Any, place: InsightPlace) -> None:
    yes, no = place.path(place.web, place.db, 5432), place.path(place.web, place.db, 22)
    good, bad = place.analyse(yes), place.analyse(no)

    def shown(**asked: Any) -> list[str]:
        found = ec2.describe_network_insights_analyses(**asked)["NetworkInsightsAnalyses"]
        return [one["NetworkInsightsAnalysisId"] for one in found]

    one, other = good["NetworkInsightsAnalysisId"], bad["NetworkInsightsAnalysisId"]
    assert shown() == [one, other]
    assert shown(NetworkInsightsPathId=no) == [other]
    assert shown(Filters=[{"Name": "path-found", "Values": ["true"]}]) == [one]
    assert shown(Filters=[{"Name": "status", "Values": ["running"]}]) == []
    assert shown(AnalysisStartTime=good["StartDate"], AnalysisEndTime=bad["StartDate"]) == [one, other]
    assert shown(AnalysisStartTime=bad["StartDate"] + timedelta(seconds=1)) == []
    assert shown(AnalysisEndTime=good["StartDate"] - timedelta(seconds=1)) == []
    for code, asked in (
        ("InvalidNetworkInsightsPathId.NotFound", {"NetworkInsightsPathId": "nip-" + "0" * 17}),
        ("InvalidParameterValue", {"Filters": [{"Name": "in-time", "Values": ["true"]}]}),
    ):
        with refused(code):
            ec2.describe_network_insights_analyses(**asked)


def test_what_is_refused(ec2: Any, place: InsightPlace) -> None:
    path, arn = place.path(place.web, place.db), "arn:aws:ec2:us-east-1:123456789012:natgateway/nat-1"
    for code, asked in (
        ("InvalidNetworkInsightsPathId.NotFound", {"NetworkInsightsPathId": "nip-1"}),
        ("InvalidParameterValue", {"AdditionalAccounts": ["me"]}),
        ("InvalidParameterValue", {"FilterInArns": ["nat-1"]}),
        ("InvalidParameterCombination", {"FilterInArns": [arn], "FilterOutArns": [arn]}),
    ):
        with refused(code):
            ec2.start_network_insights_analysis(**{"NetworkInsightsPathId": path} | asked)
    assert ec2.describe_network_insights_analyses()["NetworkInsightsAnalyses"] == []


def test_from_the_internet_and_back(place: InsightPlace) -> None:
    found = place.ask(place.gateway, place.web, 80)
    assert found["NetworkPathFound"] is True
    forward, back = found["ForwardPathComponents"], found["ReturnPathComponents"]
    assert kinds(forward) == ["igw", "acl", "sg", "eni", "i"]
    gateway, acl, group, eni, instance = forward
    assert gateway["Vpc"]["Id"] == place.vpc
    outside = gateway["InboundHeader"]
    assert outside["DestinationAddresses"] == [f"{place.address}/32"]
    assert outside["SourceAddresses"] == sorted(outside["SourceAddresses"])
    assert {"0.0.0.0/5", "128.0.0.0/3", "100.0.0.0/10"} <= set(outside["SourceAddresses"])
    assert not {"10.0.0.0/8", "0.0.0.0/0"} & set(outside["SourceAddresses"])
    assert (outside["Protocol"], outside["DestinationPortRanges"]) == ("6", [{"From": 80, "To": 80}])
    assert outside["SourcePortRanges"] == [{"From": 0, "To": 65535}]
    assert gateway["OutboundHeader"].keys() == {"DestinationAddresses"}
    assert acl["AclRule"] == {
        "Cidr": "0.0.0.0/0",
        "Egress": False,
        "Protocol": "all",
        "RuleAction": "allow",
        "RuleNumber": 100,
    }
    assert group["Component"]["Id"] == place.open
    assert group["SecurityGroupRule"] == {
        "Cidr": "0.0.0.0/0",
        "Direction": "ingress",
        "PortRange": {"From": 80, "To": 80},
        "Protocol": "tcp",
    }
    assert [eni[name]["Id"] for name in ("AttachedTo", "Subnet", "Vpc")] == [
        place.web,
        place.public,
        place.vpc,
    ]
    assert "InboundHeader" not in eni
    private = gateway["OutboundHeader"]["DestinationAddresses"]
    assert instance["InboundHeader"]["DestinationAddresses"] == private
    assert all(one["AdditionalDetails"] == one["Explanations"] == [] for one in (*forward, *back))
    assert kinds(back) == ["i", "eni", "sg", "acl", "rtb", "igw"]
    assert back[0]["OutboundHeader"]["SourceAddresses"] == private
    assert back[0]["OutboundHeader"]["SourcePortRanges"] == [{"From": 80, "To": 80}]
    assert back[2]["Component"]["Id"] == place.open
    assert "SecurityGroupRule" not in back[2]  # it knows the flow
    assert back[4]["RouteTableRoute"] == {
        "DestinationCidr": "0.0.0.0/0",
        "GatewayId": place.gateway,
        "Origin": "createroute",
        "State": "active",
    }
    assert back[5]["OutboundHeader"]["SourceAddresses"] == [f"{place.address}/32"]


def test_by_a_nat_gateway(place: InsightPlace) -> None:
    nat = place.nat()
    found = place.ask(place.db, place.gateway, 443)
    assert found["NetworkPathFound"] is True
    forward = found["ForwardPathComponents"]
    way = ["i", "eni", "sg", "acl", "rtb", "acl", "eni", "nat", "eni", "acl", "rtb", "igw"]
    assert kinds(forward) == way
    assert forward[6]["Component"] == forward[8]["Component"]
    assert forward[6]["AttachedTo"]["Id"] == nat
    translated = forward[7]["OutboundHeader"]
    assert translated.keys() == {"SourceAddresses", "SourcePortRanges"}
    assert translated["SourcePortRanges"] == [{"From": 1024, "To": 65535}]
    assert forward[0]["OutboundHeader"]["SourcePortRanges"] == [{"From": 0, "To": 65535}]
    assert len(forward[11]["OutboundHeader"]) == 5
    back = ["igw", "acl", "eni", "nat", "eni", "acl", "rtb", "acl", "sg", "eni", "i"]
    assert kinds(found["ReturnPathComponents"]) == back


def test_between_subnets_and_inside_one(place: InsightPlace) -> None:
    found = place.ask(place.web_eni, place.db_eni, 5432)
    forward = found["ForwardPathComponents"]
    assert kinds(forward) == ["eni", "sg", "acl", "rtb", "acl", "sg", "eni"]
    assert forward[3]["RouteTableRoute"] == {
        "DestinationCidr": "10.0.0.0/16",
        "GatewayId": "local",
        "Origin": "createroutetable",
        "State": "active",
    }
    assert forward[5]["SecurityGroupRule"]["SecurityGroupId"] == place.open
    assert forward[0]["OutboundHeader"]["DestinationPortRanges"] == [{"From": 5432, "To": 5432}]
    assert forward[6]["InboundHeader"] == forward[0]["OutboundHeader"]
    beside, _ = place.instance(place.public, place.open)
    inside = place.ask(place.web, beside, 80)
    assert kinds(inside["ForwardPathComponents"]) == ["i", "eni", "sg", "sg", "eni", "i"]


def test_udp_is_asked_one_way(place: InsightPlace) -> None:
    permission = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "IpRanges": [{"CidrIp": "10.0.1.0/24"}]}
    place.allow(place.closed, permission)
    found = place.ask(place.web, place.db, 53, Protocol="udp")
    assert found["NetworkPathFound"] is True
    assert "ReturnPathComponents" not in found
    assert found["ForwardPathComponents"][-1]["InboundHeader"]["Protocol"] == "17"


def test_over_a_peering_connection(ec2: Any, place: InsightPlace) -> None:
    far = InsightPlace(ec2, 1)
    peering = place.peer(far)
    far.allow(far.closed, {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]})
    found = place.ask(place.db_eni, far.db_eni, 80)
    assert found["NetworkPathFound"] is True
    forward = found["ForwardPathComponents"]
    assert kinds(forward) == ["eni", "sg", "acl", "rtb", "pcx", "acl", "sg", "eni"]
    assert forward[3]["RouteTableRoute"]["VpcPeeringConnectionId"] == peering
    assert [forward[4][name]["Id"] for name in ("SourceVpc", "DestinationVpc")] == [place.vpc, far.vpc]
    back = found["ReturnPathComponents"][4]
    assert [back[name]["Id"] for name in ("SourceVpc", "DestinationVpc")] == [far.vpc, place.vpc]
    out = place.ask(place.db, peering, 80)
    assert kinds(out["ForwardPathComponents"]) == ["i", "eni", "sg", "acl", "rtb", "pcx"]
    assert out["NetworkPathFound"] is True
    come = place.ask(peering, far.db, 80)
    assert kinds(come["ForwardPathComponents"]) == ["pcx", "acl", "sg", "eni", "i"]
    assert come["NetworkPathFound"] is True


def test_an_address_as_destination(place: InsightPlace) -> None:
    out = place.ask(place.web, FilterAtSource={"DestinationAddress": "1.1.1.1"})
    assert out["NetworkPathFound"] is True
    assert ids(out["ForwardPathComponents"])[-1] == place.gateway
    assert out["ForwardPathComponents"][0]["OutboundHeader"]["DestinationAddresses"] == ["1.1.1.1/32"]
    private = place.ec2.describe_instances(InstanceIds=[place.db])["Reservations"][0]["Instances"][0]
    address = private["PrivateIpAddress"]
    ports = {"FromPort": 5432, "ToPort": 5432}
    near = place.ask(place.web, FilterAtSource={"DestinationAddress": address, "DestinationPortRange": ports})
    assert ids(near["ForwardPathComponents"])[-1] == place.db_eni
    assert near["NetworkPathFound"] is True


def test_filters_at_both_ends(place: InsightPlace) -> None:
    allowed = place.ask(place.gateway, place.web, 80, SourceIp="1.1.1.1", DestinationIp=place.address)
    assert allowed["NetworkPathFound"] is True
    assert allowed["ForwardPathComponents"][0]["InboundHeader"]["SourceAddresses"] == ["1.1.1.1/32"]
    ports = {"FromPort": 80, "ToPort": 90}
    narrowed = place.ask(place.gateway, place.web, FilterAtDestination={"DestinationPortRange": ports})
    shown = narrowed["ForwardPathComponents"][0]["InboundHeader"]["DestinationPortRanges"]
    assert shown == [{"From": 80, "To": 80}]


def test_components_that_must_be_there_or_not(ec2: Any, place: InsightPlace) -> None:
    owner = ec2.describe_vpcs()["Vpcs"][0]["OwnerId"]
    nat = f"arn:aws:ec2:us-east-1:{owner}:natgateway/{place.nat()}"
    by = place.ask(place.db, place.gateway, 443, FilterInArns=[nat])
    assert by["NetworkPathFound"] is True
    assert by["FilterInArns"] == [nat]
    without = place.ask(place.db, place.gateway, 443, FilterOutArns=[nat])
    assert without["NetworkPathFound"] is False
    assert without["FilterOutArns"] == [nat]
    not_by = place.ask(place.web, place.gateway, 443, FilterInArns=[nat])
    assert codes(not_by) == ["COMPONENT_FILTER_RESTRICTION"]


def test_another_way_is_hinted_at(ec2: Any, place: InsightPlace) -> None:
    """A subnet's table leads half of the internet to each of two NAT gateways."""
    first = place.nat()
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    second = ec2.create_nat_gateway(SubnetId=place.public, AllocationId=address)["NatGateway"]["NatGatewayId"]
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[second])
    ec2.create_route(RouteTableId=place.own, DestinationCidrBlock="128.0.0.0/1", NatGatewayId=second)
    found = place.ask(place.db, place.gateway, 443)
    own = {first, second} & set(ids(found["ForwardPathComponents"]))
    assert {hint["ComponentId"] for hint in found["AlternatePathHints"]} == {first, second} - own


def test_old_answers_stay(ec2: Any, place: InsightPlace) -> None:
    path = place.path(place.web, place.db, 5432)
    before = place.analyse(path)
    ec2.stop_instances(InstanceIds=[place.db])
    ec2.create_tags(Resources=[place.db], Tags=[{"Key": "Name", "Value": "new"}])
    assert place.analyse(path)["NetworkPathFound"] is False
    id = before["NetworkInsightsAnalysisId"]
    (again,) = ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=[id])[
        "NetworkInsightsAnalyses"
    ]
    assert again == before


def test_a_name_is_shown(ec2: Any, place: InsightPlace) -> None:
    ec2.create_tags(Resources=[place.db], Tags=[{"Key": "Name", "Value": "db"}])
    found = place.ask(place.web, place.db, 5432)
    assert found["ForwardPathComponents"][-1]["Component"]["Name"] == "db"


def test_a_middlebox_is_followed_and_said(ec2: Any, place: InsightPlace) -> None:
    box, eni = place.instance(place.subnet(3), place.group("box", {"IpProtocol": "-1", **ANY}))
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck={"Value": False})
    for table, block in ((place.table, "10.0.2.0/24"), (place.own, "10.0.1.0/24")):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, NetworkInterfaceId=eni)
    place.allow(place.closed, {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.1.0/24"}]})
    found = place.ask(place.web, place.db, 5432)
    assert found["NetworkPathFound"] is True
    assert eni in found["WarningMessage"]
    assert ids(found["ForwardPathComponents"]).count(eni) == 2
    assert box in str(found["ForwardPathComponents"])


ANY = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def test_an_analysis_is_kept_for_120_days() -> None:
    now = [1.8e9]
    engine = Engine(MemoryJournal(), clock=lambda: now[0])

    def call(action: str, **params: Any) -> Any:
        return engine.call("111111111111", "us-east-1", action, params)

    subnet = call("DescribeSubnets")["Subnets"][0]["SubnetId"]
    made = call("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    (gateway, *_) = call("DescribeInternetGateways")["InternetGateways"]
    ends = {"Source": made, "Destination": gateway["InternetGatewayId"], "Protocol": "tcp"}
    path = call("CreateNetworkInsightsPath", **ends, ClientToken="a")["NetworkInsightsPath"]
    call("StartNetworkInsightsAnalysis", NetworkInsightsPathId=path["NetworkInsightsPathId"], ClientToken="a")
    for days, count in ((119, 1), (2, 0)):
        now[0] += 86_400 * days
        engine.sweep()
        assert len(call("DescribeNetworkInsightsAnalyses")["NetworkInsightsAnalyses"]) == count
    assert len(call("DescribeNetworkInsightsPaths")["NetworkInsightsPaths"]) == 1


def test_analyses_survive_a_restart(serve: Any, tmp_path: Path) -> None:
    (folder := tmp_path / "state").mkdir(0o700)
    server = serve(state=str(folder))
    ec2 = server.client()
    place = InsightPlace(ec2)
    found = place.ask(place.gateway, place.web, 80)
    why = place.ask(place.web, place.db, 22)
    server.process.kill()
    server.process.wait(30)
    server.start()
    shown = ec2.describe_network_insights_analyses()["NetworkInsightsAnalyses"]
    assert shown == [found, why]
