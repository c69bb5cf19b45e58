"""ENA Express, an attribute of attachments (facts sheet, section 7; EC2's guide, ena-express).

The guide says where it may be, but not by which code it is refused elsewhere: those are EC2's usual ones.
"""

from typing import Self

import msgspec
from msgspec.structs import replace

from elastinet.catalog.instance_types import InstanceType, instance_types
from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import Attachment, EnaSrd, NetworkInterface
from elastinet.rules.express import is_known

NOT_THERE = "ENA Express is not in the edition '{}' of the rules; elastinet start --rules 2026 has it."


class EnaSrdSpec(msgspec.Struct, frozen=True):
    """ENA Express as a request asks for it; a flag of None stays as it is."""

    enabled: bool | None = None
    udp_enabled: bool | None = None

    @classmethod
    def parse(cls, request: Request | None) -> Self | None:
        """Read an EnaSrdSpecification, which RunInstances, AttachNetworkInterface and Modify… share."""
        if request is None:
            return None
        udp = request.get("EnaSrdUdpSpecification") or Request({})
        return cls(request.get("EnaSrdEnabled"), udp.get("EnaSrdUdpEnabled"))

    @property
    def is_off(self) -> bool:
        """True if it asks for nothing."""
        return not self.enabled and not self.udp_enabled


def plan_express(
    tx: Transaction, type_name: str, spec: EnaSrdSpec | None, now: EnaSrd | None = None
) -> EnaSrd | None:
    """ENA Express of an attachment to an instance of a type: as it is now, changed as a request asks."""
    has_it, is_there = instance_types()[type_name].flag("ena_srd"), is_known(tx.settings.rules)
    if spec is None or (spec.is_off and not (has_it and is_there)):
        return now
    if not is_there:
        raise faults.unsupported(NOT_THERE.format(tx.settings.rules))
    if not has_it:
        raise _not_on(type_name)
    found = _with(now or EnaSrd(), spec)
    if spec.udp_enabled and not found.enabled:
        raise faults.combination("ENA Express for UDP traffic requires that ENA Express is enabled.")
    return found


def check_has_ena(interface_type: str, spec: EnaSrdSpec | None) -> None:
    """Refuse to speak of ENA Express of an EFA-only interface, which has no ENA device."""
    if spec is not None and interface_type == "efa-only":
        raise faults.combination("EFA-only network interfaces do not support ENA Express.")


def _with(now: EnaSrd, spec: EnaSrdSpec) -> EnaSrd:
    """UDP's flag outlives that of ENA Express itself, as on EC2."""
    return EnaSrd(
        now.enabled if spec.enabled is None else spec.enabled,
        now.udp_enabled if spec.udp_enabled is None else spec.udp_enabled,
    )


def _not_on(type_name: str) -> Fault:
    return faults.combination(f"The instance type {type_name} does not support ENA Express.")


def change_express(tx: Transaction, interface: NetworkInterface, spec: EnaSrdSpec | None) -> Attachment:
    """An interface's attachment with ENA Express as it is asked for."""
    check_has_ena(interface.interface_type, spec)
    attachment = interface.attachment
    if attachment is None:
        sentence = f"Network interface '{interface.id}' is not attached to an instance."
        raise Fault("IncorrectState", sentence)
    instance = tx.need(Instance, attachment.instance_id)
    return replace(attachment, ena_srd=plan_express(tx, instance.instance_type, spec, attachment.ena_srd))


def check_express(tx: Transaction, kind: InstanceType, interface: NetworkInterface) -> None:
    """Refuse a type without ENA Express to an instance where it is enabled (resize-limitations)."""
    attachment = interface.attachment
    if (
        is_known(tx.settings.rules)
        and attachment
        and attachment.ena_srd
        and attachment.ena_srd.enabled
        and not kind.flag("ena_srd")
    ):
        raise _not_on(kind.name)
