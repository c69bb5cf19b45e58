"""VPCs, their subnets and internet gateways."""

from typing import ClassVar

import msgspec

from elastinet.model.noun import Index, Noun


class FormerBlock(msgspec.Struct, frozen=True):
    """A block that was taken from a VPC or a subnet, and the id that its association had."""

    association: str
    cidr: str


MOST_FORMER = 20


def with_former(blocks: tuple[FormerBlock, ...], association: str, cidr: str) -> tuple[FormerBlock, ...]:
    """One more block that has gone; the last twenty are known."""
    return (*blocks, FormerBlock(association, cidr))[-MOST_FORMER:]


class Vpc(Noun, frozen=True, kw_only=True):
    """A virtual private cloud; `cidrs` has its primary IPv4 block first, `cidrs6` its IPv6 blocks.

    `cidr_associations` and `cidr6_associations` have the id of each block's association, in the same
    order.
    """

    cidrs: tuple[str, ...]
    cidr_associations: tuple[str, ...] = ()
    cidrs6: tuple[str, ...] = ()
    cidr6_associations: tuple[str, ...] = ()
    former_blocks: tuple[FormerBlock, ...] = ()
    """Blocks of both families that were taken from it; EC2 goes on showing them."""
    is_default: bool = False
    dns_support: bool = True
    dns_hostnames: bool = False
    tenancy: str = "default"
    dhcp_options_id: str = "default"

    INDEXES: ClassVar[dict[str, Index]] = {
        "ipv6-cidr-block": lambda v: v.cidrs6,
        "ipv6-association": lambda v: v.cidr6_associations,
    }


class Subnet(Noun, frozen=True, kw_only=True):
    """A range of a VPC's addresses in one zone; `cidr6` is its IPv6 block, "" for none.

    One of IPv6 only has no IPv4 block, for life: `cidr` is "" then.
    """

    vpc_id: str
    zone: str
    cidr: str
    default_for_az: bool = False
    map_public_ip: bool = False
    cidr6: str = ""
    cidr6_association: str = ""
    former_blocks6: tuple[FormerBlock, ...] = ()
    assign_ipv6: bool = False
    """True if a new interface of the subnet gets an IPv6 address without asking for one."""
    dns64: bool = False
    """True if the resolver answers questions from it for IPv4-only names with addresses in 64:ff9b::/96."""
    hostname_type: str = "ip-name"
    resource_name_a_record: bool = False
    resource_name_aaaa_record: bool = False

    INDEXES: ClassVar[dict[str, Index]] = {
        "vpc-id": lambda s: (s.vpc_id,),
        "ipv6-association": lambda s: (s.cidr6_association,) if s.cidr6_association else (),
    }

    @property
    def ipv6_native(self) -> bool:
        """True if the subnet has IPv6 only."""
        return not self.cidr


class InternetGateway(Noun, frozen=True, kw_only=True):
    """The door of a VPC to the internet; detached where `vpc_id` is None."""

    vpc_id: str | None = None

    INDEXES: ClassVar[dict[str, Index]] = {"attachment.vpc-id": lambda g: (g.vpc_id,) if g.vpc_id else ()}


class EgressOnlyGateway(Noun, frozen=True, kw_only=True):
    """The door of a VPC by which IPv6 connections go out, and none come in."""

    vpc_id: str

    INDEXES: ClassVar[dict[str, Index]] = {"vpc-id": lambda g: (g.vpc_id,)}
