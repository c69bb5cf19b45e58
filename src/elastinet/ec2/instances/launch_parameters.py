"""How parameters of a launch are put over others: those of a version over its source, of a request over both.

What is given replaces what it is put over, and leaves the rest. A structure's members are parameters of their
own; a list is one parameter, but for the tags of a launch, which come together.
"""

from typing import Any

Parameters = dict[str, Any]

ALTERNATIVES = (
    frozenset({"SecurityGroupIds", "SecurityGroups"}),
    frozenset({"GroupId", "GroupName"}),
    frozenset({"AvailabilityZone", "AvailabilityZoneId"}),
    frozenset({"Arn", "Name"}),
    frozenset({"InstanceType", "InstanceRequirements"}),
)
"""Parameters that say the same in other words: one replaces the other."""

NOTHING: tuple[Any, ...] = ("", [])
"""What some clients send for what they leave out."""

RENAMED = {"RamDiskId": "RamdiskId", "ElasticGpuSpecifications": "ElasticGpuSpecification"}
"""The parameters of a template that RunInstances spells otherwise."""


def merged(under: Parameters, over: Parameters) -> Parameters:
    """Parameters put over others."""
    given = {name for name, value in over.items() if value not in NOTHING}
    gone = {name for one in ALTERNATIVES if one & given for name in one - given}
    kept = {name: value for name, value in under.items() if name not in gone}
    return kept | {name: _over(kept.get(name), value) for name, value in over.items()}


def _over(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return merged(old, new)
    return old if old is not None and new in NOTHING else new


def over_template(data: Parameters, over: Parameters) -> Parameters:
    """The parameters of a launch: those of a template's version, with a request's put over them."""
    under = {RENAMED.get(name, name): value for name, value in data.items()}
    both = merged(under, over)
    tags = [*under.get("TagSpecifications", ()), *over.get("TagSpecifications", ())]
    return said(both | ({"TagSpecifications": tags} if tags else {}))


def said(parameters: Parameters) -> Parameters:
    """Parameters without those that say nothing: Packer names an empty subnet where it wants none.

    What is in a list stays as it is, for an empty `NoDevice` and a tag's empty value have a meaning.
    """
    inside = {name: said(value) if isinstance(value, dict) else value for name, value in parameters.items()}
    return {name: value for name, value in inside.items() if value not in (*NOTHING, {})}


def in_subnet(parameters: Parameters, subnet: str) -> Parameters:
    """What to put over parameters for another subnet: by the new interfaces that they list, if any."""
    if not (listed := parameters.get("NetworkInterfaces")):
        return {"SubnetId": subnet}
    put = [one if one.get("NetworkInterfaceId") else one | {"SubnetId": subnet} for one in listed]
    return {"NetworkInterfaces": put}
