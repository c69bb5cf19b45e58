"""Security group and network ACL rules that connections between two interfaces lack (sections 5 and 6.2)."""

from collections.abc import Iterator
from typing import NamedTuple

from elastinet.model.acl import NetworkAcl
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.rules.filtering import protocol_name
from elastinet.rules.paths import Flow
from elastinet.rules.ranges import blocks_of
from elastinet.rules.reachability.filters import through_acl, through_groups
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.steps import Hop, Step


class Missing(NamedTuple):
    """A rule that is not there: of a security group or a network ACL (by its id), in one direction."""

    holder: str
    egress: bool
    protocol: int
    low: int
    high: int
    cidr: str

    @property
    def sentence(self) -> str:
        """The missing rule as a sentence: "sg-1 does not let TCP port 22 in from 10.0.0.5/32"."""
        ports = f"port {self.low}" if self.low == self.high else f"ports {self.low} to {self.high}"
        name = protocol_name(self.protocol).upper()
        way = f"out to {self.cidr}" if self.egress else f"in from {self.cidr}"
        return f"{self.holder} does not let {name} {ports} {way}"


def missing(state: State, flow: Flow) -> Iterator[Missing]:
    """The rules that some packets of a flow lack; answers need none of a group that let through what they
    answer."""
    passed = {step.hop.id for step in flow.there.steps if step.hop.kind == "group"}
    for step in (*flow.there.steps, *(s for s in flow.back.steps if not _is_tracked(s.hop, passed))):
        headers, egress = step.entering, step.hop.direction == "egress"
        if step.hop.kind == "group":
            interface = state.need(NetworkInterface, step.hop.id)
            if headers.minus(through_groups(state, interface, headers, egress=egress).boxes):
                yield _missing(interface.groups[0], step)
        elif step.hop.kind == "acl":
            acl = state.need(NetworkAcl, step.hop.id)
            if headers.minus(through_acl(acl, headers, egress=egress).boxes):
                yield _missing(acl.id, step)


def _is_tracked(hop: Hop, passed: set[str]) -> bool:
    return hop.kind == "group" and hop.id in passed


def _missing(holder: str, step: Step) -> Missing:
    headers, egress = step.entering, step.hop.direction == "egress"
    low, high = headers.field("dport")[0][0], headers.field("dport")[-1][1]
    return Missing(holder, egress, headers.protocol, low, high, _far(headers, egress=egress))


def _far(headers: Headers, *, egress: bool) -> str:
    """The block of the one address that packets come from, or go to."""
    return blocks_of(headers.field("destination" if egress else "source"), headers.version)[0]
