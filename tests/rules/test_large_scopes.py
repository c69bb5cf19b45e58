"""Scopes of a region of thousands of interfaces, against what its making says of them."""

import time

import pytest

from elastinet.ec2.insights import scope_findings
from elastinet.ec2.insights.scope_findings import MORE, MOST_FINDINGS, Search, unpack
from elastinet.model.access_scope import (
    AccessScope,
    AccessScopePath,
    PacketHeaderStatement,
    PathStatement,
    ResourceStatement,
)
from elastinet.model.interface import NetworkInterface
from elastinet.model.security import SecurityGroupRule
from large_region import EVERYWHERE, HERE, OWNER, SUBNETS, LargeRegion

FROM_INTERNET = (EVERYWHERE, "203.0.113.")
MOST_SECONDS = 60
"""Of one core, for what takes one or two: so slow is no machine that the tests run on."""


@pytest.fixture(scope="module")
def region() -> LargeRegion:
    return LargeRegion(10_000, 500)


def of_types(*kinds: str, **header: tuple[str, ...]) -> PathStatement:
    headers = PacketHeaderStatement(**header) if header else None
    return PathStatement(headers, ResourceStatement((), tuple(f"AWS::EC2::{kind}" for kind in kinds)))


def of(*ids: str) -> PathStatement:
    return PathStatement(None, ResourceStatement(ids))


def found(region: LargeRegion, match: AccessScopePath, *exclusions: AccessScopePath) -> set[tuple[str, str]]:
    """The ends of all findings, which must be fewer than an analysis may have."""
    asked = AccessScope(
        id="nis-1", owner=OWNER, region=HERE, match_paths=(match,), exclude_paths=exclusions, create_time=0.0
    )
    began = time.process_time()
    findings = Search(region.state, asked).findings()
    assert time.process_time() - began < MOST_SECONDS
    assert findings.found < MOST_FINDINGS
    components = [one for page in findings.pages for one in unpack(page)]
    return {(one[0].component.id, one[-1].component.id) for one in components}


def open_to_the_internet(region: LargeRegion, group: str, port: int) -> bool:
    rules = region.state.where(SecurityGroupRule, "group-id", group)
    own = (rule for rule in rules if not rule.egress and (rule.protocol, rule.low) == (6, port))
    return any((rule.cidr or "").startswith(FROM_INTERNET) for rule in own)


def test_what_the_internet_reaches_on_22(region: LargeRegion) -> None:
    match = AccessScopePath(
        of_types("InternetGateway"),
        of_types("NetworkInterface", destination_ports=("22",), protocols=("tcp",)),
    )
    reached = {target for _, target in found(region, match)}
    expected = {
        interface.id
        for interface in region.state.all(NetworkInterface)
        if interface.public_ip and any(open_to_the_internet(region, group, 22) for group in interface.groups)
    }
    assert reached == expected
    assert all(
        int(region.state.need(NetworkInterface, id).primary.split(".")[2]) < SUBNETS // 4 for id in reached
    )
    assert len(reached) > 100


def test_what_reaches_the_databases_but_the_application(region: LargeRegion) -> None:
    """Nothing, by their rules; with a rule too many, the members of its group, in the same VPC."""
    tiers = region.tiers[0]
    to_db = AccessScopePath(destination=of(*tiers["db"]))
    known = AccessScopePath(of(*tiers["app"]), of(*tiers["db"]))
    assert found(region, to_db, known) == set()
    stray, database = tiers["rest"][0], tiers["db"][0]
    region._rule(database, False, 6, 5432, 5432, peer_group=stray)
    members = {
        group: {i.id for i in region.state.where(NetworkInterface, "group-id", group)}
        for group in (stray, database)
    }
    every = {(one, other) for one in members[stray] for other in members[database]}
    assert found(region, to_db, known) == every != set()


def test_no_more_findings_than_an_analysis_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same ones each time, said to be some of more, and of ends that are not alike."""
    small = LargeRegion(100, 40)
    whole = AccessScopePath(of_types("NetworkInterface"), of_types("NetworkInterface"))
    asked = AccessScope(id="nis-1", owner=OWNER, region=HERE, match_paths=(whole,), create_time=0.0)
    every = Search(small.state, asked).findings()
    assert (every.found > 100, every.warning) == (True, "")
    monkeypatch.setattr(scope_findings, "MOST_FINDINGS", 50)
    first, second = (Search(small.state, asked).findings() for _ in range(2))
    assert first == second
    assert (first.found, first.interfaces, first.warning) == (50, 100, MORE)
    components = [one for page in first.pages for one in unpack(page)]
    groups = {small.state.need(NetworkInterface, one[-1].component.id).groups for one in components}
    assert len(groups) > 10
