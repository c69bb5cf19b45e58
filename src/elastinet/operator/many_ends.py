"""All the ends that a row of assertions means by a name, a tag, an id, a block of addresses, or a star."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network

from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.operator.ends import OUTSIDE, End, end, is_address, of_instance, of_interface
from elastinet.rules.interfaces import instance_id_of
from elastinet.rules.ranges import BITS, Ranges, minus, of_block, size, version_of
from elastinet.rules.reachability.walk import INTERNET

INDEXES = {"subnet-": "subnet-id", "vpc-": "vpc-id", "sg-": "group-id"}
"""What interfaces are found by, by the beginning of an id."""
EVERYTHING = "*"


def ends(state: State, text: str, private: dict[int, Ranges]) -> list[End]:
    """The ends that a text means, each instance once; raises Fault if it means nothing that is there.

    The internet has no `private` address.
    """
    found = {one.interfaces: one for one in _meant(state, text, private)}
    if not found:
        raise Fault("InvalidParameterValue", f"'{text}' is nothing that is there")
    return list(found.values())


def _meant(state: State, text: str, private: dict[int, Ranges]) -> Iterator[End]:
    if text == EVERYTHING:
        yield from _instances(state, lambda _: True)
    elif text == INTERNET:
        yield OUTSIDE
    elif prefix := next((prefix for prefix in INDEXES if text.startswith(prefix)), ""):
        yield from _owners(state, state.where(NetworkInterface, INDEXES[prefix], text))
    elif "=" in text:
        yield from _tagged(state, *text.split("=", 1))
    elif "/" in text:
        yield from _in_block(state, text, private)
    elif is_address(text) or not (named := list(_tagged(state, "Name", text))):
        yield end(state, text, private)
    else:
        yield from named


def _instances(state: State, wanted: Callable[[Instance], bool]) -> Iterator[End]:
    for instance in state.all(Instance):
        if instance.state not in ("shutting-down", "terminated") and wanted(instance):
            yield of_instance(state, instance)


def _tagged(state: State, key: str, value: str) -> Iterator[End]:
    """The instances with a tag, and the interfaces with it."""
    yield from _instances(state, lambda instance: (key, value) in instance.tags)
    for interface in state.all(NetworkInterface):
        if (key, value) in interface.tags:
            yield of_interface(state, interface)


def _owners(state: State, interfaces: Iterator[NetworkInterface]) -> Iterator[End]:
    """Interfaces of instances, each by itself; NAT gateways' are no ends."""
    for interface in interfaces:
        if instance_id_of(interface):
            yield of_interface(state, interface)


def _in_block(state: State, text: str, private: dict[int, Ranges]) -> Iterator[End]:
    """The interfaces with an address in a block, and the public addresses in it, which are the internet's."""
    try:
        block = ip_network(text)
    except ValueError as error:
        raise Fault("InvalidParameterValue", f"{text} is no block of addresses: {error}") from None
    inside = (
        interface
        for interface in state.all(NetworkInterface)
        if any(ip_address(own) in block for own in (*interface.addresses, *interface.addresses6))
    )
    found = list(_owners(state, inside))
    yield from found
    if minus(of_block(text), private[version_of(text)]) and (not found or _is_whole(text)):
        yield End(f"{text} on the internet", frozenset({INTERNET}), text)


def _is_whole(text: str) -> bool:
    """True if a block has every address there is."""
    return size(of_block(text)) == 1 << BITS[version_of(text)]
