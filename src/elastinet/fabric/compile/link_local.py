"""The allowance of an interface for all link-local services together, and the count of what exceeds it. Pure.

What is above is dropped, and counted for the interface's MAC, which was checked before.
"""

from collections.abc import Iterator

from elastinet.fabric.compile.items import Item, Set
from elastinet.fabric.contract.objects import Network
from elastinet.rules.allowances import Allowance, AllowanceUnit

SERVICES, SERVICES6 = "169.254.169.0/24", "fd00:ec2::/64"
EXCEEDED = "link_local_exceeded"
MOST_INTERFACES = 8192
"""The kernel makes room for all of them at once: at 65,535 that takes 5 ms of every set."""


def network() -> Iterator[Item]:
    """The counts by interface, which the kernel itself makes and forgets."""
    yield Set(
        "link_local_rate", f"type iface_index; size {MOST_INTERFACES}; flags dynamic,timeout; timeout 10s;"
    )
    yield Set(EXCEEDED, f"type ether_addr; size {MOST_INTERFACES}; flags dynamic; counter;")


def rule(item: Network) -> Iterator[str]:
    """The rule that drops packets above the allowance; those to the VPC's own resolver address count too."""
    services = f"{{ {SERVICES}, {item.resolver} }}" if item.resolver else SERVICES
    yield from _drop(f"ip daddr {services}", item.link_local)


def rule6(item: Network) -> Iterator[str]:
    """The same for IPv6."""
    yield from _drop(f"ip6 daddr {SERVICES6}", item.link_local)


def _drop(match: str, allowance: Allowance | None) -> Iterator[str]:
    if allowance is not None:
        rate = f"update @link_local_rate {{ iif {exceeding(allowance)} }}"
        yield f"{match} {rate} update @{EXCEEDED} {{ ether saddr }} counter drop"


def exceeding(allowance: Allowance) -> str:
    """The match, by an interface's own count, of what is above an allowance; a second's worth may be at once.

    The kernel does so by itself with a limit in bytes; one in packets has five at once if nothing is said.
    """
    match allowance.unit:
        case AllowanceUnit.PACKETS:
            return f"limit rate over {allowance.peak}/second burst {allowance.peak} packets"
        case AllowanceUnit.BITS:
            return f"limit rate over {allowance.peak // 8} bytes/second"
        case AllowanceUnit.CONNECTIONS:
            raise ValueError("an allowance of connections is no match of packets")
