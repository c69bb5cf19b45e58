"""Analyses of access scopes: their life, and the paths that they find."""

import contextlib
import os
import re
import signal
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from commands import wait_until
from elastinet.ec2.core.fact import ScopeAnalysed
from elastinet.engine import Engine
from elastinet.model.access_scope import AccessScopeAnalysis
from elastinet.model.change import Change, encode, entry
from elastinet.store import MemoryJournal, open_journal
from insight_place import Found, InsightPlace, cidr, ids, kinds
from refused import refused
from scope_place import ENI, IGW, PCX, analyse, ends, findings, of, of_types, scope, start


@pytest.fixture
def place(ec2: Any) -> InsightPlace:
    return InsightPlace(ec2)


def inbound(place: InsightPlace, *ports: str) -> Found:
    """What the internet reaches of a VPC, on some ports or any."""
    header = {"PacketHeaderStatement": {"DestinationPorts": [*ports]}} if ports else {}
    return {"Source": of_types(IGW), "Destination": of(place.vpc) | header}


def test_the_life_of_an_analysis(ec2: Any, place: InsightPlace) -> None:
    id = scope(ec2, inbound(place, "80"))
    spec = [{"ResourceType": "network-insights-access-scope-analysis", "Tags": [{"Key": "a", "Value": "b"}]}]
    started = ec2.start_network_insights_access_scope_analysis(
        NetworkInsightsAccessScopeId=id, TagSpecifications=spec, ClientToken="t"
    )["NetworkInsightsAccessScopeAnalysis"]
    analysis = started["NetworkInsightsAccessScopeAnalysisId"]
    assert analysis.startswith("nisa-")
    assert (started["Status"], started["AnalyzedEniCount"]) == ("running", 0)
    assert "FindingsFound" not in started
    assert started["NetworkInsightsAccessScopeAnalysisArn"].endswith(f"-access-scope-analysis/{analysis}")
    again = ec2.start_network_insights_access_scope_analysis(
        NetworkInsightsAccessScopeId=id, TagSpecifications=spec, ClientToken="t"
    )["NetworkInsightsAccessScopeAnalysis"]
    assert again == started
    found = analyse(ec2, analysis)
    assert (found["Status"], found["FindingsFound"], found["AnalyzedEniCount"]) == ("succeeded", "true", 2)
    assert found["StartDate"] == started["StartDate"] <= found["EndDate"]
    with refused("DependencyViolation", id):
        ec2.delete_network_insights_access_scope(NetworkInsightsAccessScopeId=id)
    gone = ec2.delete_network_insights_access_scope_analysis(NetworkInsightsAccessScopeAnalysisId=analysis)
    assert gone["NetworkInsightsAccessScopeAnalysisId"] == analysis
    for ask in (
        "get_network_insights_access_scope_analysis_findings",
        "delete_network_insights_access_scope_analysis",
    ):
        with refused("InvalidNetworkInsightsAccessScopeAnalysisId.NotFound", analysis):
            getattr(ec2, ask)(NetworkInsightsAccessScopeAnalysisId=analysis)
    ec2.delete_network_insights_access_scope(NetworkInsightsAccessScopeId=id)


def test_which_are_described(ec2: Any, place: InsightPlace) -> None:
    one, other = scope(ec2, inbound(place)), scope(ec2, inbound(place, "22"))
    good, bad = start(ec2, one), start(ec2, other)

    def shown(**asked: Any) -> list[str]:
        found = ec2.describe_network_insights_access_scope_analyses(**asked)
        return [
            one["NetworkInsightsAccessScopeAnalysisId"] for one in found["NetworkInsightsAccessScopeAnalyses"]
        ]

    assert shown() == [good, bad]
    assert shown(NetworkInsightsAccessScopeId=other) == [bad]
    assert shown(NetworkInsightsAccessScopeAnalysisIds=[good]) == [good]
    began = analyse(ec2, bad)["StartDate"]
    assert bad in shown(AnalysisStartTimeBegin=began)
    assert good in shown(AnalysisStartTimeEnd=began)
    assert shown(AnalysisStartTimeBegin=began.replace(year=began.year + 1)) == []
    with refused("InvalidParameterValue", "status"):
        shown(Filters=[{"Name": "status", "Values": ["succeeded"]}])
    assert analyse(ec2, bad)["FindingsFound"] == "false"


def test_from_the_internet(ec2: Any, place: InsightPlace) -> None:
    """The components that Network Access Analyzer shows, with all addresses of the internet."""
    found = findings(ec2, scope(ec2, inbound(place)))
    (one,) = found
    assert one["FindingId"] == "AnalysisFinding-1"
    components = one["FindingComponents"]
    assert ids(components)[0::3] == [place.gateway, place.web_eni]
    assert kinds(components) == ["igw", "acl", "sg", "eni"]
    gateway, acl, group, eni = components
    outside = gateway["InboundHeader"]
    assert len(outside["SourceAddresses"]) == 38
    assert outside["SourceAddresses"] == sorted(outside["SourceAddresses"])
    assert outside["DestinationAddresses"] == [f"{place.address}/32"]
    assert (outside["Protocol"], outside["DestinationPortRanges"]) == ("6", [{"From": 80, "To": 80}])
    assert outside["SourcePortRanges"] == [{"From": 0, "To": 65535}]
    assert gateway["OutboundHeader"].keys() == {"DestinationAddresses"}
    assert acl["AclRule"]["RuleAction"] == "allow"
    assert group["SecurityGroupRule"]["Cidr"] == "0.0.0.0/0"
    assert eni["AttachedTo"]["Id"] == place.web
    assert eni["InboundHeader"]["DestinationPortRanges"] == [{"From": 80, "To": 80}]
    assert (eni["Subnet"]["Id"], eni["Vpc"]["Id"]) == (place.public, place.vpc)


def test_each_rule_is_a_finding(ec2: Any, place: InsightPlace) -> None:
    place.allow(place.open, cidr("tcp", 22, "203.0.113.0/24"))
    place.allow(place.open, cidr("udp", 53))
    found = findings(ec2, scope(ec2, inbound(place)))
    headers = [one["FindingComponents"][0]["InboundHeader"] for one in found]
    told = {
        (h["Protocol"], h["DestinationPortRanges"][0]["From"], len(h["SourceAddresses"])) for h in headers
    }
    assert told == {("6", 80, 38), ("6", 22, 1), ("17", 53, 38)}


def test_to_the_internet(ec2: Any, place: InsightPlace) -> None:
    """By a NAT gateway, too, which is itself no end of a path."""
    nat = place.nat()
    found = findings(ec2, scope(ec2, {"Source": of_types(ENI), "Destination": of_types(IGW)}))
    assert {ends(one) for one in found} == {(place.web_eni, place.gateway), (place.db_eni, place.gateway)}
    (by_nat,) = {tuple(ids(one["FindingComponents"])) for one in found if ends(one)[0] == place.db_eni}
    assert nat in by_nat
    without = {"ThroughResources": [of_types("AWS::EC2::NatGateway")]}
    left = findings(ec2, scope(ec2, {"Destination": of_types(IGW)}, without))
    assert {ends(one)[0] for one in left} == {place.web_eni}


def test_what_reaches_the_database_but_the_application(ec2: Any, place: InsightPlace) -> None:
    to_db = {"Destination": of(place.closed)}
    assert {ends(one) for one in findings(ec2, scope(ec2, to_db))} == {(place.web_eni, place.db_eni)}
    assert findings(ec2, scope(ec2, to_db, {"Source": of(place.open), "Destination": of(place.closed)})) == []
    place.allow(place.closed, cidr("tcp", 5432, "10.0.0.0/16"))
    other, other_eni = place.instance(place.public, place.group("other"))
    left = findings(ec2, scope(ec2, to_db, {"Source": of(place.web), "Destination": of(place.db)}))
    assert {ends(one) for one in left} == {(other_eni, place.db_eni)}
    ec2.stop_instances(InstanceIds=[other])
    assert findings(ec2, scope(ec2, to_db, {"Source": of(place.open)})) == []


def header(**fields: list[str]) -> Found:
    return {"PacketHeaderStatement": fields}


def test_an_exclusion_takes_away_what_it_says_and_no_more(ec2: Any, place: InsightPlace) -> None:
    place.allow(
        place.open, {"IpProtocol": "tcp", "FromPort": 79, "ToPort": 81, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    )
    wanted = inbound(place, "79-81")
    known = {"Destination": header(DestinationPorts=["80"], Protocols=["tcp"])}
    (left,) = findings(ec2, scope(ec2, wanted, known))
    shown = left["FindingComponents"][-1]["InboundHeader"]["DestinationPortRanges"]
    assert shown == [{"From": 79, "To": 79}, {"From": 81, "To": 81}]
    partner = {"Source": header(SourceAddresses=["0.0.0.0/1"])}
    (rest,) = findings(ec2, scope(ec2, inbound(place, "80"), partner))
    sources = rest["FindingComponents"][0]["InboundHeader"]["SourceAddresses"]
    assert all(int(block.partition(".")[0]) >= 128 for block in sources)
    halves = [{"Source": header(SourcePorts=[ports])} for ports in ("0-32767", "32768-65535")]
    assert findings(ec2, scope(ec2, inbound(place, "80"), *halves)) == []
    assert len(findings(ec2, scope(ec2, inbound(place, "80"), halves[0]))) == 1
    by_address = {"Source": header(DestinationAddresses=[f"{place.address}/32"])}
    assert findings(ec2, scope(ec2, wanted, by_address)) == []


def test_headers_at_both_ends(ec2: Any, place: InsightPlace) -> None:
    """Outside a public address is the destination, behind the gateway a private one is."""
    (eni,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[place.web_eni])["NetworkInterfaces"]
    private = eni["PrivateIpAddress"]

    def count(end: str, address: str) -> int:
        match = inbound(place)
        match[end] = match[end] | header(DestinationAddresses=[address])
        return len(findings(ec2, scope(ec2, match)))

    told = [count(end, address) for end in ("Source", "Destination") for address in (place.address, private)]
    assert told == [1, 0, 0, 1]


def test_prefix_lists(ec2: Any, place: InsightPlace) -> None:
    entries = [{"Cidr": "198.51.100.0/24"}]
    made = ec2.create_managed_prefix_list(
        PrefixListName="l", AddressFamily="IPv4", MaxEntries=1, Entries=entries
    )
    listed = {"Source": of_types(IGW) | header(SourcePrefixLists=[made["PrefixList"]["PrefixListId"]])}
    (found,) = findings(ec2, scope(ec2, listed))
    assert found["FindingComponents"][0]["InboundHeader"]["SourceAddresses"] == ["198.51.100.0/24"]


def test_over_a_peering_connection(ec2: Any, place: InsightPlace) -> None:
    far = InsightPlace(ec2, 1)
    peering = place.peer(far)
    far.allow(far.closed, cidr("tcp", 443, "10.0.0.0/16"))
    between = {"Source": of(place.vpc), "Destination": of(far.db)}
    (found,) = findings(ec2, scope(ec2, between))
    assert ends(found) == (place.db_eni, far.db_eni)
    assert kinds(found["FindingComponents"]) == ["eni", "sg", "acl", "rtb", "pcx", "acl", "sg", "eni"]
    assert findings(ec2, scope(ec2, between, {"ThroughResources": [of(peering)]})) == []
    assert findings(ec2, scope(ec2, between, {"ThroughResources": [of_types(PCX)]})) == []
    into = findings(ec2, scope(ec2, {"Source": of_types(PCX), "Destination": of(far.db)}))
    assert {ends(one) for one in into} == {(peering, far.db_eni)}
    out = findings(ec2, scope(ec2, {"Source": of(place.db_eni), "Destination": of(peering)}))
    assert {ends(one) for one in out} == {(place.db_eni, peering)}


def test_by_the_table_of_a_gateway_and_an_appliance(ec2: Any, place: InsightPlace) -> None:
    """What comes in from the internet is routed to an appliance, whose forwarding is assumed and said."""
    inner = place.subnet(3)
    box, box_eni = place.instance(place.public, place.group("box", cidr("tcp", 80)))
    server, server_eni = place.instance(inner, place.open)
    place.elastic(server_eni)
    ec2.modify_network_interface_attribute(NetworkInterfaceId=box_eni, SourceDestCheck={"Value": False})
    table = ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.3.0/24", NetworkInterfaceId=box_eni)
    ec2.associate_route_table(RouteTableId=table, GatewayId=place.gateway)
    id = start(ec2, scope(ec2, {"Source": of_types(IGW), "Destination": of(server)}))
    analysis = analyse(ec2, id)
    assert box_eni in analysis["WarningMessage"]
    (found,) = ec2.get_network_insights_access_scope_analysis_findings(
        NetworkInsightsAccessScopeAnalysisId=id
    )["AnalysisFindings"]
    way = ids(found["FindingComponents"])
    assert [way.index(one) for one in (place.gateway, table, box_eni, server_eni)] == sorted(
        way.index(one) for one in (place.gateway, table, box_eni, server_eni)
    )
    ec2.stop_instances(InstanceIds=[box])
    assert findings(ec2, scope(ec2, {"Source": of_types(IGW), "Destination": of(server)})) == []


def test_what_is_not_here_matches_nothing(ec2: Any, place: InsightPlace) -> None:
    for kind in ("TransitGatewayAttachment", "VPNGateway", "VPCEndpointService", "VPCEndpoint"):
        assert findings(ec2, scope(ec2, {"Source": of_types(f"AWS::EC2::{kind}")})) == []


def test_a_resource_that_is_gone_matches_nothing(ec2: Any, place: InsightPlace) -> None:
    made = ec2.create_network_interface(SubnetId=place.private, Groups=[place.closed])
    eni = made["NetworkInterface"]["NetworkInterfaceId"]
    lists = ec2.create_managed_prefix_list(
        PrefixListName="l", AddressFamily="IPv4", MaxEntries=1, Entries=[{"Cidr": "10.0.0.0/8"}]
    )
    listed = lists["PrefixList"]["PrefixListId"]
    id = scope(ec2, {"Source": of(eni)}, {"Source": header(SourcePrefixLists=[listed])})
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.delete_managed_prefix_list(PrefixListId=listed)
    assert findings(ec2, id) == []


def test_pages_of_findings(ec2: Any, place: InsightPlace) -> None:
    for number in range(5):
        place.allow(place.open, cidr("tcp", 100 + number))
    id = start(ec2, scope(ec2, inbound(place)))
    analyse(ec2, id)
    pages = ec2.get_paginator("get_network_insights_access_scope_analysis_findings").paginate(
        NetworkInsightsAccessScopeAnalysisId=id, PaginationConfig={"PageSize": 4}
    )
    shown = [[one["FindingId"] for one in page["AnalysisFindings"]] for page in pages]
    assert [len(page) for page in shown] == [4, 2]
    assert [name for page in shown for name in page] == [f"AnalysisFinding-{n}" for n in range(1, 7)]
    for token in ("x", "YWZ0ZXI6eA=="):
        with refused("InvalidNextToken"):
            ec2.get_network_insights_access_scope_analysis_findings(
                NetworkInsightsAccessScopeAnalysisId=id, NextToken=token
            )


def test_old_findings_stay(ec2: Any, place: InsightPlace) -> None:
    id = scope(ec2, inbound(place))
    before = start(ec2, id)
    ec2.revoke_security_group_ingress(GroupId=place.open, IpPermissions=[cidr("tcp", 80)])
    assert analyse(ec2, before)["FindingsFound"] == "true"
    assert analyse(ec2, start(ec2, id))["FindingsFound"] == "false"


# --- beside the engine ----------------------------------------------------------------------------


def test_an_analysis_is_kept_for_120_days() -> None:
    now = [1.8e9]
    engine = Engine(MemoryJournal(), clock=lambda: now[0])
    owner, region = "111111111111", "us-east-1"

    def call(action: str, **params: Any) -> Any:
        return engine.call(owner, region, action, params)

    made = call("CreateNetworkInsightsAccessScope", MatchPaths=[{"Source": of_types(IGW)}], ClientToken="a")
    id = made["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"]
    begun = call("StartNetworkInsightsAccessScopeAnalysis", NetworkInsightsAccessScopeId=id, ClientToken="a")
    analysis = begun["NetworkInsightsAccessScopeAnalysis"]["NetworkInsightsAccessScopeAnalysisId"]
    engine.report(owner, region, ScopeAnalysed(analysis))
    for days, count in ((119, 1), (2, 0)):
        now[0] += 86_400 * days
        engine.sweep()
        shown = call("DescribeNetworkInsightsAccessScopeAnalyses")["NetworkInsightsAccessScopeAnalyses"]
        assert len(shown) == count
    engine.report(owner, region, ScopeAnalysed(analysis, failure="late"))
    assert call("DescribeNetworkInsightsAccessScopes")["NetworkInsightsAccessScopes"]
    call("DeleteNetworkInsightsAccessScope", NetworkInsightsAccessScopeId=id)


def test_a_result_that_comes_twice_changes_nothing() -> None:
    engine = Engine(MemoryJournal())
    owner, region = "111111111111", "us-east-1"
    made: Any = engine.call(
        owner, region, "CreateNetworkInsightsAccessScope", {"MatchPaths": [{"Source": of_types(IGW)}]}
    )
    id = {"NetworkInsightsAccessScopeId": made["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"]}
    begun: Any = engine.call(owner, region, "StartNetworkInsightsAccessScopeAnalysis", id)
    analysis = begun["NetworkInsightsAccessScopeAnalysis"]["NetworkInsightsAccessScopeAnalysisId"]
    engine.report(owner, region, ScopeAnalysed(analysis, failure="broken"))
    engine.report(owner, region, ScopeAnalysed(analysis, count=1))
    shown: Any = engine.call(owner, region, "DescribeNetworkInsightsAccessScopeAnalyses", {})
    (found,) = shown["NetworkInsightsAccessScopeAnalyses"]
    told = (found["Status"], found["StatusMessage"], found["FindingsFound"])
    assert told == ("failed", "broken", "unknown")


def workers(server: Any) -> list[int]:
    """The processes of a server that make analyses."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                status, command = (folder / "status").read_text(), (folder / "cmdline").read_text()
            except OSError:
                continue
            parent = re.search(r"PPid:\t(\d+)", status)
            if "scope_worker" in command and parent and int(parent[1]) == server.process.pid:
                found.append(int(folder.name))
    return found


def test_an_analysis_that_a_crash_interrupts_is_made_again(serve: Any, tmp_path: Path) -> None:
    (folder := tmp_path / "state").mkdir(0o700)
    server = serve(state=str(folder))
    ec2 = server.client()
    place = InsightPlace(ec2)
    done = start(ec2, scope(ec2, inbound(place)))
    first = analyse(ec2, done)
    shown = ec2.get_network_insights_access_scope_analysis_findings(NetworkInsightsAccessScopeAnalysisId=done)
    cut = start(ec2, scope(ec2, inbound(place)))
    server.process.kill()  # while a new process still reads the region
    server.process.wait(30)
    server.start()
    assert analyse(ec2, done) == first
    again = ec2.get_network_insights_access_scope_analysis_findings(NetworkInsightsAccessScopeAnalysisId=done)
    assert again["AnalysisFindings"] == shown["AnalysisFindings"]
    assert analyse(ec2, cut)["FindingsFound"] == "true"
    wait_until(lambda: not workers(server))


def test_an_analysis_without_its_scope_fails(serve: Any, tmp_path: Path) -> None:
    """As a journal may have it that lost a line and was repaired."""
    (folder := tmp_path / "state").mkdir(0o700)
    owner, here = "111111111111", "us-east-1"
    lost = AccessScopeAnalysis(id="nisa-1", owner=owner, region=here, scope_id="nis-1", start_time=1.8e9)
    with closing(open_journal(folder)) as journal:
        journal.rewrite([encode(entry("Lost", 1.8e9, [Change(AccessScopeAnalysis, lost.id, None, lost)]))])
    ec2 = serve(state=str(folder)).client(account=owner)
    found = analyse(ec2, "nisa-1")
    assert found["Status"] == "failed"
    assert "scope" in found["StatusMessage"]


def test_the_engine_answers_while_an_analysis_runs(serve: Any) -> None:
    """The analysis is held up for as long as it takes; what comes after it waits for its turn."""
    server = serve()
    ec2 = server.client()
    id = scope(ec2, {"Source": of_types(IGW)})
    first = start(ec2, id)
    wait_until(lambda: workers(server))
    (worker,) = workers(server)
    os.kill(worker, signal.SIGSTOP)
    try:
        second = start(ec2, id)
        assert ec2.describe_vpcs()["Vpcs"]
        assert workers(server) == [worker]
        shown = ec2.describe_network_insights_access_scope_analyses()["NetworkInsightsAccessScopeAnalyses"]
        assert [one["Status"] for one in shown] == ["running", "running"]
        found = ec2.get_network_insights_access_scope_analysis_findings(
            NetworkInsightsAccessScopeAnalysisId=first
        )
        assert (found["AnalysisStatus"], found["AnalysisFindings"]) == ("running", [])
    finally:
        os.kill(worker, signal.SIGCONT)
    assert [analyse(ec2, one)["Status"] for one in (first, second)] == ["succeeded", "succeeded"]


def test_no_more_run_at_once_than_the_quota(serve: Any) -> None:
    server = serve(quotas={"running_access_scope_analyses": 1})
    ec2 = server.client()
    id = scope(ec2, {"Source": of_types(IGW)})
    first = start(ec2, id)
    wait_until(lambda: workers(server))
    (worker,) = workers(server)
    os.kill(worker, signal.SIGSTOP)
    try:
        with refused("NetworkInsightsAccessScopeAnalysisLimitExceeded"):
            start(ec2, id)
    finally:
        os.kill(worker, signal.SIGCONT)
    analyse(ec2, first)
    start(ec2, id)


def test_a_process_that_dies_fails_its_analysis(serve: Any) -> None:
    """And one whose analysis is deleted ends with it."""
    server = serve()
    ec2 = server.client()
    id = scope(ec2, {"Source": of_types(IGW)})
    failed = start(ec2, id)
    stopped = threading.Event()

    def end_all() -> None:
        while not stopped.is_set():
            for pid in workers(server):
                end(pid)
            time.sleep(0.005)

    killer = threading.Thread(target=end_all)
    killer.start()
    try:
        found = analyse(ec2, failed)
    finally:
        stopped.set()
        killer.join()
    assert (found["Status"], found["FindingsFound"]) == ("failed", "unknown")
    assert found["StatusMessage"]
    gone = start(ec2, id)
    ec2.delete_network_insights_access_scope_analysis(NetworkInsightsAccessScopeAnalysisId=gone)
    wait_until(lambda: not workers(server))
    assert analyse(ec2, start(ec2, id))["Status"] == "succeeded"


def end(pid: int) -> None:
    """Kill a process by its id, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
