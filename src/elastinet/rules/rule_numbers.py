"""The numbers by which packets of a protocol are told apart, and those that a rule speaks of (facts sheet,
section 5).

TCP and UDP are told apart by their ports, ICMP by its type and code as one number of 16 bits (type * 256 +
code, which lies in the packet where others have their source port), all other protocols by nothing more.
"""

from typing import Literal, Protocol

from elastinet.catalog.protocols import ANY, ICMP, ICMP6, TCP, UDP
from elastinet.rules.ranges import Range

Family = Literal["ports", "icmp", "protocols"]
BY_PORT: Family = "ports"
BY_ICMP: Family = "icmp"
BY_PROTOCOL: Family = "protocols"
WHOLE: Range = (0, 65535)


class Rule(Protocol):
    """A rule's protocol (-1 for all) and numbers, as groups, lists and the kernel's objects have them."""

    @property
    def protocol(self) -> int: ...
    @property
    def low(self) -> int: ...
    @property
    def high(self) -> int: ...


def family(protocol: int) -> Family:
    """By which kind of number packets of a protocol are told apart."""
    if protocol in (TCP, UDP):
        return BY_PORT
    return BY_ICMP if protocol in (ICMP, ICMP6) else BY_PROTOCOL


def numbers(rule: Rule) -> Range:
    """The numbers that a rule opens: ports, types and codes, or protocols."""
    match family(rule.protocol):
        case "protocols":
            return (0, 255) if rule.protocol == ANY else (rule.protocol, rule.protocol)
        case "ports" if rule.low >= 0:
            return rule.low, rule.high
        case "icmp" if rule.low >= 0 and rule.high < 0:
            return rule.low * 256, rule.low * 256 + 255
        case "icmp" if rule.low >= 0:
            return rule.low * 256 + rule.high, rule.low * 256 + rule.high
        case _:
            return WHOLE
