"""Traffic of instances: the kernel's counters, beside the instances' allowances."""

from collections.abc import Iterable
from typing import Any

import msgspec

from elastinet.engine import Engine
from elastinet.fabric.desired.desired import device as link_of
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.operator.nics import find
from elastinet.operator.readings import DIRECTIONS, Direction, DirectionReading, InterfaceReading, Reading
from elastinet.rules.allowances import Allowance
from elastinet.rules.bandwidth import of_instance
from elastinet.rules.efa.efa import carries_ip
from elastinet.rules.interfaces import attachment_of, interfaces_of


def page(engine: Engine, reading: Reading | None, name: str = "") -> dict[str, Any]:
    """The running instances, or one by its id or Name tag; bytes, packets and counts as the kernel has them.

    Rates and credits are EC2's: a byte that has passed stands for 1/`bandwidth_scale` bytes there.
    Without a reading nothing is known of packets.
    """
    running = engine.state.where(Instance, "instance-state-name", "running")
    instances = [find(engine, name)] if name else list(running)
    return {
        "seconds": reading.seconds if reading else None,
        "bandwidth_scale": engine.settings.bandwidth_scale,
        "credit_time_scale": engine.settings.credit_time_scale,
        "instances": [_instance(engine, instance, reading) for instance in instances],
    }


def _instance(engine: Engine, instance: Instance, reading: Reading | None) -> dict[str, Any]:
    allowance = of_instance(instance, engine.settings).aggregate
    interfaces = [i for i in interfaces_of(engine.state, instance.id) if carries_ip(i)]
    read = {i.id: reading.interfaces[i.id] for i in interfaces if reading and i.id in reading.interfaces}
    of_directions = reading.instances.get(instance.id, {}) if reading else {}
    return {
        "instance": instance.id,
        "name": instance.name,
        "type": instance.instance_type,
        "state": instance.state,
        **allowance.as_json(),
        "directions": {
            way: _direction(way, allowance, read.values(), of_directions.get(way)) for way in DIRECTIONS
        },
        "interfaces": [_interface(interface, read.get(interface.id)) for interface in interfaces],
    }


def _direction(
    way: Direction,
    allowance: Allowance,
    interfaces: Iterable[InterfaceReading],
    read: DirectionReading | None,
) -> dict[str, Any]:
    """Totals of all interfaces in one direction, and the limit now: the peak while there are credits."""
    passed = [one.received if way == "in" else one.sent for one in interfaces]
    now = read or DirectionReading(allowance.peak, allowance.credits)
    return {
        "bytes": sum(one.bytes for one in passed),
        "packets": sum(one.packets for one in passed),
        **msgspec.structs.asdict(now),
    }


def _interface(interface: NetworkInterface, read: InterfaceReading | None) -> dict[str, Any]:
    attachment = attachment_of(interface)
    shown = {"interface": interface.id, "device": link_of(attachment.network_card, attachment.device_index)}
    return shown | {"counters": None if read is None else counters(read)}


def counters(read: InterfaceReading) -> dict[str, int]:
    """An interface's counters, by the names that `ethtool -S` and `ip -s link` have for them in the guest."""
    return {
        "rx_bytes": read.received.bytes,
        "rx_packets": read.received.packets,
        "tx_bytes": read.sent.bytes,
        "tx_packets": read.sent.packets,
        **read.exceeded,
    }
