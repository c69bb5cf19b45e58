"""Addresses and prefixes that a request asks for: named, or a number of them, by family.

The four ways exclude each other (facts sheet, section 1.4).
"""

import ipaddress
import re
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import msgspec

from elastinet.ec2.core import faults
from elastinet.ec2.core.cidrs import read_block, read_ipv6_block
from elastinet.ec2.core.request import Request
from elastinet.model.fault import Fault
from elastinet.model.prefixes import SIZES

ONE_OF_IPV6 = (
    "You can and can only specify one of ipv6-addresses or ipv6-addresses-count  ipv6-prefix and "
    "ipv6-prefix-count."
)
_IPV6 = re.compile(r"[0-9a-fA-F:.]+", re.ASCII)


class AddressRequest(msgspec.Struct, frozen=True):
    """Named addresses, a count of them, named prefixes, a count of those; one at the most is not empty.

    An IPv6 address that is marked as the primary one comes first; `has_primary` is true then. The primary
    IPv4 address of a new interface is not among these: it does not exclude the others.
    """

    named: tuple[str, ...] = ()
    count: int = 0
    prefixes: tuple[str, ...] = ()
    prefix_count: int = 0
    has_primary: bool = False

    @property
    def all_prefixes(self) -> int:
        """Number of prefixes, named or counted."""
        return len(self.prefixes) + self.prefix_count

    @property
    def size(self) -> int:
        """Number of addresses and prefixes; a prefix counts as one."""
        return len(self.named) + self.count + self.all_prefixes


NOTHING = AddressRequest()


class Entry(NamedTuple):
    """One item of a list of addresses, and its mark as the primary one."""

    text: str
    is_primary: bool


def ipv4(request: Request) -> tuple[str | None, AddressRequest]:
    """The primary IPv4 address that a request names, and what it asks for beside it. Raises Fault."""
    listed = _entries(request, "PrivateIpAddresses", "PrivateIpAddress", "Primary")
    primary = request.get("PrivateIpAddress")
    firsts = [one.text for one in listed if one.is_primary] + ([] if primary is None else [primary])
    if len(firsts) > 1:
        raise faults.combination("Only one primary private IP address can be specified.")
    secondary = [one.text for one in listed if not one.is_primary]
    _unique([*firsts, *secondary], "privateIpAddress")
    asked = AddressRequest(tuple(secondary), **_counted(request, listed))
    return next(iter(firsts), None), asked


def _counted(request: Request, listed: list[Entry]) -> dict[str, Any]:
    """The count of secondary IPv4 addresses, or the prefixes, beside a list of addresses."""
    given = _given(request, ("SecondaryPrivateIpAddressCount", "Ipv4Prefixes", "Ipv4PrefixCount"))
    # The primary address may be listed beside a count of secondary ones, but not beside prefixes.
    excluding = any(not one.is_primary for one in listed) or given.keys() - {"SecondaryPrivateIpAddressCount"}
    if len(both := [*(["PrivateIpAddresses"] if listed and excluding else []), *given]) > 1:
        raise faults.combination(f"{' and '.join(both)} may not be specified on the same request")
    return {
        "count": _positive(given, "SecondaryPrivateIpAddressCount"),
        "prefixes": _prefixes(request, "Ipv4Prefixes", "Ipv4Prefix", _ipv4_prefix),
        "prefix_count": _count(given, "Ipv4PrefixCount"),
    }


def ipv6(request: Request) -> AddressRequest | None:
    """The IPv6 addresses or prefixes that a request asks for; None if it says nothing. Raises Fault."""
    given = _given(request, ("Ipv6Addresses", "Ipv6AddressCount", "Ipv6Prefixes", "Ipv6PrefixCount"))
    if not given:
        return None
    if given.keys() == {"Ipv6Addresses", "Ipv6AddressCount"}:
        sentence = "IPv6 addresses and IPv6 address count may not be specified on the same request"
        raise faults.combination(sentence)
    if len(given) > 1:
        raise Fault("InvalidParameterValue", ONE_OF_IPV6)
    listed = _entries(request, "Ipv6Addresses", "Ipv6Address", "IsPrimaryIpv6")
    listed.sort(key=lambda one: not one.is_primary)
    if len(listed) > 1 and listed[1].is_primary:
        raise faults.combination("Only one primary IPv6 address can be specified.")
    return AddressRequest(
        _unique([ipv6_address(one.text) for one in listed], "ipv6Address"),
        _count(given, "Ipv6AddressCount"),
        _prefixes(request, "Ipv6Prefixes", "Ipv6Prefix", _ipv6_prefix),
        _count(given, "Ipv6PrefixCount"),
        has_primary=any(one.is_primary for one in listed),
    )


def ipv4_gone(request: Request) -> AddressRequest:
    """The IPv4 addresses and prefixes that a request takes away, of both kinds together."""
    named = _unique(request.ids("PrivateIpAddresses"), "privateIpAddress")
    return _some(named, _prefixes(request, "Ipv4Prefixes", "Ipv4Prefix", _ipv4_prefix), "privateIpAddress")


def ipv6_gone(request: Request) -> AddressRequest:
    """The IPv6 addresses and prefixes that a request takes away, of both kinds together."""
    named = _unique([ipv6_address(text) for text in request.ids("Ipv6Addresses")], "ipv6Address")
    return _some(named, _prefixes(request, "Ipv6Prefixes", "Ipv6Prefix", _ipv6_prefix), "ipv6Addresses")


def _some(named: tuple[str, ...], prefixes: tuple[str, ...], parameter: str) -> AddressRequest:
    if not named and not prefixes:
        raise faults.missing_parameter(parameter)
    return AddressRequest(named, prefixes=prefixes)


def _given(request: Request, names: Collection[str]) -> dict[str, Any]:
    """Those of the parameters that say something; an empty list does not, nor does a count of no prefixes."""
    given = {name: value for name in names if (value := request.get(name)) not in (None, [])}
    return {name: value for name, value in given.items() if value or not name.endswith("PrefixCount")}


def _entries(request: Request, name: str, member: str, mark: str) -> list[Entry]:
    """The items of a list of texts, or of structures with a text and perhaps a mark."""
    found = []
    for value in request.get(name) or ():
        text, is_primary = (value, False) if isinstance(value, str) else (value.get(member), value.get(mark))
        if text is None:
            raise faults.missing_parameter(_parameter(member))
        found.append(Entry(text, bool(is_primary)))
    return found


def _prefixes(request: Request, name: str, member: str, read: Callable[[str], str]) -> tuple[str, ...]:
    listed = _entries(request, name, member, "")
    return _unique([read(one.text) for one in listed], _parameter(member))


def _parameter(name: str) -> str:
    """A member's name as EC2's sentences write it."""
    return name[0].lower() + name[1:]


def _count(given: dict[str, Any], name: str) -> int:
    count = int(given.get(name, 0))
    if count < 0:
        raise faults.invalid(count, _parameter(name))
    return count


def _positive(given: dict[str, Any], name: str) -> int:
    """A count that may be left out, but not be zero."""
    count = int(given.get(name, 0))
    if name in given and count <= 0:
        raise faults.invalid(count, _parameter(name), "Value must be a positive number.")
    return count


def _unique(texts: list[str], parameter: str) -> tuple[str, ...]:
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            raise faults.invalid(text, parameter, "An address or a prefix may be given only once.")
        seen.add(text)
    return tuple(texts)


def ipv6_address(text: str) -> str:
    """An IPv6 address as it is written here; refuses what is none."""
    try:
        if not _IPV6.fullmatch(text):
            raise ValueError(text)  # Python would take a zone ("%eth0") too
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise faults.invalid(text, "ipv6Address", "This is not a valid IPv6 address.") from None


def _ipv6_prefix(text: str) -> str:
    network = read_ipv6_block(text, "ipv6Prefix")
    return _sized(text, str(network), network.prefixlen, 6)


def _ipv4_prefix(text: str) -> str:
    network = read_block(text, "ipv4Prefix")
    return _sized(text, str(network), network.prefixlen, 4)


def _sized(text: str, block: str, size: int, version: int) -> str:
    if size != SIZES[version]:
        raise faults.invalid(text, f"ipv{version}Prefix", f"Expecting a /{SIZES[version]} block.")
    return block
