"""Security group rules as numbers, the only spelling in which they are compared (facts sheet, section 5)."""

import ipaddress

from elastinet.catalog.protocols import ANY, ICMP, ICMP6, TCP, UDP
from elastinet.digits import whole
from elastinet.model.fault import Fault

NAMES = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMP6, "all": ANY}
SHOWN = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMP6: "icmpv6"}
PORTS, ICMPS = (TCP, UDP), (ICMP, ICMP6)


def protocol_number(name: str) -> int:
    """The number of a protocol given by name or number; -1 for all."""
    number = NAMES.get(name.lower())
    if number is None:
        number = whole(name, ANY, 255)
    if number is None:
        raise Fault(
            "InvalidPermission.Malformed", f'Unsupported IP protocol "{name}"  - supported: [tcp, udp, icmp]'
        )
    return number


def protocol_name(number: int) -> str:
    """A protocol as the API shows it: "tcp" for 6, "47" for 47."""
    return SHOWN.get(number, str(number))


def span(protocol: int, low: int | None, high: int | None) -> tuple[int, int]:
    """The ports of TCP and UDP, or the type and code of ICMP, as a rule keeps them."""
    if protocol in PORTS:
        return _ports(protocol, low, high)
    if protocol in ICMPS:
        return _icmp(ANY if low is None else low, ANY if high is None else high)
    return ANY, ANY


def _ports(protocol: int, low: int | None, high: int | None) -> tuple[int, int]:
    if low is None or high is None:
        raise Fault(
            "MissingParameter",
            "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
        )
    name = protocol_name(protocol).upper()
    for port in (low, high):
        if not 0 <= port <= 65535:
            raise Fault("InvalidParameterValue", f"{name} port ({port}) out of range")
    if low > high:
        raise Fault("InvalidParameterValue", f"Invalid {name} port range {low}-{high}: from is above to.")
    return low, high


def _icmp(kind: int, code: int) -> tuple[int, int]:
    if not -1 <= kind <= 255:
        raise Fault("InvalidParameterValue", f"ICMP type ({kind}) out of range")
    if not -1 <= code <= 255:
        raise Fault("InvalidParameterValue", f"ICMP code ({code}) out of range")
    if kind == ANY and code != ANY:
        raise Fault("InvalidParameterValue", f"ICMP code ({code}) may not be given for all types")
    return kind, code


def cidr(text: str, version: int) -> str:
    """A block of addresses in its canonical spelling."""
    kind = ipaddress.IPv4Network if version == 4 else ipaddress.IPv6Network
    try:
        if whole(text.partition("/")[2], 0, 128) is None:
            raise ValueError(text)  # Python would take a mask, or no length at all
        return str(kind(text, strict=False))
    except ValueError:
        raise Fault("InvalidParameterValue", f"CIDR block {text} is malformed") from None


def sentence(protocol: int, low: int, high: int, peer: str) -> str:
    """A rule as EC2's refusals describe it."""
    if protocol == ANY:
        return f"peer: {peer}, ALL, ALLOW"
    name = protocol_name(protocol).upper()
    if protocol in PORTS:
        return f"peer: {peer}, {name}, from port: {low}, to port: {high}, ALLOW"
    if protocol in ICMPS:
        return f"peer: {peer}, {name}, type: {low}, code: {high}, ALLOW"
    return f"peer: {peer}, {name}, ALLOW"
