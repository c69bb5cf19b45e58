"""An instance's network devices as `ethtool -i` would tell of them, and what of its host's cards they are."""

from typing import Any

from elastinet.catalog.instance_types import instance_types
from elastinet.catalog.plant import Unit
from elastinet.engine import Engine
from elastinet.fabric.desired.desired import device as link_of
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import Attachment, NetworkInterface
from elastinet.rules import devices
from elastinet.rules.efa.efa import carries_ip
from elastinet.rules.interfaces import attachment_of, interfaces_of
from elastinet.rules.placement.plants import zone_id

FIRST_SLOTS = {True: 5, False: 3}
"""The PCI slot of an instance's first interface, on Nitro and on Xen (facts sheet, section 7)."""


def page(engine: Engine, name: str) -> dict[str, Any]:
    """The network cards of its host as an instance has them; it is named by its id or Name tag."""
    instance = find(engine, name)
    interfaces = interfaces_of(engine.state, instance.id)
    host = (
        None
        if instance.host is None
        else Unit(zone_id(instance.region, instance.zone), "host", instance.host)
    )
    return {
        "instance": instance.id,
        "type": instance.instance_type,
        "state": instance.state,
        "host": str(host) if host else None,
        "interfaces": [_interface(engine, instance, interface) for interface in interfaces],
    }


def find(engine: Engine, name: str) -> Instance:
    """The instance that an id or a Name tag means; raises Fault."""
    if instance := engine.state.get(Instance, name):
        return instance
    found = [i for i in engine.state.all(Instance) if i.name == name and i.state != "terminated"]
    if len(found) != 1:
        sentence = f"{len(found)} instances are called '{name}'" if found else f"there is no instance {name}"
        raise Fault("InvalidInstanceID.NotFound", sentence)
    return found[0]


def _interface(engine: Engine, instance: Instance, interface: NetworkInterface) -> dict[str, Any]:
    attachment, device = attachment_of(interface), devices.device(instance)
    occupancy = engine.plants.zone(instance.zone)
    card = None if instance.host is None else occupancy.card(instance.instance_type, attachment.network_card)
    return {
        "interface": interface.id,
        "device": link_of(attachment.network_card, attachment.device_index)
        if carries_ip(interface)
        else None,
        "mac": interface.mac,
        "driver": devices.driver(instance, interface),
        "bus_info": _bus_info(instance, attachment),
        "network_card": attachment.network_card,
        "device_index": attachment.device_index,
        "card": card,
        "function": None if card is None else _function(attachment, device),
        "mediated": device.mediated,
    }


def _function(attachment: Attachment, device: devices.Device) -> str | None:
    """VF and its number, PF for a whole card; None for what the hypervisor mediates."""
    if device.function == "physical":
        return "PF"
    return f"VF {attachment.function.number}" if attachment.function else None


def _bus_info(instance: Instance, attachment: Attachment) -> str:
    """The bus address that the guest sees: "vif-0" of a mediated device, else one on the card's PCI bus."""
    if devices.device(instance).mediated:
        return f"vif-{attachment.device_index}"
    first = FIRST_SLOTS[instance_types()[instance.instance_type].nitro]
    function, slot = divmod(first + attachment.device_index, 32)
    return f"0000:{attachment.network_card:02x}:{slot:02x}.{function}"
