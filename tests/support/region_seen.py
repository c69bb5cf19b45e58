"""All that an account can see of its region, to compare."""

from typing import Any

from elastinet.ec2.operations import OPERATIONS

NEEDED = {"DescribeLaunchTemplateVersions": {"Versions": ["$Latest"]}}
"""What operations do not answer without, whatever their model says."""
LARGE_AND_FIXED = ("DescribeInstanceType", "DescribeImages")


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What is not answered as before, by operation."""
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}


def everything(ec2: Any) -> dict[str, Any]:
    """The answers of all operations that describe and need no parameter."""
    names = [action for action in OPERATIONS if action.startswith("Describe") and "Attribute" not in action]
    kept = [name for name in names if not name.startswith(LARGE_AND_FIXED)]
    shapes = {name: ec2.meta.service_model.operation_model(name).input_shape for name in kept}
    asked = [name for name, shape in shapes.items() if not shape.required_members]
    seen = {name: ec2._make_api_call(name, NEEDED.get(name, {})) for name in asked}
    for one in seen.values():
        del one["ResponseMetadata"]
    return seen
