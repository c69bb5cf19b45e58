"""The hardware as the operator sees it: what sits where, what would fit, what has failed."""

from typing import Any, get_args

from elastinet.catalog import regions
from elastinet.catalog.instance_types import instance_types
from elastinet.catalog.plant import Unit, hosts_of, place_of, read_unit
from elastinet.ec2.core.fact import UnitFailed, UnitRepaired
from elastinet.ec2.instances.placing import MOST_PARTITIONS, PlacementRequest, check_group, find_places
from elastinet.engine import Engine
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.placement import Failure, PlacementGroup, Strategy
from elastinet.rules.devices import device_of
from elastinet.rules.placement.functions import asked as asked_functions
from elastinet.rules.placement.occupancy import Demand, ZoneOccupancy


def zone_of(name: str) -> tuple[str, regions.Zone]:
    """The region and the zone that a zone's id or name means; raises Fault."""
    for region in regions.REGIONS:
        for zone in regions.zones(region):
            if name in (zone.id, zone.name):
                return region, zone
    raise Fault("InvalidZone.NotFound", f"there is no zone {name}")


def page(engine: Engine, name: str) -> dict[str, Any]:
    """A zone's racks that have something on them or have failed, with their hosts."""
    region, zone = zone_of(name)
    occupancy, plant = engine.plants.zone(zone.name), engine.plants.plant
    used = sorted(occupancy.uses.keys() | occupancy.down)
    racks: dict[int, list[dict[str, Any]]] = {}
    for host in used:
        racks.setdefault(host // plant.hosts_per_rack, []).append(_host(engine, occupancy, zone, host))
    failures = engine.state.where(Failure, "zone", zone.name)
    return {
        "region": region,
        "zone": zone.name,
        "zone_id": zone.id,
        "racks": plant.racks,
        "hosts_per_rack": plant.hosts_per_rack,
        "hosts_in_use": len(occupancy.uses),
        "failures": {failure.id: failure.kind for failure in failures},
        "used": [
            {"rack": str(Unit(zone.id, "rack", rack)), **_above(zone.id, rack, plant), "hosts": hosts}
            for rack, hosts in racks.items()
        ],
    }


def _above(zone_id: str, rack: int, plant: Any) -> dict[str, str]:
    place = place_of(rack * plant.hosts_per_rack, plant)
    return {layer: str(Unit(zone_id, layer, place[layer])) for layer in ("spine", "core", "node")}


def _host(engine: Engine, occupancy: ZoneOccupancy, zone: regions.Zone, host: int) -> dict[str, Any]:
    use = occupancy.uses.get(host)
    residents = engine.state.where(Instance, "host", (zone.name, host))
    return {
        "host": str(Unit(zone.id, "host", host)),
        "family": use.family if use else "",
        "tenant": use.tenant if use else "",
        "vcpus_left": use.left.vcpus if use else None,
        "cards": _cards(occupancy, host, use.family) if use else [],
        "down": host in occupancy.down,
        "instances": [
            {"id": i.id, "type": i.instance_type, "state": i.state, "lacks": i.host_failure}
            for i in residents
        ],
    }


def _cards(occupancy: ZoneOccupancy, host: int, family: str) -> list[dict[str, int]]:
    """A host's network cards, with the virtual functions that each has and that interfaces have of it."""
    functions = occupancy.functions
    return [
        {"card": card, "functions": functions.per_card, "in_use": functions.in_use(host, card)}
        for card in range(occupancy.cards(family))
    ]


def fitting(
    engine: Engine, name: str, type_name: str, count: int, strategy: str = "none", group: str = ""
) -> dict[str, Any]:
    """The places that a launch would get by the rules of placement; nothing is launched."""
    region, zone = zone_of(name)
    if type_name not in instance_types():
        raise Fault("InvalidParameterValue", f"there is no instance type {type_name}")
    asked = PlacementRequest(group=_group(engine, region, group) if group else _empty_group(region, strategy))
    if asked.group is not None:
        check_group(engine.state, asked.group, type_name, zone.name, asked.tenancy)
    demand = _demand(engine.plants.zone(zone.name), type_name)
    hosts = [p.host for p in find_places(engine.state, engine.plants, zone.name, demand, asked, count)]
    racks: dict[str, int] = {}
    for host in hosts:
        rack = str(Unit(zone.id, "rack", host // engine.plants.plant.hosts_per_rack))
        racks[rack] = racks.get(rack, 0) + 1
    short = "" if len(hosts) == count else f"there is room for {len(hosts)} of {count}"
    return {"zone": zone.name, "fits": len(hosts) == count, "short": short, "racks": racks,
            "hosts": len(set(hosts))}  # fmt: skip


def _demand(zone: ZoneOccupancy, type_name: str) -> Demand:
    """The demand of an instance with one interface and the best device that its type supports."""
    device = device_of(instance_types()[type_name], ena_support=True, sriov_net_support="simple")
    return Demand(type_name, functions=asked_functions(device, [zone.card(type_name, 0)]))


def _group(engine: Engine, region: str, name: str) -> PlacementGroup:
    """The placement group that a name or an id means, whoever's it is."""
    groups = [g for g in engine.state.all(PlacementGroup) if g.region == region]
    found = [group for group in groups if name in (group.id, group.group_name)]
    if not found:
        raise Fault("InvalidPlacementGroup.Unknown", f"there is no placement group {name} in {region}")
    if len(found) > 1:
        ids = ", ".join(group.id for group in found)
        raise Fault("InvalidParameterValue", f"several accounts have a placement group {name}: {ids}")
    return found[0]


def _empty_group(region: str, strategy: str) -> PlacementGroup | None:
    """A placement group of a strategy that has no members and as many partitions as there may be."""
    if strategy == "none":
        return None
    if strategy not in get_args(Strategy):
        what = "none, cluster, spread or partition"
        raise Fault("InvalidParameterValue", f"a strategy is {what}, not {strategy}")
    count = MOST_PARTITIONS if strategy == "partition" else None
    fields: Any = {"group_name": "", "strategy": strategy, "partition_count": count}
    return PlacementGroup(id="", owner="", region=region, **fields)


def change(engine: Engine, fact: UnitFailed | UnitRepaired) -> dict[str, Any]:
    """Let a unit fail, or repair it."""
    unit = read_unit(fact.unit)
    region, zone = zone_of(unit.zone_id if unit else fact.unit)
    engine.report("", region, fact)
    hosts = hosts_of(unit, engine.plants.plant) if unit else ()
    touched = [i for host in hosts for i in engine.state.where(Instance, "host", (zone.name, host))]
    now = f"without {fact.kind}" if isinstance(fact, UnitFailed) else "as before"
    return {"unit": fact.unit, "now": now, "instances": [i.id for i in touched]}
