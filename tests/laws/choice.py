"""Choosing, by a seed, among the nouns that an engine has."""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from elastinet.engine import Engine
from elastinet.model.acl import NetworkAcl
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.noun import Noun
from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup
from elastinet.model.vpc import InternetGateway, Subnet, Vpc

N = TypeVar("N", bound=Noun)
T = TypeVar("T")

ACCOUNTS = ("111111111111", "222222222222")
REGION = "us-east-1"


class Choice:
    """Chooses by the seed of a move; what is missing is an id that nothing has."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine = engine
        self._dice = random.Random(seed)
        self.owner = ACCOUNTS[self.chance(12)]

    def number(self, below: int) -> int:
        return self._dice.randrange(below)

    def chance(self, one_in: int) -> bool:
        return self.number(one_in) == 0

    def one(self, among: Sequence[T]) -> T:
        return among[self.number(len(among))]

    def nouns(self, kind: type[N]) -> list[N]:
        return list(self.engine.state.where(kind, "scope", (self.owner, REGION)))

    def id(self, kind: type[N], prefix: str, better: Callable[[N], bool] | None = None) -> str:
        """The id of a noun: of a better one, if there is any and most of the time."""
        found = self.nouns(kind)
        if better and not self.chance(6):
            found = [noun for noun in found if better(noun)] or found
        return self.one(found).id if found else f"{prefix}-00000000000000000"

    @property
    def vpc(self) -> str:
        return self.id(Vpc, "vpc")

    @property
    def subnet(self) -> str:
        """A subnet, where there is something already if possible: things must meet to interact."""
        used = {i.subnet_id for i in self.nouns(NetworkInterface)}
        return self.id(Subnet, "subnet", lambda s: s.id in used)

    @property
    def group(self) -> str:
        return self.id(SecurityGroup, "sg")

    @property
    def instance(self) -> str:
        return self.id(Instance, "i", lambda i: i.state in ("running", "stopped"))

    @property
    def interface(self) -> str:
        return self.id(NetworkInterface, "eni")

    @property
    def table(self) -> str:
        return self.id(RouteTable, "rtb")

    @property
    def acl(self) -> str:
        return self.id(NetworkAcl, "acl")

    @property
    def prefix_list(self) -> str:
        return self.id(PrefixList, "pl")

    @property
    def gateway(self) -> str:
        return self.id(InternetGateway, "igw")

    @property
    def allocation(self) -> str:
        return self.id(Address, "eipalloc")

    @property
    def attachment(self) -> str:
        """An attachment, of a second interface where there is any."""
        every = [i.attachment for i in self.nouns(NetworkInterface) if i.attachment]
        bonds = [b.id for b in every if b.device_index] or [b.id for b in every]
        return self.one(bonds) if bonds else "eni-attach-00000000000000000"

    @property
    def association(self) -> str:
        found = [a.id for t in self.nouns(RouteTable) for a in t.associations]
        return self.one(found) if found else "rtbassoc-00000000000000000"

    def groups(self) -> list[str]:
        """One or two groups, of one VPC most of the time."""
        vpc = self.vpc
        near = [g.id for g in self.nouns(SecurityGroup) if g.vpc_id == vpc] or [self.group]
        return [self.one(near) for _ in range(1 + self.number(2))]

    def cidr(self) -> str:
        return self.one(("0.0.0.0/0", "10.0.0.0/8", "172.31.0.0/16", "192.0.2.0/24", "10.0.9.0/24"))

    def cidr6(self) -> str:
        return self.one(("::/0", "2001:db8::/32", "fd00:1::/64"))
