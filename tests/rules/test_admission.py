"""The rules of security groups and ACLs that connections lack."""

import pytest

from elastinet.model.interface import NetworkInterface
from elastinet.rules.admission import missing
from elastinet.rules.paths import flow
from small_region import Region

TCP, UDP = 6, 17


class Pair:
    """Two instances of two subnets, the second with a group of its own."""

    def __init__(self) -> None:
        self.region = region = Region()
        self.vpc = region.vpc("10.0.0.0/16")
        self.left, self.right = (region.subnet(self.vpc, f"10.0.{n}.0/24") for n in (1, 2))
        self.one, self.other = region.launch(self.left), region.launch(self.right)
        self.default = self.one.groups[0]
        self.own = self.group("own")
        region.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=self.other.id, Groups=[self.own])

    def group(self, name: str) -> str:
        made = self.region.call("CreateSecurityGroup", GroupName=name, Description="d", VpcId=self.vpc)
        return str(made["GroupId"])

    def lacks(
        self, *, protocol: int = TCP, low: int = 5201, high: int = 5201
    ) -> list[tuple[str, bool, int, int]]:
        """Holder, direction and ports of each missing rule; every one has a sentence and an address."""
        one, other = (self.region.state.need(NetworkInterface, i.id) for i in (self.one, self.other))
        way = flow(self.region.state, one, other, protocol=protocol, ports=((low, high),))
        found = list(missing(self.region.state, way))
        for rule in found:
            assert rule.cidr in (f"{one.primary}/32", f"{other.primary}/32")
            assert rule.holder in rule.sentence
        return [(rule.holder, rule.egress, rule.low, rule.high) for rule in found]

    def allow(self, **permission: object) -> None:
        given = {"IpProtocol": "tcp", "FromPort": 5201, "ToPort": 5201} | permission
        self.region.call("AuthorizeSecurityGroupIngress", GroupId=self.own, IpPermissions=[given])


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_a_new_group_lets_nothing_in(pair: Pair) -> None:
    assert pair.lacks() == [(pair.own, False, 5201, 5201)]


def test_the_sentence(pair: Pair) -> None:
    other = pair.region.state.need(NetworkInterface, pair.other.id)
    way = flow(pair.region.state, pair.one, other, protocol=UDP, ports=((5201, 5204),))
    (rule,) = missing(pair.region.state, way)
    assert rule.sentence == f"{pair.own} does not let UDP ports 5201 to 5204 in from {pair.one.primary}/32"


@pytest.mark.parametrize(
    "permission",
    [
        {"IpRanges": [{"CidrIp": "10.0.1.0/24"}]},
        {"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "FromPort": 1, "ToPort": 65535},
        {"IpRanges": [{"CidrIp": "10.0.0.0/8"}], "IpProtocol": "-1"},
    ],
)
def test_let_in_by_address(pair: Pair, permission: dict[str, object]) -> None:
    pair.allow(**permission)
    assert pair.lacks() == []


@pytest.mark.parametrize(
    "permission",
    [
        {"IpRanges": [{"CidrIp": "10.0.2.0/24"}]},
        {"IpRanges": [{"CidrIp": "10.0.1.0/24"}], "IpProtocol": "udp"},
        {"IpRanges": [{"CidrIp": "10.0.1.0/24"}], "FromPort": 5202, "ToPort": 5203},
        {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
    ],
)
def test_rules_of_something_else(pair: Pair, permission: dict[str, object]) -> None:
    pair.allow(**permission)
    assert pair.lacks() == [(pair.own, False, 5201, 5201)]


def test_let_in_by_group(pair: Pair) -> None:
    pair.allow(UserIdGroupPairs=[{"GroupId": pair.default}])
    assert pair.lacks() == []
    assert pair.lacks(high=5202) == [(pair.own, False, 5201, 5202)]
    pair.allow(IpRanges=[{"CidrIp": "10.0.0.0/16"}], FromPort=5202, ToPort=5202)
    assert pair.lacks(high=5202) == []


def test_let_in_by_a_prefix_list(pair: Pair) -> None:
    entries = [{"Cidr": "10.0.1.0/24"}]
    asked = {"PrefixListName": "p", "MaxEntries": 1, "AddressFamily": "IPv4", "Entries": entries}
    made = pair.region.call("CreateManagedPrefixList", **asked)["PrefixList"]["PrefixListId"]
    pair.allow(PrefixListIds=[{"PrefixListId": made}])
    assert pair.lacks() == []


def test_nothing_goes_out(pair: Pair) -> None:
    pair.allow(IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    pair.region.call("RevokeSecurityGroupEgress", GroupId=pair.default, IpPermissions=[everything])
    assert pair.lacks() == [(pair.default, True, 5201, 5201)]


def test_network_acls(pair: Pair) -> None:
    pair.allow(IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    asked = [{"Name": "default", "Values": ["true"]}, {"Name": "vpc-id", "Values": [pair.vpc]}]
    (acl,) = (
        one["NetworkAclId"] for one in pair.region.call("DescribeNetworkAcls", Filters=asked)["NetworkAcls"]
    )
    rule = {"NetworkAclId": acl, "RuleNumber": 50, "Protocol": "6", "CidrBlock": "10.0.2.0/24"}
    ports = {"From": 5000, "To": 5500}
    pair.region.call("CreateNetworkAclEntry", **rule, Egress=True, RuleAction="deny", PortRange=ports)
    assert pair.lacks() == [(acl, True, 5201, 5201)]
    assert pair.lacks(protocol=UDP) == [(pair.own, False, 5201, 5201)]
    pair.region.call("DeleteNetworkAclEntry", NetworkAclId=acl, RuleNumber=50, Egress=True)
    pair.region.call(
        "CreateNetworkAclEntry",
        **rule,
        Egress=False,
        RuleAction="deny",
        PortRange={"From": 40000, "To": 40000},
    )
    assert pair.lacks() == [(acl, False, 32768, 60999)]
    pair.region.call(
        "CreateNetworkAclEntry",
        **{**rule, "RuleNumber": 40},
        Egress=False,
        RuleAction="allow",
        PortRange={"From": 30000, "To": 61000},
    )
    assert pair.lacks() == []
