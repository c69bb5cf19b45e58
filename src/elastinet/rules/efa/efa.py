"""Which interfaces are Elastic Fabric Adapters, and how many a type bears (facts sheet, section 9.1)."""

from elastinet.catalog.editions import EDITIONS
from elastinet.catalog.instance_types import InstanceType
from elastinet.catalog.settings import Rules
from elastinet.model.interface import NetworkInterface
from elastinet.rules.placement.capacity import family

EFA_TYPES = ("efa", "efa-only")
"""EFA with ENA, and EFA alone."""
SHARED_ONLY = ("c7g.16xlarge", "m7g.16xlarge", "r7g.16xlarge")
"""The types that have no EFA on hardware of one's own."""
APART = {"p4d", "p4de", "dl1"}
"""The families that use EFA among themselves only (section 9.1)."""
_STAYS = {
    "subnet": "EFA stays in one subnet in the edition {rules}: {one} and {other} are in two",
    "zone": "EFA stays in one VPC and one zone: {one} and {other} do not share both",
}


def is_efa(interface: NetworkInterface) -> bool:
    """Whether an interface is an EFA, with or without ENA."""
    return interface.interface_type in EFA_TYPES


def carries_ip(interface: NetworkInterface) -> bool:
    """Whether an interface has addresses and carries IP; an EFA-only one has and does neither."""
    return interface.interface_type != "efa-only"


def most(kind: InstanceType, rules: Rules) -> int:
    """How many EFAs an instance of a type may have."""
    of_type, figure = int(kind.row["max_efa"] or 0), EDITIONS[rules].efas_per_instance
    return of_type if figure is None else min(of_type, int(figure.value))


def most_on_card(kind: InstanceType, card: int, rules: Rules) -> int:
    """How many EFAs one network card of a type may have; none where the type has no such card."""
    if not 0 <= card < len(kind.cards) or "efa" not in kind.cards[card].types:
        return 0
    return int(EDITIONS[rules].efas_per_card.value)


def reach(interface: NetworkInterface, rules: Rules) -> str:
    """What EFA's traffic, which is never routed, does not leave: a subnet, or a zone's part of a VPC."""
    if EDITIONS[rules].efa_scope == "subnet":
        return interface.subnet_id
    return f"{interface.vpc_id}+{interface.zone}"


def out_of_reach(one: NetworkInterface, other: NetworkInterface, rules: Rules) -> str | None:
    """Why EFA's traffic does not get from one interface to another, by where they are."""
    if reach(one, rules) == reach(other, rules):
        return None
    return _STAYS[EDITIONS[rules].efa_scope].format(rules=rules, one=one.id, other=other.id)


def talks_apart(kind: InstanceType) -> bool:
    """Whether EFAs of a type talk only to those of P4d, P4de and DL1: it is one of these."""
    return family(kind.name) in APART


def may_talk(one: InstanceType, other: InstanceType) -> bool:
    """Whether two types' EFAs may talk: P4d, P4de and DL1 do not to types that are none of these."""
    return talks_apart(one) == talks_apart(other)
