"""Hardware that fails and is repaired: asked for by the operator, so these are facts, not actions of EC2."""

from elastinet.catalog import regions
from elastinet.catalog.plant import Unit, hosts_of, read_unit
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.placement import Failure
from elastinet.rules.placement.plants import failed_hosts

KINDS = ("power", "network")


def find_unit(tx: Transaction, name: str) -> tuple[Unit, str]:
    """A unit of the plant by its name, and the zone that it is in."""
    unit = read_unit(name)
    zone = next((z.name for z in regions.zones(tx.region) if unit and z.id == unit.zone_id), None)
    if unit is None or zone is None or not hosts_of(unit, tx.plants.plant):
        raise Fault("InvalidUnit.NotFound", f"there is no {name} in the hardware of {tx.region}")
    return unit, zone


def fail(tx: Transaction, name: str, kind: str) -> None:
    """Take the power, or only the network, from all hosts of a unit."""
    unit, zone = find_unit(tx, name)
    if kind not in KINDS:
        raise Fault("InvalidParameterValue", f"a failure is of power or network, not of {kind}")
    tx.put(Failure(id=str(unit), owner="", region=tx.region, kind=kind, zone=zone, since=tx.now))  # type: ignore[arg-type]
    _settle(tx, zone)


def repair(tx: Transaction, name: str) -> None:
    """Give a unit back what it lost; what holds it, or what it holds, stays as failed as it was."""
    unit, zone = find_unit(tx, name)
    failure = tx.state.get(Failure, str(unit))
    if failure is None:
        raise Fault("InvalidUnit.NotFound", f"{name} has not failed")
    tx.drop(failure)
    _settle(tx, zone)


def _settle(tx: Transaction, zone: str) -> None:
    """Have each instance of a zone lack what its host lacks."""
    lost = {kind: failed_hosts(tx.state, zone, tx.plants.plant, kind) for kind in KINDS}
    for host in tx.plants.zone(zone).uses:
        failure = next((kind for kind in KINDS if host in lost[kind]), None)
        for instance in tx.state.where(Instance, "host", (zone, host)):
            if instance.host_failure != failure:
                since = tx.now if failure else None
                tx.put(instance.but(host_failure=failure, host_failure_since=since))
