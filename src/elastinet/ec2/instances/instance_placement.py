"""ModifyInstancePlacement: another group, partition, tenancy or Dedicated Host for a stopped instance."""

from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.placement_groups import by_id_or_name
from elastinet.ec2.instances.placement_request import TENANCIES, read_partition
from elastinet.ec2.instances.placing import check_group, dedicated_host
from elastinet.ec2.interfaces.efa import check_efas, places
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.placement import PlacementGroup
from elastinet.rules.interfaces import interfaces_of


def modify_instance_placement(tx: Transaction, request: Request) -> Answer:
    """Change where an instance will be when it starts; what is running only changes its affinity."""
    instance = need(tx, Instance, "i", request["InstanceId"])
    names = ("Affinity", "GroupName", "GroupId", "PartitionNumber", "Tenancy", "HostId")
    given = [name for name in names if request.get(name) is not None]
    if not given and next(request.unread(), None) is None:
        raise faults.missing_parameter("affinity")
    if given != ["Affinity"] and instance.state != "stopped":
        sentence = f"The instance '{instance.id}' is not in the 'stopped' state."
        raise Fault("IncorrectInstanceState", sentence)
    changed = _tenancy(tx, request, _group(tx, request, instance))
    if group := tx.get(PlacementGroup, changed.placement_group or ""):
        check_group(tx.state, group, changed.instance_type, changed.zone, changed.tenancy, changed)
    if changed.tenancy != instance.tenancy:
        there = interfaces_of(tx.state, instance.id)
        check_efas(tx, instance_types()[instance.instance_type], changed.tenancy, places(there))
    tx.put(changed)
    return {"Return": True}


def _group(tx: Transaction, request: Request, instance: Instance) -> Instance:
    id, name, number = (request.get(key) for key in ("GroupId", "GroupName", "PartitionNumber"))
    if name == "":
        return instance.but(placement_group=None, partition=None)
    group = by_id_or_name(tx, id, name)
    if group is None and number is None:
        return instance
    now = group or tx.get(PlacementGroup, instance.placement_group or "")
    return instance.but(placement_group=now.id if now else None, partition=read_partition(now, number))


def _tenancy(tx: Transaction, request: Request, instance: Instance) -> Instance:
    tenancy, host_id = request.get("Tenancy") or instance.tenancy, request.get("HostId")
    if tenancy not in TENANCIES:
        raise faults.invalid(tenancy, "tenancy")
    if instance.tenancy == "host" and tenancy != "host":
        sentence = f"The tenancy of an instance cannot be changed from host to {tenancy}."
        raise Fault("InvalidRequest", sentence)
    affinity = request.get("Affinity") or instance.affinity
    if affinity not in ("default", "host"):
        raise faults.invalid(affinity, "affinity")
    if host_id is not None:
        tenancy, affinity = "host", "host"
        dedicated_host(tx, host_id, instance.zone)
    bound = host_id or instance.dedicated_host
    return instance.but(
        tenancy=tenancy, affinity=affinity, dedicated_host=bound if tenancy == "host" else None
    )
