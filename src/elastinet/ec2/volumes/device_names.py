"""The names under which volumes are attached: sdf and xvdf are one place, with /dev/ or without."""

import re

from elastinet.model.fault import Fault

_NAME = re.compile(r"(?:/dev/)?(?:sd[a-z]|sda1|xvd[a-z]|xvd[a-d][a-z])")
"""What EC2's guide has as available names on HVM instances, and the image's root devices."""


def is_device(name: str) -> bool:
    """True for a name under which a volume can be attached."""
    return _NAME.fullmatch(name) is not None


def place_of(name: str) -> str:
    """The place that a device's name stands for; another name may stand for it too."""
    short = name.removeprefix("/dev/")
    return f"xvd{short.removeprefix('sd')}" if short.startswith("sd") else short


def taken(name: str) -> Fault:
    """The refusal of a name under which there is a volume already."""
    sentence = f"Invalid value '{name}' for unixDevice. Attachment point {name} is already in use"
    return Fault("InvalidParameterValue", sentence)
