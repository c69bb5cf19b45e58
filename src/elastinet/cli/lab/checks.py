"""What a lab has checked: the claim, what was expected, what was seen."""

from typing import NamedTuple


class Check(NamedTuple):
    """One claim about the network, and whether it held."""

    claim: str
    expected: str
    seen: str
    ok: bool
