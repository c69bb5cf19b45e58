"""The entries of network ACLs that would let headers through."""

from typing import Any

from elastinet.catalog.protocols import ICMP, ICMP6
from elastinet.model.acl import AclRule, NetworkAcl
from elastinet.rules.explaining.command import Command
from elastinet.rules.ranges import PORTS, Ranges, address_of, size
from elastinet.rules.reachability.filters import acl_box
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.rule_numbers import family

LAST = 32766
"""The highest number of an entry."""
ANSWERED = (1024, 65535)
"""The ports that clients of all systems send from."""


class Entries:
    """Entries for one answer: no two of them have the same number."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, bool, int]] = set()

    def command(self, acl: NetworkAcl, headers: Headers, *, egress: bool) -> Command:
        """The command that adds an entry before those that deny, or has the first of these allow."""
        denying = [rule.number for rule in _denying(acl, headers, egress=egress)]
        number = self._free(acl, min(denying, default=None), egress=egress)
        verb = "CreateNetworkAclEntry" if number else "ReplaceNetworkAclEntry"
        number = number or min(denying)
        self._taken.add((acl.id, egress, number))
        far = headers.field("destination" if egress else "source")
        block = "CidrBlock" if headers.version == 4 else "Ipv6CidrBlock"
        given: dict[str, Any] = {"NetworkAclId": acl.id, "Egress": egress, "RuleNumber": number}
        given |= {"RuleAction": "allow", "Protocol": str(headers.protocol), block: hull(far, headers.version)}
        return Command(verb, given | _numbers(headers), acl.region)

    def _free(self, acl: NetworkAcl, before: int | None, *, egress: bool) -> int:
        """A number for an entry: below another's, or else after all; 0 for none."""
        used = {rule.number for rule in acl.rules if rule.egress == egress}
        used |= {number for id, way, number in self._taken if (id, way) == (acl.id, egress)}
        if before is None:
            hundred = (max(used, default=0) // 100 + 1) * 100
            wanted = range(hundred, LAST + 1) if hundred <= LAST else range(LAST, 0, -1)
        else:
            wanted = range(before - 1, 0, -1)
        return next((number for number in wanted if number not in used), 0)


def _denying(acl: NetworkAcl, headers: Headers, *, egress: bool) -> list[AclRule]:
    denied = (rule for rule in acl.rules if rule.egress == egress and not rule.allow)
    boxes = ((rule, acl_box(rule, headers.version, headers.protocol)) for rule in denied)
    return [rule for rule, box in boxes if box is not None and headers.meet((box,))]


def _numbers(headers: Headers) -> dict[str, Any]:
    """The ports, or the type and code, of an entry for headers."""
    low, high = headers.field("dport")[0]
    if headers.protocol in (ICMP, ICMP6):
        kind = (-1, -1) if (low, high) == PORTS[0] else divmod(low, 256)
        return {"IcmpTypeCode": dict(zip(("Type", "Code"), kind, strict=True))}
    if family(headers.protocol) != "ports":
        return {}
    if (low, high) == PORTS[0] and size(headers.field("sport")) == 1:
        low, high = ANSWERED
    return {"PortRange": {"From": low, "To": high}}


def hull(ranges: Ranges, version: int) -> str:
    """The smallest block that has all these addresses."""
    bits = 32 if version == 4 else 128
    low, high = ranges[0][0], ranges[-1][1]
    free = (low ^ high).bit_length()
    return f"{address_of(low >> free << free, version)}/{bits - free}"
