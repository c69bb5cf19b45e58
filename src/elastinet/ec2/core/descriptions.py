"""Descriptions that EC2 bounds: of security groups, their rules, and prefix lists' entries."""

import re

from elastinet.ec2.core.request import Request
from elastinet.model.fault import Fault

MOST = 255
_SET = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
_ALLOWED = re.compile(rf"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{{}}!$*]{{0,{MOST}}}", re.ASCII)


def is_allowed(text: str) -> bool:
    """True if a text has EC2's characters only, and no more of them than it takes."""
    return _ALLOWED.fullmatch(text) is not None


def malformed(noun: str) -> Fault:
    """The refusal of a description."""
    return Fault(
        "InvalidParameterValue",
        f"Invalid {noun} description. Valid descriptions are strings less than {MOST + 1} characters from "
        f"the following set: {_SET}",
    )


def description(item: Request, noun: str = "rule") -> str | None:
    """The description of a rule, or of another part of a noun, if the request gives one."""
    text: str | None = item.get("Description")
    if text is not None and not is_allowed(text):
        raise malformed(noun)
    return text
