"""What a request says of an access scope's paths, checked."""

from collections.abc import Iterable
from typing import NamedTuple

from elastinet.digits import whole
from elastinet.ec2.core import faults
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.insights.resources import resource
from elastinet.model.access_scope import (
    AccessScopePath,
    PacketHeaderStatement,
    PathStatement,
    ResourceStatement,
    ThroughStatement,
)
from elastinet.model.fault import Fault
from elastinet.model.prefix_list import PrefixList
from elastinet.rules.filtering import cidr

PROTOCOLS = ("tcp", "udp")
MOST_PORT = 65535


class Place(NamedTuple):
    """What may stand at a place of a path: prefixes of ids, and types."""

    prefixes: tuple[str, ...]
    types: tuple[str, ...]
    words: str


ENDS = Place(
    ("eni", "i", "igw", "pcx", "sg", "subnet", "vpc", "vpce"),
    (
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NetworkInterface",
        "AWS::EC2::TransitGatewayAttachment",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::VPCEndpointService",
        "AWS::EC2::VPCPeeringConnection",
        "AWS::EC2::VPNGateway",
    ),
    "the end of a path",
)
THROUGH = Place(
    ("nat", "pcx", "vpce"),
    (
        "AWS::EC2::NatGateway",
        "AWS::EC2::TransitGatewayAttachment",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::VPCPeeringConnection",
        "AWS::ElasticLoadBalancing::LoadBalancer",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::NetworkFirewall::Firewall",
    ),
    "between the ends of a path",
)


def matches(tx: Transaction, request: Request) -> tuple[AccessScopePath, ...]:
    """The paths to look for: at least one, each with an end."""
    found = [*_each(request, "MatchPaths")]
    if not found:
        raise faults.missing_parameter("MatchPaths")
    for path, given in found:
        if given.get("ThroughResources"):
            raise faults.combination(f"The parameter {path}.ThroughResources is for ExcludePaths only.")
        _check_said(path, given, ("Source", "Destination"))
    return tuple(_path(tx, path, given) for path, given in found)


def exclusions(tx: Transaction, request: Request) -> tuple[AccessScopePath, ...]:
    """The paths that are as they should be."""
    found = [*_each(request, "ExcludePaths")]
    for path, given in found:
        _check_said(path, given, ("Source", "Destination", "ThroughResources"))
    return tuple(_path(tx, path, given) for path, given in found)


def _each(request: Request, name: str) -> Iterable[tuple[str, Request]]:
    return ((f"{name}.{number}", given) for number, given in enumerate(request.get(name) or (), 1))


def _check_said(path: str, given: Request, names: tuple[str, ...]) -> None:
    if not any(given.get(name) for name in names):
        raise faults.missing_parameter(f"{path}.{names[0]}")


def _path(tx: Transaction, path: str, given: Request) -> AccessScopePath:
    return AccessScopePath(
        _side(tx, f"{path}.Source", given.get("Source")),
        _side(tx, f"{path}.Destination", given.get("Destination")),
        tuple(_through(tx, name, one) for name, one in _inside(path, given, "ThroughResources")),
    )


def _inside(path: str, given: Request, name: str) -> Iterable[tuple[str, Request]]:
    return ((f"{path}.{inner}", one) for inner, one in _each(given, name))


def _side(tx: Transaction, path: str, given: Request | None) -> PathStatement | None:
    if given is None:
        return None
    header, resources = given.get("PacketHeaderStatement"), given.get("ResourceStatement")
    if header is None and resources is None:
        raise faults.missing_parameter(f"{path}.ResourceStatement")
    return PathStatement(
        None if header is None else _header(tx, f"{path}.PacketHeaderStatement", header),
        None if resources is None else _resources(tx, f"{path}.ResourceStatement", resources, ENDS),
    )


def _through(tx: Transaction, path: str, given: Request) -> ThroughStatement:
    resources = given.get("ResourceStatement")
    if resources is None:
        raise faults.missing_parameter(f"{path}.ResourceStatement")
    return ThroughStatement(_resources(tx, f"{path}.ResourceStatement", resources, THROUGH))


def _resources(tx: Transaction, path: str, given: Request, place: Place) -> ResourceStatement:
    named, types = given.ids("Resources"), given.ids("ResourceTypes")
    if named and types:
        raise faults.combination(
            f"The parameters {path}.Resources and {path}.ResourceTypes cannot be used together."
        )
    if not named and not types:
        raise faults.missing_parameter(f"{path}.Resources")
    for text in named:
        resource(tx, text, f"{path}.Resources", place.prefixes, place.words)
    for kind in types:
        if kind not in place.types:
            raise faults.invalid(
                kind, f"{path}.ResourceTypes", f"Valid values are: {', '.join(place.types)}."
            )
    return ResourceStatement(tuple(named), tuple(types))


# --- headers --------------------------------------------------------------------------------------


def _header(tx: Transaction, path: str, given: Request) -> PacketHeaderStatement:
    for end in ("Source", "Destination"):
        if given.get(f"{end}Addresses") and given.get(f"{end}PrefixLists"):
            raise faults.combination(
                f"The parameters {path}.{end}Addresses and {path}.{end}PrefixLists cannot be used together."
            )
    found = PacketHeaderStatement(
        _addresses(given, "SourceAddresses", path),
        _addresses(given, "DestinationAddresses", path),
        _ports(given, "SourcePorts", path),
        _ports(given, "DestinationPorts", path),
        _lists(tx, given, "SourcePrefixLists", path),
        _lists(tx, given, "DestinationPrefixLists", path),
        _protocols(given, path),
    )
    if found == PacketHeaderStatement():
        raise faults.missing_parameter(f"{path}.SourceAddresses")
    return found


def _addresses(given: Request, name: str, path: str) -> tuple[str, ...]:
    for text in given.ids(name):
        try:
            cidr(text if "/" in text else f"{text}/32", 4)
        except Fault:
            raise faults.invalid(text, f"{path}.{name}", "It is not an IPv4 address or CIDR block.") from None
    return tuple(given.ids(name))


def _ports(given: Request, name: str, path: str) -> tuple[str, ...]:
    for text in given.ids(name):
        if ports(text) is None:
            raise faults.invalid(text, f"{path}.{name}", "It is not a port, or a range of ports.")
    return tuple(given.ids(name))


def ports(text: str) -> tuple[int, int] | None:
    """A range of ports from its text, as 22 or 1000-2000; None for what is none."""
    low, dash, high = text.partition("-")
    first = whole(low, 0, MOST_PORT)
    last = whole(high, 0, MOST_PORT) if dash else first
    return (first, last) if first is not None and last is not None and first <= last else None


def _lists(tx: Transaction, given: Request, name: str, path: str) -> tuple[str, ...]:
    for id in given.ids(name):
        if need(tx, PrefixList, "pl", id).family != "IPv4":
            raise faults.invalid(id, f"{path}.{name}", "It is not a prefix list of IPv4.")
    return tuple(given.ids(name))


def _protocols(given: Request, path: str) -> tuple[str, ...]:
    for name in given.ids("Protocols"):
        if name.lower() not in PROTOCOLS:
            raise faults.invalid(name, f"{path}.Protocols", "Valid values are: tcp, udp.")
    return tuple(name.lower() for name in given.ids("Protocols"))
