"""The limits between two instance types, without any instance: `c5.large@us-east-1a`, and their places."""

from typing import NamedTuple

from elastinet.catalog.instance_types import InstanceType, instance_types
from elastinet.catalog.network import ACROSS_REGIONS_MTU, GATEWAY_MTU, JUMBO_MTU
from elastinet.catalog.regions import REGIONS, zones
from elastinet.catalog.settings import Settings
from elastinet.catalog.words import Group, Via
from elastinet.rules.bandwidth import bandwidth
from elastinet.rules.devices import driver_of
from elastinet.rules.efa.efa import may_talk
from elastinet.rules.efa.srd import cards
from elastinet.rules.express import is_known
from elastinet.rules.flow_limits import figure
from elastinet.rules.path_limits import End, PathLimits, Traffic, path_limits
from elastinet.rules.paths import NetworkPath

ZONE = "us-east-1a"
MTUS: dict[Via, int] = {
    "vpc": JUMBO_MTU,
    "peering": JUMBO_MTU,
    "region": ACROSS_REGIONS_MTU,
    "gateway": GATEWAY_MTU,
}


class BadPair(ValueError):
    """Two types, and a place of theirs, that cannot be; the message says why."""


class TypeInZone(NamedTuple):
    """An instance type in a zone."""

    kind: InstanceType
    zone: str
    region: str


def place(text: str) -> TypeInZone:
    """The type and zone in `TYPE@ZONE`, by default a zone of us-east-1; raises BadPair."""
    name, _, zone = text.partition("@")
    kind = instance_types().get(name)
    if kind is None:
        raise BadPair(f"there is no instance type {name or 'without a name'}: give TYPE@ZONE")
    zone = zone or ZONE
    region = zone[:-1]
    if region not in REGIONS or zone not in {z.name for z in zones(region)}:
        raise BadPair(f"there is no zone {zone}")
    return TypeInZone(kind, zone, region)


def type_pair(
    source: str,
    target: str,
    traffic: Traffic | None = None,
    *,
    group: Group = "none",
    via: Via | None = None,
    express: bool = False,
    settings: Settings | None = None,
) -> PathLimits:
    """The limits on what an instance of one type sends to one of another; raises BadPair."""
    settings, traffic = settings or Settings(), traffic or Traffic()
    here, there = place(source), place(target)
    way = via or ("vpc" if here.region == there.region else "region")
    _check_way(here, there, way)
    near = group == "cluster" and _checked_group(here, there) and way != "gateway"
    if express:
        _check_express(here, there, way, settings)
    if traffic.transport == "efa":
        _check_efa(here, there, way)
    flow = figure(settings.rules, clustered=near, express=express)
    ends = (_end("source", here, settings), _end("target", there, settings))
    return path_limits(
        *ends, NetworkPath(way, MTUS[way], peering="the peering"), flow, traffic, settings.rules
    )


def _end(name: str, at: TypeInZone, settings: Settings) -> End:
    driver = driver_of(at.kind, ena_support=True, sriov_net_support="simple")
    return End(name, at.kind, bandwidth(at.kind, driver, settings), name, efas=cards(at.kind, settings.rules))


def _check_way(here: TypeInZone, there: TypeInZone, way: Via) -> None:
    same = here.region == there.region
    if way == "region" and same:
        raise BadPair(f"{here.zone} and {there.zone} are in one region")
    if way in ("vpc", "peering") and not same:
        raise BadPair(f"{here.zone} and {there.zone} are in two regions: no VPC is in both")


def _checked_group(here: TypeInZone, there: TypeInZone) -> bool:
    """True if the two can be in one cluster placement group; raises BadPair if not."""
    if here.zone != there.zone:
        raise BadPair(f"a cluster placement group is in one zone, not in {here.zone} and {there.zone}")
    for at in (here, there):
        if "cluster" not in at.kind.words("placement_strategies"):
            raise BadPair(f"{at.kind.name} cannot be in a cluster placement group")
    return True


def _check_efa(here: TypeInZone, there: TypeInZone, way: Via) -> None:
    if here.zone != there.zone or way != "vpc":
        raise BadPair("EFA's traffic stays in one VPC and one zone")
    for at in (here, there):
        if not at.kind.flag("efa_supported"):
            raise BadPair(f"EFA interfaces are not supported on {at.kind.name}")
    if not may_talk(here.kind, there.kind):
        raise BadPair(f"EFAs of {here.kind.name} and {there.kind.name} do not talk to each other")


def _check_express(here: TypeInZone, there: TypeInZone, way: Via, settings: Settings) -> None:
    if not is_known(settings.rules):
        raise BadPair(f"there is no ENA Express in the rules of {settings.rules}")
    if here.zone != there.zone or way == "gateway":
        raise BadPair("ENA Express is for two instances of one zone, by private addresses")
    for at in (here, there):
        if not at.kind.flag("ena_srd"):
            raise BadPair(f"{at.kind.name} has no ENA Express")
