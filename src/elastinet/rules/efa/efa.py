"""Elastic Fabric Adapters: their interfaces, their number by type, their scope (facts sheet, section 9.1)."""

from elastinet.catalog.editions import EDITIONS
from elastinet.catalog.instance_types import InstanceType
from elastinet.catalog.settings import Edition
from elastinet.model.interface import NetworkInterface
from elastinet.rules.placement.capacity import family

EFA_TYPES = ("efa", "efa-only")
"""EFA with ENA, and EFA alone."""
SHARED_ONLY = ("c7g.16xlarge", "m7g.16xlarge", "r7g.16xlarge")
"""The types that have no EFA on hardware of one's own."""
APART = {"p4d", "p4de", "dl1"}
"""The families that use EFA among themselves only (section 9.1)."""
_STAYS = {
    "subnet": "EFA stays in one subnet in the edition {edition}: {one} and {other} are in two",
    "zone": "EFA stays in one VPC and one zone: {one} and {other} do not share both",
}


def is_known(interface_type: str, edition: Edition) -> bool:
    """True if an edition of the rules has an interface type, which may be no EFA's."""
    return interface_type not in EFA_TYPES or interface_type in EDITIONS[edition].efa_types


def is_efa(interface: NetworkInterface) -> bool:
    """True if an interface is an EFA, with or without ENA."""
    return interface.interface_type in EFA_TYPES


def carries_ip(interface: NetworkInterface) -> bool:
    """True if an interface has IP addresses and carries IP; False for an EFA-only one."""
    return interface.interface_type != "efa-only"


def most(kind: InstanceType, edition: Edition) -> int:
    """The most EFAs of an instance of a type."""
    of_type, figure = int(kind.row["max_efa"] or 0), EDITIONS[edition].efas_per_instance
    return of_type if figure is None else min(of_type, int(figure.value))


def most_on_card(kind: InstanceType, card: int, edition: Edition) -> int:
    """The most EFAs on one network card of a type; 0 if the type has no such card."""
    if not 0 <= card < len(kind.cards) or "efa" not in kind.cards[card].types:
        return 0
    return int(EDITIONS[edition].efas_per_card.value)


def reach(interface: NetworkInterface, edition: Edition) -> str:
    """The scope of an EFA's traffic, which is never routed: a subnet id, or "<vpc id>+<zone>"."""
    if EDITIONS[edition].efa_scope == "subnet":
        return interface.subnet_id
    return f"{interface.vpc_id}+{interface.zone}"


def out_of_reach(one: NetworkInterface, other: NetworkInterface, edition: Edition) -> str | None:
    """The reason why two EFAs are not in one scope; None if they are."""
    if reach(one, edition) == reach(other, edition):
        return None
    return _STAYS[EDITIONS[edition].efa_scope].format(edition=edition, one=one.id, other=other.id)


def talks_apart(kind: InstanceType) -> bool:
    """True for the types (P4d, P4de, DL1) whose EFAs communicate only with those of these types."""
    return family(kind.name) in APART


def may_talk(one: InstanceType, other: InstanceType) -> bool:
    """True if EFAs of two types communicate: both types are of P4d, P4de and DL1, or neither is."""
    return talks_apart(one) == talks_apart(other)
