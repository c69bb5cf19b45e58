"""The ways of headers through NAT gateways: of IPv4, and of IPv6 to what stands for IPv4 (NAT64)."""

from collections.abc import Iterator

from elastinet.catalog.nat64 import NAT64
from elastinet.catalog.protocols import ICMP, ICMP6, TCP, UDP
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.vpc import Vpc
from elastinet.rules.ranges import Ranges, meet, of_block, of_blocks, only
from elastinet.rules.reachability.headers import Box, Headers
from elastinet.rules.reachability.steps import Blocker, Hop, Onward, Place, Step, blocker
from elastinet.rules.reachability.walk import Walk

EPHEMERAL = ((1024, 65535),)
"""The ports that a NAT gateway sends from."""
TRANSLATED = (ICMP, TCP, UDP)
"""The protocols that a NAT gateway translates."""
EMBEDDED = of_block(str(NAT64))
"""The IPv6 addresses that stand for IPv4 addresses."""
IN_IPV4 = {ICMP6: ICMP}
"""The protocols that have another number in IPv4."""
ECHO = {128 * 256: 8 * 256}
"""The type and code, as one number, of what ICMPv6 asks and ICMP too."""


def translate(
    walk: Walk, interface: NetworkInterface, headers: Headers, steps: tuple[Step, ...]
) -> Iterator[Onward]:
    """Through a NAT gateway: answers go back to who was answered, others get its address."""
    nat = next(walk.state.where(NatGateway, "interface-id", interface.id), None)
    if nat is None or not nat.private_ip:
        yield Onward(steps, Place("out", interface.id), headers)  # the interface itself says what lacks
        return
    back = next((step for step in walk.passed if step.hop == Hop("nat", nat.id)), None)
    step = _answered(back, headers) if back else _sent(walk, nat, headers)
    if step.entering:
        yield Onward((*steps, step), Place("out", interface.id), step.leaving)


def _answered(there: Step, headers: Headers) -> Step:
    """Answers to what was translated on the way there."""
    known = headers.meet(there.leaving.turned.boxes)
    if headers.version != there.leaving.version:
        known = headers._replace(boxes=())
    to = {"destination": there.entering.field("source"), "dport": there.entering.field("sport")}
    if there.entering.version == there.leaving.version:
        return Step(there.hop, known, known.rewritten(**to))
    turned = there.entering.turned
    boxes = (Box(_embedded(box.source), to["destination"], box.sport, to["dport"]) for box in known.boxes)
    if headers.protocol == ICMP:
        boxes = (box._replace(dport=turned.field("dport")) for box in boxes)
    return Step(there.hop, known, turned._replace(boxes=tuple(boxes)))


def _sent(walk: Walk, nat: NatGateway, headers: Headers) -> Step:
    """What gets the gateway's address."""
    vpc = walk.state.need(Vpc, nat.vpc_id)
    own = of_blocks(vpc.cidrs if headers.version == 4 else vpc.cidrs6, headers.version)
    asked = headers if headers.version == 4 else headers.limited(destination=EMBEDDED)
    inside, found = asked.limited(source=own), list[Blocker]()
    if not inside:
        found.append(blocker("NGW_REQUIRES_SOURCE_IN_VPC", nat=nat.id, vpc=vpc.id))
    passed = _as_ipv4(inside or asked)
    if passed.protocol not in TRANSLATED:
        found.append(blocker("PROTOCOL_RESTRICTION", nat=nat.id))
    ports = {"sport": EPHEMERAL} if passed.protocol != ICMP else {}
    leaving = passed.rewritten(source=of_block(nat.private_ip), **ports)
    return Step(Hop("nat", nat.id), inside or asked, leaving, tuple(found))


def _as_ipv4(headers: Headers) -> Headers:
    """IPv6 headers to embedded addresses as IPv4 headers, but for their sources."""
    if headers.version == 4:
        return headers
    boxes = tuple(box._replace(destination=_extracted(box.destination)) for box in headers.boxes)
    protocol = IN_IPV4.get(headers.protocol, headers.protocol)
    if protocol == ICMP:
        numbers = [only(echo) for kind, echo in ECHO.items() if meet(headers.field("dport"), only(kind))]
        boxes = tuple(box._replace(dport=number) for box in boxes for number in numbers)
    return Headers(4, protocol, boxes, headers.is_part)


def _extracted(addresses: Ranges) -> Ranges:
    base = EMBEDDED[0][0]
    return tuple((low - base, high - base) for low, high in addresses)


def _embedded(addresses: Ranges) -> Ranges:
    base = EMBEDDED[0][0]
    return tuple((low + base, high + base) for low, high in addresses)
