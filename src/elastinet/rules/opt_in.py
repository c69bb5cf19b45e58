"""Whether an account has opted in to a region (EC2's DescribeRegions tells it)."""

from typing import Literal

from elastinet.catalog.regions import ALWAYS_ON
from elastinet.catalog.settings import Settings
from elastinet.model.account import RegionSettings
from elastinet.model.state import State

OptInStatus = Literal["opt-in-not-required", "opted-in", "not-opted-in"]


def opt_in_status(state: State, settings: Settings, owner: str, region: str) -> OptInStatus:
    """The status of a region for an account; where it has been before, it may be again."""
    if region in ALWAYS_ON:
        return "opt-in-not-required"
    was_there = state.get(RegionSettings, f"{owner}/{region}") is not None
    return "opted-in" if was_there or region in settings.opted_in_regions else "not-opted-in"
