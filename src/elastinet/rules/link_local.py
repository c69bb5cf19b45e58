"""The allowance of an interface for the link-local services: DNS, metadata, time, Windows activation.

Packets to all of them together count, in both families (user guide, instance metadata; facts sheet, section
2).
"""

from elastinet.catalog.network import LINK_LOCAL_PACKETS_PER_SECOND
from elastinet.rules.allowances import Allowance, AllowanceUnit, flat


def allowance() -> Allowance:
    """What an interface may send to them; a second's worth may come at once."""
    return flat(LINK_LOCAL_PACKETS_PER_SECOND, AllowanceUnit.PACKETS)
