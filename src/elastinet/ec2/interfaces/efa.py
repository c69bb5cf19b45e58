"""Elastic Fabric Adapters: which instances may have them, where and how many (facts sheet, section 9.1).

EC2's guide (efa, create-efa, detach-efa) says what is not possible, but hardly how that is told: where
docs/efa.md says so, codes and sentences are inferred.
"""

from collections import Counter
from collections.abc import Iterable

from elastinet.catalog.instance_types import InstanceType, instance_types
from elastinet.ec2.core import faults
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.rules.efa import efa
from elastinet.rules.interfaces import attachment_of

Place = tuple[str, int]
"""The type of an interface, and the network card that it is on."""


def check_type(tx: Transaction, interface_type: str) -> None:
    """Refuse an interface type that the edition of the rules does not have."""
    rules = tx.settings.rules
    if not efa.is_known(interface_type, rules):
        raise faults.unsupported(
            f"The interface type '{interface_type}' is not in the edition '{rules}' of the rules; "
            "elastinet start --rules 2026 has it."
        )


def check_primary(interface_type: str) -> None:
    """Refuse an EFA-only interface as an instance's primary one."""
    if interface_type == "efa-only":
        sentence = "An EFA-only network interface cannot be the primary network interface of an instance."
        raise faults.combination(sentence)


def check_at_rest(instance: Instance, interface: NetworkInterface) -> None:
    """Refuse to put an EFA into an instance that is not stopped, or to take it out."""
    if efa.is_efa(interface) and instance.state != "stopped":
        raise Fault("IncorrectState", f"Instance '{instance.id}' is not 'stopped'.")


def places(there: Iterable[NetworkInterface]) -> list[Place]:
    """The types of an instance's interfaces, and where they are."""
    return [(interface.interface_type, attachment_of(interface).network_card) for interface in there]


def check_one_more(
    tx: Transaction, instance: Instance, interface: NetworkInterface, card: int, there: list[NetworkInterface]
) -> None:
    """Refuse an EFA to an instance that bears no more beside what is there."""
    if efa.is_efa(interface):
        kind = instance_types()[instance.instance_type]
        check_efas(tx, kind, instance.tenancy, [*places(there), (interface.interface_type, card)])


def check_efas(tx: Transaction, kind: InstanceType, tenancy: str, asked: Iterable[Place]) -> None:
    """Refuse EFAs that an instance of a type and a tenancy does not bear."""
    found = [place for place in asked if place[0] in efa.EFA_TYPES]
    for interface_type, _ in found:
        check_type(tx, interface_type)
    if found and not kind.flag("efa_supported"):
        raise faults.unsupported(f"EFA interfaces are not supported on {kind.name}")
    if found and tenancy != "default" and kind.name in efa.SHARED_ONLY:
        sentence = f"EFA interfaces are not supported on {kind.name} with the tenancy '{tenancy}'."
        raise faults.combination(sentence)
    _check_count(tx, kind, found)


def _check_count(tx: Transaction, kind: InstanceType, found: list[Place]) -> None:
    rules = tx.settings.rules
    for card, count in Counter(card for _, card in found).items():
        if count > efa.most_on_card(kind, card, rules):
            raise _too_many(count, f"network card {card} of {kind.name}")
    if len(found) > efa.most(kind, rules):
        raise _too_many(len(found), kind.name)


def _too_many(count: int, where: str) -> Fault:
    return Fault("AttachmentLimitExceeded", f"EFA interface count {count} exceeds the limit for {where}")
