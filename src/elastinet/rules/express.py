"""Conditions on which ENA Express carries flows between two interfaces (EC2's guide, ena-express)."""

from typing import TYPE_CHECKING

from elastinet.catalog.editions import EDITIONS
from elastinet.catalog.instance_types import instance_types
from elastinet.catalog.settings import Edition
from elastinet.model.instance import Instance
from elastinet.model.interface import EnaSrd, NetworkInterface
from elastinet.model.state import State
from elastinet.rules.frames import Transport
from elastinet.rules.interfaces import instance_id_of

if TYPE_CHECKING:
    from elastinet.rules.paths import NetworkPath

VIAS = ("vpc", "peering")
"""The ways that stay inside a region's network; through an internet gateway there is none [inferred]."""


def is_known(edition: Edition) -> bool:
    """True if an edition of the rules has ENA Express."""
    return EDITIONS[edition].express_flow_bps is not None


def why_not(
    state: State,
    edition: Edition,
    one: NetworkInterface,
    other: NetworkInterface,
    way: "NetworkPath",
    transport: Transport = "tcp",
) -> str | None:
    """The reason why flows between two interfaces do not use ENA Express; None if they do."""
    if not is_known(edition):
        return f"the edition '{edition}' of the rules has no ENA Express"
    for interface in (one, other):
        if reason := not_at(state, interface, transport):
            return reason
    if one.zone != other.zone:
        return f"{one.id} is in {one.zone}, {other.id} in {other.zone}"
    if way.via not in VIAS:
        return "the way leads through internet gateways"
    return f"the way leads through {' and '.join(way.middleboxes)}" if way.middleboxes else None


def not_at(state: State, interface: NetworkInterface, transport: Transport) -> str | None:
    """The reason why ENA Express does not work at one interface, whatever the peer; None if it does."""
    instance = state.get(Instance, instance_id_of(interface) or "")
    if instance is None:
        return f"{interface.id} is in no instance"
    if not instance_types()[instance.instance_type].flag("ena_srd"):
        return f"the instance type {instance.instance_type} does not support ENA Express"
    has = (interface.attachment.ena_srd if interface.attachment else None) or EnaSrd()
    if not has.enabled:
        return f"ENA Express is not enabled on {interface.id}"
    if transport == "udp" and not has.udp_enabled:
        return f"ENA Express is not enabled for UDP on {interface.id}"
    return "what goes over EFA has no need of it" if transport == "efa" else None
