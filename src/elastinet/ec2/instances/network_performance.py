"""Bandwidth weighting of an instance between network and EBS (EC2's guide, configure-bandwidth-weighting).

The guide does not say by which code a type without weightings is refused: that one is EC2's usual.
"""

from elastinet.catalog.instance_types import InstanceType, instance_types
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import BandwidthWeighting, Instance
from elastinet.rules.weighting import has_weighting, is_known

NOT_THERE = (
    "Bandwidth weighting is not in the edition '{}' of the rules; elastinet start --rules 2026 has it."
)


def launch_weighting(tx: Transaction, kind: InstanceType, asked: Request | None) -> BandwidthWeighting:
    """The weighting of an instance that is launched on a type."""
    weighting: BandwidthWeighting | None = asked.get("BandwidthWeighting") if asked else None
    _check_known(tx, weighting)
    check_weighting(tx, kind, weighting or "default")
    return weighting or "default"


def modify_network_performance_options(tx: Transaction, request: Request) -> Answer:
    """Give a stopped instance another weighting."""
    instance = need(tx, Instance, "i", request["InstanceId"])
    weighting: BandwidthWeighting = request["BandwidthWeighting"]
    _check_known(tx, weighting)
    if instance.state != "stopped":
        sentence = f"The instance '{instance.id}' is not in the 'stopped' state."
        raise Fault("IncorrectInstanceState", sentence)
    check_weighting(tx, instance_types()[instance.instance_type], weighting)
    changed = tx.put(instance.but(bandwidth_weighting=weighting))
    return {"InstanceId": changed.id, "BandwidthWeighting": changed.bandwidth_weighting}


def _check_known(tx: Transaction, weighting: BandwidthWeighting | None) -> None:
    if weighting not in (None, "default") and not is_known(tx.settings.rules):
        raise faults.unsupported(NOT_THERE.format(tx.settings.rules))


def check_weighting(tx: Transaction, kind: InstanceType, weighting: BandwidthWeighting) -> None:
    """Refuse a weighting on a type that cannot have it, be it asked for or there already."""
    if is_known(tx.settings.rules) and not has_weighting(kind, weighting):
        sentence = f"The instance type {kind.name} does not support the bandwidth weighting {weighting}."
        raise faults.combination(sentence)
