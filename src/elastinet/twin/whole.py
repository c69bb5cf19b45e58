"""What an account always has, and a dump may lack: for a twin is not only asked, but worked with."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from elastinet.dumps.finding import Finding
from elastinet.dumps.world import made_up
from elastinet.model.interface import NetworkInterface
from elastinet.model.noun import Noun
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.vpc import Vpc
from elastinet.rules.interfaces import attachment_of
from elastinet.rules.presence import is_in_foreign

SERVICE = "amazon-aws"
"""Who made an interface that is in nothing of the account."""


def complete(state: State) -> list[Finding]:
    """Have what lacks; gives what is to be said of it."""
    found = []
    for vpc in state.all(Vpc):
        if not state.count(SecurityGroup, "name", (vpc.id, "default")):
            for noun in _default_group(vpc):
                state.replace(type(noun), noun.id, noun)
            found.append(
                Finding("", f"the default group of {vpc.id} is not in the dump: taken as a new VPC's")
            )
    for interface in state.all(NetworkInterface):
        if is_in_foreign(state, interface):
            state.replace(NetworkInterface, interface.id, _of_service(interface))
    return found


def _default_group(vpc: Vpc) -> Iterator[Noun]:
    where: dict[str, Any] = {"owner": vpc.owner, "region": vpc.region}
    id = made_up("sg", vpc.id, "default")
    words = "default VPC security group"
    yield SecurityGroup(id=id, vpc_id=vpc.id, group_name="default", description=words, **where)
    rule = SecurityGroupRule(id="", group_id=id, egress=False, protocol=-1, low=-1, high=-1, **where)
    yield rule.but(id=made_up("sgr", id, "in"), peer_group=id)
    yield rule.but(id=made_up("sgr", id, "out"), egress=True, cidr="0.0.0.0/0")


def _of_service(interface: NetworkInterface) -> NetworkInterface:
    """As it is when it has settled, since no fabric will tell; the account has no hand on who holds it."""
    held = replace(attachment_of(interface), status="attached")
    return interface.but(attachment=held, requester_id=interface.requester_id or SERVICE)
