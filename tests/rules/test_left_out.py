"""What an analysis does not look at, for there is too much of it, it says."""

import pytest

from elastinet.ec2.insights.scope_findings import Search
from elastinet.model.access_scope import AccessScope
from elastinet.model.interface import NetworkInterface
from elastinet.rules.explaining.explanation import explain
from elastinet.rules.reachability import headers, question, search
from elastinet.rules.reachability.question import Answer, Question, ask
from small_region import Region


def chain(length: int) -> tuple[Region, Question]:
    """A question about a way through so many appliances, each of which routes to the next."""
    region = Region()
    vpc = region.vpc("10.0.0.0/16")
    subnets = [region.subnet(vpc, f"10.0.{n}.0/24") for n in range(length + 2)]
    ends = [region.launch(subnet) for subnet in subnets]
    target = ends[-1]
    for subnet, following in zip(subnets, ends[1:-1], strict=False):
        off = {"NetworkInterfaceId": following.id, "SourceDestCheck": {"Value": False}}
        region.call("ModifyNetworkInterfaceAttribute", **off)
        table = region.call("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
        region.call("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)
        to = {"DestinationCidrBlock": f"10.0.{length + 1}.0/24", "NetworkInterfaceId": following.id}
        region.call("CreateRoute", RouteTableId=table, **to)
    return region, Question(frozenset({ends[0].id}), frozenset({target.id}))


def answer(region: Region, asked: Question) -> Answer:
    found = ask(region.state, asked)
    warnings = explain(region.state, asked, ()).warnings
    assert (found.doubt in warnings) == bool(found.doubt)
    return found


def test_what_is_looked_at_leaves_no_doubt() -> None:
    region, asked = chain(3)
    found = answer(region, asked)
    assert (found.reachable, found.left_out, found.doubt) == (True, (), "")


def test_a_way_of_many_components() -> None:
    region, asked = chain(14)
    found = answer(region, asked)
    assert not found.reachable
    assert f"ways of more than {search.MOST_HOPS} components" in found.doubt


def test_a_scope_of_such_a_way() -> None:
    region, asked = chain(14)
    ends = ({"ResourceStatement": {"Resources": [min(end)]}} for end in (asked.source, asked.target))
    match = dict(zip(("Source", "Destination"), ends, strict=True))
    made = region.call("CreateNetworkInsightsAccessScope", MatchPaths=[match], ClientToken="one")
    scope = region.state.need(AccessScope, made["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"])
    found = Search(region.state, scope).findings()
    assert (found.found, f"Not looked at: ways of more than {search.MOST_HOPS}" in found.warning) == (0, True)


LIMITS = [
    (search, "MOST_PLACES", 2, "more than 2 places"),
    (question, "MOST_PATHS", 0, "more than 0 ways there"),
]


@pytest.mark.parametrize(("where", "name", "limit", "words"), LIMITS)
def test_other_limits(
    monkeypatch: pytest.MonkeyPatch, where: object, name: str, limit: int, words: str
) -> None:
    region, asked = chain(3)
    monkeypatch.setattr(where, name, limit)
    found = answer(region, asked)
    assert not found.reachable
    assert words in found.doubt


def test_many_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rules of a group let two pieces in, of which one is kept."""
    region, asked = chain(0)
    target = region.state.need(NetworkInterface, min(asked.target))
    for port in (80, 90):
        permission = {
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
        }
        region.call("AuthorizeSecurityGroupIngress", GroupId=target.groups[0], IpPermissions=[permission])
    own = [{"GroupId": target.groups[0]}]
    every = {"IpProtocol": "-1", "UserIdGroupPairs": own}
    region.call("RevokeSecurityGroupIngress", GroupId=target.groups[0], IpPermissions=[every])
    assert answer(region, asked).left_out == ()
    monkeypatch.setattr(headers, "MOST_BOXES", 1)
    found = answer(region, asked)
    assert found.reachable
    assert found.doubt == ""
    assert found.left_out == (f"headers in more than {search.MOST_BOXES} pieces",)
