"""The limit of packets a second from an interface to all link-local services together. Pure.

DNS, metadata, time and Windows activation, in both families (user guide, instance metadata); what is above is
dropped, and counted for the interface's MAC, which was checked before. A second's worth may come at once.
"""

from collections.abc import Iterator

from elastinet.catalog.network import LINK_LOCAL_PACKETS_PER_SECOND
from elastinet.fabric.compile.items import Item, Set
from elastinet.fabric.contract.objects import Network

SERVICES, SERVICES6 = "169.254.169.0/24", "fd00:ec2::/64"
TOO_FAST = "toofast"
MOST_INTERFACES = 8192
"""The kernel makes room for all of them at once: at 65,535 that takes 5 ms of every set."""
LIMIT = (
    f"limit rate over {LINK_LOCAL_PACKETS_PER_SECOND}/second burst {LINK_LOCAL_PACKETS_PER_SECOND} packets"
)


def network() -> Iterator[Item]:
    """The counts by interface, which the kernel itself makes and forgets."""
    yield Set("paced", f"type iface_index; size {MOST_INTERFACES}; flags dynamic,timeout; timeout 10s;")
    yield Set(TOO_FAST, f"type ether_addr; size {MOST_INTERFACES}; flags dynamic; counter;")


def rule(item: Network) -> str:
    """The rule that drops packets above the limit; those to the resolver's address in the VPC count too."""
    services = f"{{ {SERVICES}, {item.resolver} }}" if item.resolver else SERVICES
    return _over(f"ip daddr {services}")


def rule6() -> str:
    """The same for IPv6."""
    return _over(f"ip6 daddr {SERVICES6}")


def _over(match: str) -> str:
    return f"{match} update @paced {{ iif {LIMIT} }} update @{TOO_FAST} {{ ether saddr }} counter drop"
