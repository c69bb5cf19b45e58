"""All that an account can see of its region, to compare."""

from collections.abc import Callable
from typing import Any

from elastinet.ec2.operations import OPERATIONS

NEEDED = {"DescribeLaunchTemplateVersions": {"Versions": ["$Latest"]}}
"""What operations do not answer without, whatever their model says."""
LARGE_AND_FIXED = ("DescribeInstanceType", "DescribeImages")


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What is not answered as before, by operation."""
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def describing(shape_of: Callable[[str], Any]) -> list[str]:
    """All operations that describe and need no parameter."""
    names = [action for action in OPERATIONS if action.startswith("Describe") and "Attribute" not in action]
    kept = [name for name in names if not name.startswith(LARGE_AND_FIXED)]
    return [name for name in kept if not shape_of(name).required_members]


def asking(action: str) -> dict[str, str]:
    """The form that asks for such an answer."""
    needed = {"LaunchTemplateVersion.1": "$Latest"} if action in NEEDED else {}
    return {"Action": action, "Version": "2016-11-15", **needed}


def everything(ec2: Any) -> dict[str, Any]:
    """The answers of all operations that describe and need no parameter."""
    names = describing(lambda name: ec2.meta.service_model.operation_model(name).input_shape)
    seen = {name: ec2._make_api_call(name, NEEDED.get(name, {})) for name in names}
    for one in seen.values():
        del one["ResponseMetadata"]
    return seen
