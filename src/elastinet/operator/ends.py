"""The ends of a question by what users call them: instances, names, interfaces, addresses, gateways."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway
from elastinet.rules.efa.efa import carries_ip
from elastinet.rules.explaining.words import named
from elastinet.rules.interfaces import instance_id_of, interfaces_of
from elastinet.rules.ranges import Ranges, meet, of_block, version_of
from elastinet.rules.reachability.walk import INTERNET

NO_END = {
    "nat-": "a NAT gateway",
    "eigw-": "an egress-only gateway",
    "pcx-": "a peering connection",
    "rtb-": "a route table",
}
"""What is on the way, and never an end."""


@dataclass(frozen=True)
class End:
    """An end: some interfaces, or the internet, the addresses that are meant of it, and how it is called."""

    label: str
    interfaces: frozenset[str]
    address: str = ""
    """An address, or a block of them."""
    vpcs: frozenset[str] = frozenset()
    """Where a gateway is, that stands for the internet there."""

    @property
    def addresses(self) -> Ranges:
        """The address that is meant; nothing for all of them."""
        return of_block(self.address) if self.address else ()

    @property
    def is_outside(self) -> bool:
        """True if it is the internet."""
        return INTERNET in self.interfaces


OUTSIDE = End("the internet", frozenset({INTERNET}))


def end(state: State, name: str, private: dict[int, Ranges]) -> End:
    """The one end that a name means; raises Fault. The internet has no `private` address."""
    if name == INTERNET:
        return OUTSIDE
    for prefix, what in NO_END.items():
        if name.startswith(prefix):
            raise _unknown(f"{name} is {what}: it is on the way, and never an end")
    if is_address(name):
        return _of_address(state, str(ip_address(name)), private)
    found = list(_called(state, name))
    if len(found) > 1:
        raise _unknown(f"'{name}' is ambiguous: it is {' or '.join(one.label for one in found)}")
    if not found:
        raise _unknown(f"there is no instance, interface or gateway '{name}'")
    return found[0]


def _unknown(sentence: str) -> Fault:
    return Fault("InvalidParameterValue", sentence)


def is_address(text: str) -> bool:
    """True if a text is an address of either version; one of a link is of no use here."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _called(state: State, name: str) -> Iterator[End]:
    """All that an id, or a tag called Name, is of."""
    if not name:
        return
    for instance in state.all(Instance):
        if instance.id == name or (instance.name == name and instance.state != "terminated"):
            yield of_instance(state, instance)
    for interface in state.all(NetworkInterface):
        if interface.id == name or interface.name == name:
            yield of_interface(state, interface)
    for gateway in state.all(InternetGateway):
        if name in (gateway.id, gateway.name):
            vpcs = frozenset({gateway.vpc_id} if gateway.vpc_id else ())
            yield End(f"the internet by {gateway.id}", frozenset({INTERNET}), vpcs=vpcs)


def of_instance(state: State, instance: Instance) -> End:
    """An instance with all of its interfaces; raises Fault if it has none any more."""
    own = interfaces_of(state, instance.id)
    if not own:
        raise _unknown(f"{instance.id} is {instance.state}, and has no interface")
    carrying = [one.id for one in own if carries_ip(one)] or [one.id for one in own]
    return End(named(state, instance.id), frozenset(carrying))


def of_interface(state: State, interface: NetworkInterface) -> End:
    """An interface by itself."""
    owner = instance_id_of(interface)
    of = f" of {named(state, owner)}" if owner else ""
    return End(f"{named(state, interface.id)}{of}", frozenset({interface.id}))


def _of_address(state: State, text: str, private: dict[int, Ranges]) -> End:
    """The interface that an address leads to, by that address; or the internet, if none has it."""
    found = {one.id: one for one in _holders(state, text)}
    if len(found) > 1:
        raise _unknown(f"{text} is ambiguous: {' or '.join(found)} has it, each in a VPC of its own")
    if found:
        (interface,) = found.values()
        label = f"{text} at {of_interface(state, interface).label}"
        return End(label, frozenset({interface.id}), text)
    if any(a.public_ip == text for a in state.all(Address)):
        raise _unknown(f"{text} is an Elastic IP that leads nowhere")
    if meet(of_block(text), private[version_of(text)]):
        raise _unknown(f"no interface has the address {text}")
    return End(f"{text} on the internet", frozenset({INTERNET}), text)


def _holders(state: State, text: str) -> Iterator[NetworkInterface]:
    """The interfaces that have an address, in a prefix too, or that a public one leads to."""
    wanted = ip_address(text)
    for address in state.where(Address, "public-ip", text):
        if address.interface_id:
            yield state.need(NetworkInterface, address.interface_id)
    yield from state.where(NetworkInterface, "public-ip", text)
    index = "ipv6-addresses.ipv6-address" if wanted.version == 6 else "addresses.private-ip-address"
    yield from state.where(NetworkInterface, index, text)
    for interface in state.all(NetworkInterface):
        if any(wanted in ip_network(p) for p in (*interface.prefixes, *interface.prefixes6)):
            yield interface
