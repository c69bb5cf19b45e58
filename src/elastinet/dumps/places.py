"""Whose an item of a dump is, and where: by its file's folders, by itself, or by what lies beside it."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

REGION = re.compile(r"[a-z]{2}(-[a-z]{2,12}){1,3}-[0-9]{1,2}")
ACCOUNT = re.compile(r"[0-9]{12}")
ZONE = re.compile(rf"({REGION.pattern})[a-z]|({REGION.pattern})-[a-z]+-[0-9][a-z]")
OWNER = re.compile(r"[0-9A-Za-z_-]{1,40}")
NOWHERE, NOBODY = "us-east-1", "000000000000"


class Place(NamedTuple):
    """An account and a region; "" where a file does not say."""

    account: str = ""
    region: str = ""


def of_folders(file: str) -> Place:
    """What the names of a file's folders say: the innermost counts."""
    parts = file.split("/")[:-1]
    regions = [part for part in parts if REGION.fullmatch(part)]
    accounts = [part for part in parts if ACCOUNT.fullmatch(part)]
    return Place(accounts[-1] if accounts else "", regions[-1] if regions else "")


def region_of(members: Mapping[str, Any]) -> str:
    """The region that an item names by its zone or its ARN, "" for none."""
    placement = members.get("Placement")
    inside = placement.get("AvailabilityZone") if isinstance(placement, Mapping) else None
    for zone in (members.get("AvailabilityZone"), inside):
        if isinstance(zone, str) and (found := ZONE.fullmatch(zone)):
            return found[1] or found[2]
    for name, value in members.items():
        if name.endswith("Arn") and isinstance(value, str) and value.count(":") >= 5:
            region = value.split(":")[3]
            if REGION.fullmatch(region):
                return region
    return ""


def owner_of(members: Mapping[str, Any]) -> str:
    """The account that an item names as its owner, "" for none."""
    owner = members.get("OwnerId")
    if isinstance(owner, str) and OWNER.fullmatch(owner) and owner != "AWS":
        return owner
    return ""


def commonest(found: Counter[str]) -> str:
    """What most items say, "" if none does."""
    return max(found, key=lambda name: (found[name], name), default="")
