"""What groups and lists let through at a range of ports, as sets of points."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from elastinet.model.acl import NetworkAcl
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.rules.permits import members, opened, peers
from elastinet.rules.ranges import Range, Ranges, of_block, of_blocks, version_of
from elastinet.rules.rule_numbers import Rule
from elastinet.rules.scopes.points import Line, Mask

Opened = list[tuple[Ranges, Mask]]
"""Ports, and the points that they are open to."""


class Filters:
    """The groups and lists of a region for one protocol.

    `atoms` are ranges of ports that no rule tells apart: at each a filter lets the same points through.
    """

    def __init__(self, state: State, line: Line, protocol: int, also: Iterable[Ranges] = ()) -> None:
        self._state, self._line, self._protocol = state, line, protocol
        self._members: dict[str, Mask] = {}
        self._groups: dict[tuple[str, bool], Opened] = {}
        self._let: dict[tuple[tuple[str, ...], bool, Range], Mask] = {}
        self._listed: dict[tuple[str, bool, Range], Mask] = {}
        self.atoms = [*self._atoms(also)]

    def _atoms(self, also: Iterable[Ranges]) -> Iterator[Range]:
        spoken: list[Rule] = [*self._state.all(SecurityGroupRule)]
        spoken += [rule for acl in self._state.all(NetworkAcl) for rule in acl.rules]
        ranges = (*also, *{opened(rule, self._protocol, 4) for rule in spoken})
        edges = {border for found in ranges for low, high in found for border in (low, high + 1)}
        yield from ((one, other - 1) for one, other in pairwise(sorted({0, 65536, *edges})))

    def let(self, groups: tuple[str, ...], *, egress: bool, atom: Range) -> Mask:
        """The points to which groups let packets to a range of ports out, or from which they let them in."""
        key = (groups, egress, atom)
        found = self._let.get(key)
        if found is None:
            found = 0
            for group in groups:
                for ports, mask in self._of_group(group, egress=egress):
                    if _covers(ports, atom):
                        found |= mask
            self._let[key] = found
        return found

    def _of_group(self, group: str, *, egress: bool) -> Opened:
        key = (group, egress)
        if key not in self._groups:
            rules = self._state.where(SecurityGroupRule, "group-id", group)
            own = ((rule, opened(rule, self._protocol, 4)) for rule in rules if rule.egress == egress)
            self._groups[key] = [(ports, self._peers(rule)) for rule, ports in own if ports]
        return self._groups[key]

    def _peers(self, rule: SecurityGroupRule) -> Mask:
        if rule.cidr:
            return self._line.within(of_block(rule.cidr)) if version_of(rule.cidr) == 4 else 0
        found = tuple(peers(self._state, rule))
        if rule.peer_group and found == (rule.peer_group,):
            return self._of_members(rule.peer_group)
        return self._line.within(of_blocks(found, 4))

    def _of_members(self, group: str) -> Mask:
        if group not in self._members:
            assert self._state.get(SecurityGroup, group)
            self._members[group] = self._line.within(of_blocks(members(self._state, group), 4))
        return self._members[group]

    def listed(self, acl: NetworkAcl, *, egress: bool, atom: Range) -> Mask:
        """The points to which a list lets packets to a range of ports out, or from which it lets them in."""
        key = (acl.id, egress, atom)
        if key not in self._listed:
            self._listed[key] = self._through(acl, egress=egress, atom=atom)
        return self._listed[key]

    def _through(self, acl: NetworkAcl, *, egress: bool, atom: Range) -> Mask:
        left, found = self._line.every, 0
        for rule in sorted((r for r in acl.rules if r.egress == egress), key=lambda r: r.number):
            if version_of(rule.cidr) == 4 and _covers(opened(rule, self._protocol, 4), atom):
                met = left & self._line.within(of_block(rule.cidr))
                found |= met if rule.allow else 0
                left ^= met
        return found


def _covers(ports: Ranges, atom: Range) -> bool:
    return any(low <= atom[0] and atom[1] <= high for low, high in ports)
