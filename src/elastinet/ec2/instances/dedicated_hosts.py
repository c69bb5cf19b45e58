"""Dedicated Hosts: hosts of the plant that an account has for itself (facts sheet, section 10)."""

from typing import Any

from elastinet.catalog import regions
from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.once import once
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.instances.placing import no_room
from elastinet.ec2.vpc.subnets import pick_zone
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.placement import DedicatedHost
from elastinet.model.view import StateView
from elastinet.rules.placement import capacity
from elastinet.rules.placement.occupancy import Demand

ON_OFF = {"on": True, "off": False}


def view(tx: Transaction, host: DedicatedHost) -> StateView:
    """A Dedicated Host in the shape of the API; what is on it changes with its instances."""
    zone = regions.zone(host.region, host.zone)
    shown: dict[str, Any] = {
        "HostId": host.id,
        "State": "available" if host.release_time is None else "released",
        "AvailabilityZone": host.zone,
        "AvailabilityZoneId": zone.id if zone else "",
        "AllocationTime": moment(host.allocation_time),
        "AutoPlacement": _on(host.auto_placement),
        "HostRecovery": _on(host.recovery),
        "HostMaintenance": _on(host.maintenance),
        "AllowsMultipleInstanceTypes": _on(not host.instance_type),
        "OwnerId": host.owner,
        "HostProperties": _properties(host),
        "Instances": [
            {"InstanceId": i.id, "InstanceType": i.instance_type, "OwnerId": i.owner}
            for i in residents(tx, host)
        ],
        "AvailableCapacity": _left(tx, host),
        "MemberOfServiceLinkedResourceGroup": False,
        "Tags": tag_set(host),
    }
    return StateView(shown | ({"ReleaseTime": moment(host.release_time)} if host.release_time else {}))


def _on(value: bool) -> str:
    return "on" if value else "off"


def _properties(host: DedicatedHost) -> dict[str, Any]:
    vcpus = capacity.host_room(host.family).vcpus
    shown: dict[str, Any] = {"Cores": vcpus // 2, "Sockets": 2, "TotalVCpus": vcpus}
    return shown | (
        {"InstanceType": host.instance_type} if host.instance_type else {"InstanceFamily": host.family}
    )


def _left(tx: Transaction, host: DedicatedHost) -> dict[str, Any]:
    zone, whole = tx.plants.zone(host.zone), capacity.host_room(host.family)
    types = [host.instance_type] if host.instance_type else []
    use = zone.uses.get(host.host) if host.release_time is None else None
    return {
        "AvailableInstanceCapacity": [
            {
                "InstanceType": name,
                "AvailableCapacity": zone.room(host.host, Demand(name, host.id)) if use else 0,
                "TotalCapacity": whole.holds(capacity.need(name)),
            }
            for name in types
        ],
        "AvailableVCpus": use.left.vcpus if use else 0,
    }


def residents(tx: Transaction, host: DedicatedHost) -> list[Instance]:
    """The instances that have a machine on a host."""
    return [i for i in tx.state.where(Instance, "dedicated-host", host.id) if i.host is not None]


HOSTS = Describable(
    DedicatedHost,
    "h",
    "Hosts",
    "HostIds",
    view,
    paths(
        "auto-placement availability-zone client-token host-reservation-id state",
        instance_type="HostProperties.InstanceType",
    ),
    pages_with_ids=False,
)


def describe_hosts(tx: Transaction, request: Request) -> Answer:
    """Dedicated Hosts by id or filter."""
    return describe(tx, request, HOSTS)


def allocate_hosts(tx: Transaction, request: Request) -> Answer:
    """Hosts for one instance type, or for a family; they come from the zone's empty ones."""
    first = once(tx, "AllocateHosts", request, lambda: _allocate(tx, request)[0].id)
    made = tx.need(DedicatedHost, first)
    same = (h for h in tx.mine(DedicatedHost) if h.allocation_time == made.allocation_time)
    return {"HostIds": [h.id for h in same]}


def _allocate(tx: Transaction, request: Request) -> list[DedicatedHost]:
    given = [request.get(name) for name in ("AvailabilityZone", "AvailabilityZoneId")]
    if given.count(None) != 1:
        raise faults.combination("Exactly one of availabilityZone and availabilityZoneId must be specified.")
    zone = pick_zone(tx, given[0] or given[1])
    family, type_name = _kind(request)
    quantity = request.get("Quantity", 1)
    if quantity < 1:
        raise faults.invalid(quantity, "quantity")
    held = sum(h.release_time is None and h.family == family for h in tx.mine(DedicatedHost))
    if held + quantity > tx.settings.quotas.dedicated_hosts:
        raise Fault("HostLimitExceeded", f"You have reached the limit of {family} hosts.")
    fields: dict[str, Any] = {
        "family": family,
        "instance_type": type_name,
        "tags": tags_for(tx, request, "dedicated-host"),
    }
    fields |= _switches(request)
    return [_make(tx, zone, family, fields) for _ in range(quantity)]


def _kind(request: Request) -> tuple[str, str]:
    name, family = request.get("InstanceType"), request.get("InstanceFamily")
    if (name is None) == (family is None):
        raise faults.combination("Exactly one of instanceType and instanceFamily must be specified.")
    if name is not None:
        kind = instance_types().get(name)
        if kind is None or not kind.flag("dedicated_hosts"):
            raise faults.invalid(name, "instanceType", "There are no Dedicated Hosts for it.")
        return capacity.family(name), name
    if not capacity.is_family(family):
        raise faults.invalid(family, "instanceFamily")
    return str(family), ""


def _switches(request: Request) -> dict[str, bool]:
    names = {"AutoPlacement": "auto_placement", "HostRecovery": "recovery", "HostMaintenance": "maintenance"}
    found = {}
    for name, field in names.items():
        if (value := request.get(name)) is not None:
            if value not in ON_OFF:
                raise faults.invalid(value, name)
            found[field] = ON_OFF[value]
    return found


def _make(tx: Transaction, zone: str, family: str, fields: dict[str, Any]) -> DedicatedHost:
    occupancy, most = tx.plants.zone(zone), max(t for t in _types(family))
    free = occupancy.rooms(Demand(most[1])).layers[0].largest_first()
    hosts = (host for rack in free for host in occupancy.hosts_of(rack))
    number = next((h for h in hosts if h not in occupancy.uses and occupancy.room(h, Demand(most[1]))), None)
    if number is None:
        raise no_room(family, zone, None)
    return tx.new(DedicatedHost, "h", zone=zone, host=number, allocation_time=tx.now, **fields)


def _types(family: str) -> list[tuple[int, str]]:
    return [(t.vcpus, t.name) for t in instance_types().values() if capacity.family(t.name) == family]


def modify_hosts(tx: Transaction, request: Request) -> Answer:
    """Change how hosts take instances; what cannot be changed is told apart."""
    changes: dict[str, Any] = dict(_switches(request))
    if request.get("InstanceType") is not None or request.get("InstanceFamily") is not None:
        changes["family"], changes["instance_type"] = _kind(request)
    hosts, failed = _held(tx, request)
    for host in hosts:
        if changes.get("family", host.family) != host.family:
            raise faults.invalid(
                changes["family"], "instanceFamily", f"The host {host.id} is for {host.family}."
            )
        tx.put(host.but(**changes))
    return {"Successful": [host.id for host in hosts], "Unsuccessful": failed}


def _held(tx: Transaction, request: Request) -> tuple[list[DedicatedHost], list[dict[str, Any]]]:
    """The hosts of a request that the account holds, and a failure for each of the others."""
    held, failed = [], []
    for id in dict.fromkeys(request.ids("HostIds")):
        host = tx.get(DedicatedHost, id)
        if host is not None and host.release_time is None:
            held.append(host)
            continue
        faults.check_form("h", id)
        failed.append(_failure(id, "Client.InvalidHostID.NotFound", faults.missing("h", [id]).message))
    return held, failed


def _failure(id: str, code: str, sentence: str) -> dict[str, Any]:
    return {"ResourceId": id, "Error": {"Code": code, "Message": sentence}}


def release_hosts(tx: Transaction, request: Request) -> Answer:
    """Give hosts back; one with instances on it stays, and is told apart, as is one that is not there."""
    done: list[str] = []
    hosts, failed = _held(tx, request)
    for host in hosts:
        if residents(tx, host):
            sentence = f"Dedicated host {host.id} cannot be released as it is occupied."
            failed.append(_failure(host.id, "Client.InvalidHost.Occupied", sentence))
        else:
            tx.put(host.but(release_time=tx.now))
            done.append(host.id)
    return {"Successful": done, "Unsuccessful": failed}
