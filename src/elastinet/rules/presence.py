"""The interfaces of a state that packets can reach, and the VPCs that have any."""

from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.foreign import Foreign
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.state import State
from elastinet.rules.efa.efa import carries_ip
from elastinet.rules.endpoints import is_answered


def is_live(state: State, interface: NetworkInterface) -> bool:
    """True if an interface is, or is about to be, in an instance that has power or in a service that is here.

    That is a NAT gateway, or an interface endpoint that something answers at. One of a thing that is foreign
    here counts as such, too: groups know its address. An EFA-only one never is: it carries no packets.
    """
    attachment = interface.attachment
    if attachment is None or attachment.status == "detaching" or not carries_ip(interface):
        return False
    if is_in_foreign(state, interface):
        return True
    holder = attachment.instance_id
    if instance := state.get(Instance, holder):
        return instance.powered
    if gateway := state.get(NatGateway, holder):
        return gateway.alive
    endpoint = state.get(VpcEndpoint, holder)
    return endpoint is not None and is_answered(endpoint)


def is_in_foreign(state: State, interface: NetworkInterface) -> bool:
    """True if an interface is in something that is foreign here: no packet gets to it, or from it."""
    attachment = interface.attachment
    return attachment is not None and state.get(Foreign, attachment.instance_id) is not None


def has_network(state: State, vpc_id: str) -> bool:
    """True if a VPC needs a network, as soon as it has a live interface."""
    return any(is_live(state, i) for i in state.where(NetworkInterface, "attachment.vpc-id", vpc_id))
