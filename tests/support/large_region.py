"""A region of thousands of interfaces, as nouns put into a state: by the API it would take too long to make.

Four VPCs, each with 100 subnets: a quarter of them public, a tier of web servers open to the internet on 443
and here and there on 22, application servers behind them, databases behind those, and everything else with
rules of its own. Groups are spread over subnets so that few interfaces are alike.
"""

import random
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_network
from typing import Any, NamedTuple

from elastinet.model.acl import AclAssociation, AclRule, NetworkAcl
from elastinet.model.instance import Instance
from elastinet.model.interface import Attachment, NetworkInterface
from elastinet.model.noun import Noun
from elastinet.model.routes import Association, Route, RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway, Subnet, Vpc

OWNER, HERE = "123456789012", "us-east-1"
VPCS, SUBNETS = 4, 100
PORTS = (
    22,
    25,
    53,
    80,
    111,
    123,
    389,
    443,
    636,
    1433,
    2049,
    3306,
    3389,
    5432,
    5672,
    6379,
    8080,
    8443,
    9090,
    9200,
)
EVERYWHERE = "0.0.0.0/0"


class Tiers(NamedTuple):
    """A region's groups, by their tier: web, app, db and all others, a list for each VPC."""

    groups: list[dict[str, list[str]]]
    gateways: list[str]


class LargeRegion:
    """So many interfaces, in so many groups."""

    def __init__(self, interfaces: int, groups: int, seed: int = 0) -> None:
        self.dice, self._numbers = random.Random(seed), 0
        self.state = State()
        self.tiers: list[dict[str, list[str]]] = []
        self.gateways: list[str] = []
        for number in range(VPCS):
            self._vpc(number, groups // VPCS)
        subnets = [*self.state.all(Subnet)]
        hosts = {subnet.id: iter(range(10, 250)) for subnet in subnets}
        for _ in range(interfaces):
            subnet = self.dice.choice(subnets)
            self._interface(subnet, next(hosts[subnet.id]))

    def id(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}-{self._numbers:017x}"

    def put(self, kind: type[Noun], prefix: str, **fields: Any) -> str:
        made: Any = kind(id=self.id(prefix), owner=OWNER, region=HERE, **fields)
        self.state.replace(kind, made.id, made)
        return str(made.id)

    def _vpc(self, number: int, groups: int) -> None:
        block = f"10.{number * 16}.0.0/16"
        vpc = self.put(Vpc, "vpc", cidrs=(block,))
        gateway = self.put(InternetGateway, "igw", vpc_id=vpc)
        self.gateways.append(gateway)
        blocks = [*ip_network(block).subnets(new_prefix=24)][:SUBNETS]
        subnets = [self.put(Subnet, "subnet", vpc_id=vpc, zone="us-east-1a", cidr=str(b)) for b in blocks]
        local = Route(block, "local", "local", "CreateRouteTable")
        out = Route(EVERYWHERE, "gateway", gateway)
        self._table(vpc, (local, out), subnets[: SUBNETS // 4])
        self._table(vpc, (local,), [""])
        self._lists(vpc, subnets)
        self._groups(vpc, groups)

    def _table(self, vpc: str, routes: tuple[Route, ...], subnets: list[str]) -> None:
        bonds = tuple(Association(self.id("rtbassoc"), subnet or None) for subnet in subnets)
        self.put(RouteTable, "rtb", vpc_id=vpc, routes=routes, associations=bonds)

    def _lists(self, vpc: str, subnets: list[str]) -> None:
        """The default list for most subnets, one that keeps ssh and databases out for the last ten."""
        whole = [AclRule(100, egress, -1, -1, -1, EVERYWHERE, True) for egress in (False, True)]
        deny = [AclRule(10 + n, False, 6, port, port, EVERYWHERE, False) for n, port in enumerate((22, 3306))]
        for rules, own in ((whole, subnets[:-10]), ([*deny, *whole], subnets[-10:])):
            bonds = tuple(AclAssociation(self.id("aclassoc"), subnet) for subnet in own)
            self.put(NetworkAcl, "acl", vpc_id=vpc, rules=tuple(rules), associations=bonds)

    def _groups(self, vpc: str, count: int) -> None:
        made = [
            self.put(SecurityGroup, "sg", vpc_id=vpc, group_name=f"g{n}", description="-")
            for n in range(count)
        ]
        few = max(1, count // 20)
        tiers = {
            "web": made[:few],
            "app": made[few : 2 * few],
            "db": made[2 * few : 3 * few],
            "rest": made[3 * few :],
        }
        self.tiers.append(tiers)
        for group in made:
            self._rule(group, True, -1, -1, -1, cidr=EVERYWHERE)
        for group in tiers["web"]:
            self._rule(group, False, 6, 443, 443, cidr=EVERYWHERE)
        for group in tiers["web"][::3]:
            self._rule(group, False, 6, 22, 22, cidr=EVERYWHERE)
        for tier, before, port in (("app", "web", 8080), ("db", "app", 5432)):
            for group in tiers[tier]:
                self._rule(group, False, 6, port, port, peer_group=self.dice.choice(tiers[before]))
        for group in tiers["rest"]:
            for _ in range(10):
                self._any_rule(group, made)

    def _any_rule(self, group: str, groups: list[str]) -> None:
        port = self.dice.choice(PORTS)
        peers: Iterator[dict[str, str]] = iter((
            {"cidr": f"10.{self.dice.randrange(64)}.{self.dice.randrange(100)}.0/24"},
            {"cidr": f"203.0.113.{self.dice.randrange(256)}/32"},
            {"peer_group": self.dice.choice(groups)},
        ))  # fmt: skip
        self._rule(group, False, self.dice.choice((6, 6, 17)), port, port, **self.dice.choice([*peers]))

    def _rule(self, group: str, egress: bool, protocol: int, low: int, high: int, **peer: str) -> None:
        self.put(
            SecurityGroupRule,
            "sgr",
            group_id=group,
            egress=egress,
            protocol=protocol,
            low=low,
            high=high,
            **peer,
        )

    def _interface(self, subnet: Subnet, host: int) -> None:
        number = [vpc.id for vpc in self.state.all(Vpc)].index(subnet.vpc_id)
        groups = [group for tier in self.tiers[number].values() for group in tier]
        address = str(IPv4Address(int(ip_network(subnet.cidr)[0]) + host))
        where = {"vpc_id": subnet.vpc_id, "subnet_id": subnet.id, "zone": subnet.zone}
        instance = self.put(
            Instance,
            "i",
            **where,
            reservation_id="r-1",
            launch_index=0,
            image_id="ami-1",
            instance_type="m5.large",
            state="running",
            private_ip=address,
            launch_time=0.0,
        )
        third = int(address.split(".")[2])
        public = str(IPv4Address("198.18.0.0") + self._numbers) if third < SUBNETS // 4 else None
        self.put(
            NetworkInterface,
            "eni",
            **where,
            mac=f"02:{self._numbers:010x}",
            addresses=(address,),
            groups=(self.dice.choice(groups),),
            attachment=Attachment(self.id("eni-attach"), instance, 0, "attached", 0.0),
            public_ip=public,
        )
