"""Regions and their availability zones."""

from functools import cache

from elastinet.catalog.region_names import REGION_NAMES
from elastinet.catalog.regions import REGIONS, Zone, zones
from elastinet.ec2.core import filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.view import StateView
from elastinet.rules.opt_in import OptInStatus, opt_in_status

OFF: OptInStatus = "not-opted-in"
_REGION_FILTERS = paths("endpoint opt-in-status region-name")
_ZONE_FILTERS = paths(
    """
    group-long-name group-name message opt-in-status parent-zone-id parent-zone-name region-name state
    zone-id zone-name zone-type
    """,
    message="Messages.Message",
)


def describe_regions(tx: Transaction, request: Request) -> Answer:
    """Regions by name or filter; those that the account has not opted in to are left out unless asked for."""
    wanted = request.ids("RegionNames")
    for name in wanted:
        if name not in REGIONS:
            raise Fault("InvalidParameterValue", f"Invalid value ('{name}') for regionName.")
    asked = filters.read(request, _REGION_FILTERS, tagged=False)
    with_off = request.get("AllRegions") or wanted
    found = (
        _region(name, status)
        for name in wanted or REGIONS
        if (status := opt_in_status(tx.state, tx.settings, tx.owner, name)) != OFF or with_off
    )
    return {"Regions": [view for view in found if filters.passes(view, asked, _REGION_FILTERS)]}


@cache
def _region(name: str, status: OptInStatus) -> StateView:
    return StateView(
        RegionName=name,
        Endpoint=f"ec2.{name}.amazonaws.com",
        OptInStatus=status,
    )


def describe_availability_zones(tx: Transaction, request: Request) -> Answer:
    """The region's zones by name, id or filter."""
    request.accept("AllAvailabilityZones")  # no region has a local or Wavelength zone that could be off
    here = zones(tx.region)
    names, ids = request.ids("ZoneNames"), request.ids("ZoneIds")
    _check_known(names, {zone.name for zone in here}, "zone")
    _check_known(ids, {zone.id for zone in here}, "zone-id")
    asked = filters.read(request, _ZONE_FILTERS, tagged=False)
    found = [
        _zone(zone) for zone in here if (not names or zone.name in names) and (not ids or zone.id in ids)
    ]
    return {"AvailabilityZones": [view for view in found if filters.passes(view, asked, _ZONE_FILTERS)]}


def _check_known(wanted: list[str], known: set[str], what: str) -> None:
    if lost := [name for name in wanted if name not in known]:
        raise Fault("InvalidParameterValue", f"Invalid availability {what}: [{', '.join(lost)}]")


@cache
def _zone(zone: Zone) -> StateView:
    return StateView(
        ZoneName=zone.name,
        ZoneId=zone.id,
        ZoneType="availability-zone",
        RegionName=zone.region,
        State="available",
        OptInStatus="opt-in-not-required",
        Messages=[],
        GroupName=f"{zone.region}-zg-1",
        GroupLongName=f"{REGION_NAMES[zone.region]} 1",
        NetworkBorderGroup=zone.region,
    )
