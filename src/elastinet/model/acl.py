"""Network ACLs: numbered, stateless rules between subnets."""

from typing import ClassVar

import msgspec

from elastinet.model.noun import Index, Noun


class AclRule(msgspec.Struct, frozen=True):
    """One numbered rule; protocol and numbers are as in a security group's."""

    number: int
    egress: bool
    protocol: int
    low: int
    high: int
    cidr: str
    allow: bool

    @property
    def place(self) -> tuple[bool, int]:
        """The key of a rule, unique in its ACL."""
        return (self.egress, self.number)


class AclAssociation(msgspec.Struct, frozen=True):
    """A subnet's association with its one network ACL."""

    id: str
    subnet_id: str


class NetworkAcl(Noun, frozen=True, kw_only=True):
    """A network ACL; `rules` are in order of direction and number. The default one is a VPC's for life."""

    vpc_id: str
    is_default: bool = False
    rules: tuple[AclRule, ...] = ()
    associations: tuple[AclAssociation, ...] = ()

    INDEXES: ClassVar[dict[str, Index]] = {
        "vpc-id": lambda a: (a.vpc_id,),
        "association.association-id": lambda a: [one.id for one in a.associations],
        "association.subnet-id": lambda a: [one.subnet_id for one in a.associations],
    }
