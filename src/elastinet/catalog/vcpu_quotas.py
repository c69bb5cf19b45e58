"""The quotas of vCPUs that run, by families of instance types (EC2's guide, ec2-on-demand-instances)."""

import re
from functools import cache

_FAMILIES = {
    "vcpus_dl": "dl",
    "vcpus_f": "f",
    "vcpus_g_vt": "g gr vt",
    "vcpus_hpc": "hpc",
    "vcpus_high_memory": "u",
    "vcpus_inf": "inf",
    "vcpus_p": "p",
    "vcpus_trn": "trn",
    "vcpus_x": "x",
}
"""For each quota the letters that the names of its types begin with; all others are of the standard quota."""

STANDARD = "vcpus_standard"
NEW_ACCOUNT = {STANDARD: 5} | dict.fromkeys(_FAMILIES, 0)
"""The figures of a new account, by AWS's general reference (Amazon EC2 endpoints and quotas)."""


@cache
def vcpu_quota(type_name: str) -> str | None:
    """The name of the quota that a type counts for; a Mac is on a host of its own, and counts for none."""
    letters = re.match("[a-z]*", type_name)
    found = letters[0] if letters else ""
    if found == "mac":
        return None
    return next((quota for quota, words in _FAMILIES.items() if found in words.split()), STANDARD)
