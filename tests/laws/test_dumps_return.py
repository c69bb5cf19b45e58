"""What a region shows of itself, read in, is the same region: describe(read(describe(s))) = describe(s).

Left out is what no describe tells of an instance's whole life: its user data, its protections, its host in the
plant, the time at which a peering connection was asked for.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from describing import RULES, described, differences, engine_of, write
from elastinet.dumps.account import account
from elastinet.ec2.core.fact import InstanceGone
from elastinet.rules.reachability.question import Question, ask
from elastinet.rules.reachability.walk import INTERNET
from small_region import HERE, OWNER, THERE
from tries import tries
from wild_region import Wild

TAGS = [{"Key": "Name", "Value": "a name"}, {"Key": "empty", "Value": ""}]


class Full(Wild):
    """A wild region with one of everything that is described, and not in every wild one."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, forwards=seed % 2 == 0)
        self.vpc, self.subnet = self.vpcs[0], self.subnets[0]
        self._six()
        self._names()
        self._endings()
        every = [
            self.vpc,
            self.subnet,
            *self.ends,
            self.list,
            *(groups[0] for groups in self.groups.values()),
        ]
        self.attempt("CreateTags", Resources=every, Tags=TAGS)

    def _six(self) -> None:
        self.attempt("AssociateVpcCidrBlock", VpcId=self.vpc, AmazonProvidedIpv6CidrBlock=True)
        (seen,) = self.region.call("DescribeVpcs", VpcIds=[self.vpc])["Vpcs"]
        block = seen["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
        self.attempt("AssociateSubnetCidrBlock", SubnetId=self.subnet, Ipv6CidrBlock=block)
        self.attempt("AssociateVpcCidrBlock", VpcId=self.vpc, CidrBlock="10.77.0.0/16")
        door = self.region.call("CreateEgressOnlyInternetGateway", VpcId=self.vpc)
        own = door["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
        six = {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": own}
        self.attempt("CreateRoute", RouteTableId=self.region.table(self.vpc), **six)
        for end in self.ends:
            self.attempt("AssignIpv6Addresses", NetworkInterfaceId=end, Ipv6AddressCount=2)
            self.attempt("AssignIpv6Addresses", NetworkInterfaceId=end, Ipv6PrefixCount=1)

    def _names(self) -> None:
        self.attempt("ModifyVpcAttribute", VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        service, table = f"com.amazonaws.{HERE}.s3", self.region.table(self.vpc)
        self.attempt("CreateVpcEndpoint", VpcId=self.vpc, ServiceName=service, RouteTableIds=[table])
        options = [{"Key": "domain-name", "Values": ["a.example"]}]
        made = self.region.call("CreateDhcpOptions", DhcpConfigurations=options)["DhcpOptions"]
        self.attempt("AssociateDhcpOptions", VpcId=self.vpc, DhcpOptionsId=made["DhcpOptionsId"])
        self.attempt("CreateKeyPair", KeyName="a key", KeyType="ed25519")
        self.attempt("CreatePlacementGroup", GroupName="near", Strategy="partition", PartitionCount=3)
        aside = {"SubnetId": self.subnet, "Cidr": "10.0.0.16/28", "ReservationType": "explicit"}
        self.attempt("CreateSubnetCidrReservation", **aside)
        idle = {"AllocationId": self._elastic(), "DomainName": "a.example"}
        self.attempt("ModifyAddressAttribute", **idle)
        self.attempt("CreateNetworkInterface", SubnetId=self.subnet, Description="alone")
        entry = {
            "PrefixListId": self.list,
            "AddEntries": [{"Cidr": "192.0.2.0/24", "Description": "of docs"}],
        }
        self.attempt("ModifyManagedPrefixList", CurrentVersion=1, **entry)

    def _endings(self) -> None:
        """What has gone is shown for a while, and routes to it are black holes."""
        gone = self.region.launch(self.subnet)
        target = {"RouteTableId": self.region.table(self.vpc), "NetworkInterfaceId": gone.id}
        self.attempt("CreateRoute", DestinationCidrBlock="198.51.100.0/24", **target)
        ended = self.region.instance(gone).id
        self.attempt("TerminateInstances", InstanceIds=[ended])
        self.region.engine.report(OWNER, HERE, InstanceGone(ended, asked=True))
        far = self.region.vpc("10.99.0.0/16", THERE)
        asked = {"VpcId": self.vpc, "PeerVpcId": far, "PeerRegion": THERE}
        self.attempt("CreateVpcPeeringConnection", **asked)


@settings(max_examples=tries(10), deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000))
def test_a_region_read_in_shows_what_it_showed(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("dump")
    before = described(Full(seed).region.engine, OWNER, HERE)
    write(before, folder / OWNER / HERE)
    found = account(folder)
    assert not found.foreign
    assert not found.findings
    assert list(differences(before, described(engine_of(found.state), OWNER, HERE))) == []


@pytest.mark.parametrize("seed", range(tries(10)))
def test_without_the_list_of_rules_groups_have_the_same_ones(seed: int, tmp_path: Path) -> None:
    before = described(Full(seed).region.engine, OWNER, HERE)
    write({name: answer for name, answer in before.items() if name != RULES}, tmp_path / OWNER / HERE)
    after = described(engine_of(account(tmp_path).state), OWNER, HERE)
    assert list(differences(before | {RULES: None}, after | {RULES: None})) == []


@pytest.mark.parametrize("seed", range(tries(10)))
def test_answers_from_a_dump_are_those_of_the_region(seed: int, tmp_path: Path) -> None:
    made = Full(seed)
    write(described(made.region.engine, OWNER, HERE), tmp_path / OWNER / HERE)
    read = account(tmp_path).state
    for one in (INTERNET, *made.ends):
        for other in (INTERNET, *made.ends):
            if one != other:
                asked = Question(frozenset({one}), frozenset({other}), fields={"dport": ((80, 80),)})
                assert ask(read, asked).blockers == ask(made.region.state, asked).blockers
