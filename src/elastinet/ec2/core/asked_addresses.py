"""Addresses or prefixes of one family that a request wants for an interface: named, or a number of them.

The four ways exclude each other (facts sheet, section 1.4).
"""

import ipaddress
import re
from typing import Any

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
    """Named addresses, a count of them, named prefixes, a count of those; one at the most is not empty."""

    named: tuple[str, ...] = ()
    count: int = 0
    prefixes: tuple[str, ...] = ()
    prefix_count: int = 0

    @property
    def all_prefixes(self) -> int:
        """Number of prefixes, named or counted."""
        return len(self.prefixes) + self.prefix_count

    @property
    def size(self) -> int:
        """Number of addresses and prefixes; a prefix counts as one."""
        return len(self.named) + self.count + self.all_prefixes


NOTHING = AddressRequest()


def ipv6(request: Request) -> AddressRequest | None:
    """The IPv6 addresses or prefixes that a request asks for; None if it asks for none. Raises Fault."""
    names = ("Ipv6Addresses", "Ipv6AddressCount", "Ipv6Prefixes", "Ipv6PrefixCount")
    given = {name: value for name in names if (value := request.get(name)) not in (None, [])}
    if not given:
        return None
    if given.keys() == {"Ipv6Addresses", "Ipv6AddressCount"}:
        sentence = "IPv6 addresses and IPv6 address count may not be specified on the same request"
        raise faults.combination(sentence)
    if len(given) > 1:
        raise Fault("InvalidParameterValue", ONE_OF_IPV6)
    return AddressRequest(
        _unique([_ipv6_address(text) for text in _named(given.get("Ipv6Addresses"), "Ipv6Address")]),
        _count(given, "Ipv6AddressCount"),
        _unique([_ipv6_prefix(text) for text in _named(given.get("Ipv6Prefixes"), "Ipv6Prefix")]),
        _count(given, "Ipv6PrefixCount"),
    )


def ipv6_gone(request: Request) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The IPv6 addresses and prefixes that a request names to be taken away, of both kinds together."""
    addresses = _unique([_ipv6_address(text) for text in request.ids("Ipv6Addresses")])
    prefixes = _unique([_ipv6_prefix(text) for text in request.ids("Ipv6Prefixes")])
    if not addresses and not prefixes:
        raise faults.missing_parameter("ipv6Addresses")
    return addresses, prefixes


def ipv4_prefixes(request: Request, others: list[str]) -> AddressRequest:
    """The IPv4 prefixes that a request asks for; `others` are its parameters that exclude them."""
    names = ("Ipv4Prefixes", "Ipv4PrefixCount")
    given = {name: value for name in names if (value := request.get(name)) not in (None, [])}
    if not given:
        return NOTHING
    if len(given) + len(others) > 1:
        both = " and ".join([*others, *given])
        raise faults.combination(f"{both} may not be specified on the same request")
    prefixes = _unique([_ipv4_prefix(text) for text in _named(given.get("Ipv4Prefixes"), "Ipv4Prefix")])
    return AddressRequest(prefixes=prefixes, prefix_count=_count(given, "Ipv4PrefixCount"))


def secondary_count(request: Request) -> int | None:
    """The number of secondary IPv4 addresses that a request asks for; None if it gives none."""
    name = "SecondaryPrivateIpAddressCount"
    return None if (count := request.get(name)) is None else _count({name: count}, name)


def _named(values: list[Any] | None, member: str) -> list[str]:
    """The texts of a list, of texts or of structures; the one marked as primary comes first."""
    found: list[str] = []
    for value in values or ():
        text = value if isinstance(value, str) else value.get(member)
        if text is None:
            raise faults.missing_parameter(member[0].lower() + member[1:])
        first = not isinstance(value, str) and member == "Ipv6Address" and value.get("IsPrimaryIpv6")
        found.insert(0 if first else len(found), text)
    return found


def marks_primary(request: Request) -> bool:
    """True if a request marks one of its IPv6 addresses as the primary one."""
    listed = request.get("Ipv6Addresses") or ()
    return any(one.get("IsPrimaryIpv6") for one in listed if isinstance(one, Request))


def _count(given: dict[str, Any], name: str) -> int:
    count = int(given.get(name, 0))
    if count < 0:
        raise faults.invalid(count, name[0].lower() + name[1:])
    return count


def _unique(texts: list[str]) -> tuple[str, ...]:
    if len(set(texts)) < len(texts):
        raise faults.invalid(texts[-1], "address", "An address or a prefix may be given only once.")
    return tuple(texts)


def _ipv6_address(text: str) -> str:
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
