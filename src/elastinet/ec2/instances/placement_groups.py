"""Placement groups (facts sheet, section 10.1)."""

import re
from typing import TYPE_CHECKING, cast

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.filters import Filter
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.instances.placing import MOST_PARTITIONS, members_of
from elastinet.model.fault import Fault
from elastinet.model.placement import PlacementGroup
from elastinet.model.view import StateView
from elastinet.rules import naming

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import SpreadLevelType
    from mypy_boto3_ec2.type_defs import PlacementGroupTypeDef

NAME = re.compile(r"[\x20-\x7e]{1,255}", re.ASCII)
STRATEGIES = ("cluster", "spread", "partition")


def view(tx: Transaction, group: PlacementGroup) -> StateView:
    """A placement group in the shape of the API."""
    return tx.views.of(group, (), lambda: _view(group))


def _view(group: PlacementGroup) -> "PlacementGroupTypeDef":
    shown: PlacementGroupTypeDef = {
        "GroupName": group.group_name,
        "GroupId": group.id,
        "GroupArn": naming.arn(group.region, group.owner, "placement-group", group.group_name),
        "State": "available",
        "Strategy": group.strategy,
        "Tags": tag_set(group),
    }
    if group.partition_count:
        shown["PartitionCount"] = group.partition_count
    if group.spread_level:
        shown["SpreadLevel"] = cast("SpreadLevelType", group.spread_level)
    return shown


PLACEMENT_GROUPS = Describable(
    PlacementGroup,
    "pg",
    "PlacementGroups",
    "GroupIds",
    view,
    paths("group-name group-arn spread-level state strategy"),
)


def describe_placement_groups(tx: Transaction, request: Request) -> Answer:
    """Placement groups by name, id or filter."""
    named = [by_name(tx, name).group_name for name in request.ids("GroupNames")]
    also = [Filter("group-name", named)] if named else []
    return describe(tx, request, PLACEMENT_GROUPS, also=also)


def by_name(tx: Transaction, name: str) -> PlacementGroup:
    """The account's group of this name."""
    found = next(tx.where(PlacementGroup, "name", (*tx.scope, name)), None)
    if found is None:
        raise Fault("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
    return found


def by_id_or_name(tx: Transaction, id: str | None, name: str | None) -> PlacementGroup | None:
    """The group that a request means, by either of the ways to say it; None for none."""
    if id is not None and name is not None:
        raise faults.combination("Only one of groupId and groupName may be specified.")
    if name is not None:
        return by_name(tx, name)
    if id is None:
        return None
    faults.check_form("pg", id)
    found = tx.get(PlacementGroup, id)
    if found is None:
        raise faults.missing("pg", [id])
    return found


def create_placement_group(tx: Transaction, request: Request) -> Answer:
    """A placement group, which is there at once."""
    name, strategy = request.get("GroupName"), request.get("Strategy")
    if name is None:
        raise faults.missing_parameter("groupName")
    if not NAME.fullmatch(name):
        raise faults.invalid(name, "groupName", "A name has up to 255 ASCII characters.")
    if strategy is None:
        raise faults.missing_parameter("strategy")
    if strategy not in STRATEGIES:
        raise _other_strategy(strategy)
    if tx.state.count(PlacementGroup, "name", (*tx.scope, name)):
        raise Fault("InvalidPlacementGroup.Duplicate", f"The Placement Group '{name}' already exists.")
    if tx.count(PlacementGroup) >= tx.settings.quotas.placement_groups:
        raise faults.quota("PlacementGroupLimitExceeded", "placement groups")
    fields = {"group_name": name, "strategy": strategy, "tags": tags_for(tx, request, "placement-group")}
    fields |= {"partition_count": _partitions(request, strategy), "spread_level": _level(request, strategy)}
    return {"PlacementGroup": view(tx, tx.new(PlacementGroup, "pg", **fields))}


def _other_strategy(strategy: str) -> Fault:
    if strategy == "precision-time":
        return faults.unsupported("elastinet does not support the strategy precision-time.")
    return faults.invalid(strategy, "strategy")


def _partitions(request: Request, strategy: str) -> int | None:
    count = request.get("PartitionCount")
    if strategy != "partition":
        if count is not None:
            raise faults.combination("The parameter partitionCount is for partition placement groups only.")
        return None
    count = MOST_PARTITIONS if count is None else count
    if not 1 <= count <= MOST_PARTITIONS:
        sentence = f"Expecting a value from 1 to {MOST_PARTITIONS}."
        raise faults.invalid(count, "partitionCount", sentence)
    return int(count)


def _level(request: Request, strategy: str) -> str | None:
    level = request.get("SpreadLevel")
    if strategy != "spread":
        if level is not None:
            raise faults.combination("The parameter spreadLevel is for spread placement groups only.")
        return None
    if level not in (None, "rack"):
        raise faults.unsupported(f"elastinet does not support the spread level {level}: it is for Outposts.")
    return "rack"


def delete_placement_group(tx: Transaction, request: Request) -> None:
    """Remove a group that no instance is in."""
    group = by_name(tx, request["GroupName"])
    if members_of(tx.state, group):
        sentence = f"The placement group '{group.group_name}' is in use and may not be deleted."
        raise Fault("InvalidPlacementGroup.InUse", sentence)
    tx.drop(group)
