"""The Placement structure of a launch or a change: where instances are to be (facts sheet, section 10.1)."""

from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.placement_groups import by_id_or_name
from elastinet.ec2.instances.placing import PlacementRequest
from elastinet.model.placement import PlacementGroup

TENANCIES = ("default", "dedicated", "host")


def read_placement(tx: Transaction, placement: Request | None, vpc_tenancy: str) -> PlacementRequest:
    """The place that a launch asks for; what it says of the zone is read where its subnet is found."""
    if placement is None:
        return PlacementRequest(vpc_tenancy)
    placement.accept("AvailabilityZone", "AvailabilityZoneId")
    tenancy = placement.get("Tenancy") or vpc_tenancy
    if tenancy not in TENANCIES:
        raise faults.invalid(tenancy, "tenancy")
    host_id, affinity = placement.get("HostId") or None, placement.get("Affinity") or "default"
    if host_id is not None and tenancy != "host":
        raise faults.combination("The parameter hostId can be used with the tenancy 'host' only.")
    if affinity not in ("default", "host"):
        raise faults.invalid(affinity, "affinity")
    group = by_id_or_name(tx, placement.get("GroupId") or None, placement.get("GroupName") or None)
    partition = read_partition(group, placement.get("PartitionNumber"))
    return PlacementRequest(tenancy, group, partition, host_id, affinity)


def read_partition(group: PlacementGroup | None, number: int | None) -> int | None:
    """A partition's number, if the group has it."""
    if number is None:
        return None
    if group is None or group.strategy != "partition":
        raise faults.combination("A partition number can be given with a partition placement group only.")
    if not 1 <= number <= (group.partition_count or 0):
        sentence = (
            f"The placement group '{group.group_name}' has partitions from 1 to {group.partition_count}."
        )
        raise faults.invalid(number, "partitionNumber", sentence)
    return number
