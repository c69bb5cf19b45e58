"""What a compilation may read: the objects, which guests are up, and the numbers that were given."""

from dataclasses import dataclass, field

from elastinet.fabric.compile.numbers import Numbers
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import AnyObject, BandwidthLimits, FlowLimitPeers, Interface, Network


@dataclass
class CompileView:
    """All that a compilation may read: the objects, which guests are up (and their boot), the numbers.

    `spent` has the instances and directions without credits. `most_bps` is more than this machine can carry
    between two guests; `shapes` says whether its kernel can queue packets.
    """

    objects: dict[str, AnyObject] = field(default_factory=dict)
    up: dict[str, int] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    epochs: dict[str, int] = field(default_factory=dict)
    spent: set[tuple[str, str]] = field(default_factory=set)
    shapes: bool = True
    most_bps: int = 1 << 62

    def epoch(self, network: str) -> int:
        """How often a rule has gone in a network, from 1 on and round."""
        return self.epochs.get(network, 1)

    def network(self, id: str) -> Network | None:
        """A network, if it is wanted."""
        found = self.objects.get(f"network:{id}")
        return found if isinstance(found, Network) else None

    def igw(self, network: str) -> bool:
        """Whether a network reaches the internet."""
        found = self.network(network)
        return found is not None and found.igw is not None and names.INTERNET in self.up

    def has_ipv6(self, network: str) -> bool:
        """Whether a network carries IPv6."""
        found = self.network(network)
        return found is not None and bool(found.cidrs6)

    def eigw(self, network: str) -> bool:
        """Whether a network reaches the internet by an egress-only gateway."""
        found = self.network(network)
        return self.has_ipv6(network) and found is not None and bool(found.eigw) and names.INTERNET in self.up

    def is_appliance(self, id: str) -> bool:
        """Whether this holder of an interface is an appliance."""
        return f"appliance:{id}" in self.objects

    def share(self, guest: str) -> BandwidthLimits | None:
        """What a guest may send and receive, if it is there and this machine could carry more."""
        return self.limits(guest) if guest in self.up else None

    def limits(self, guest: str) -> BandwidthLimits | None:
        """What a guest may send and receive, there or not, if this machine could carry more."""
        found = self.objects.get(f"bandwidth:{guest}")
        if not isinstance(found, BandwidthLimits) or not self.shapes:
            return None
        least = min(share.baseline_bps for share in (found.share, *found.cards))
        return found if min(least, found.flow_bps, found.gateway_bps) < self.most_bps else None

    def is_near(self, id: str, network: str) -> bool:
        """Whether a network knows these near addresses."""
        found = self.objects.get(f"near:{id}")
        return isinstance(found, FlowLimitPeers) and network in found.networks

    def rate_bps(self, item: BandwidthLimits, direction: str) -> int:
        """What an instance may send ("out") or receive ("in") now."""
        spent = (item.id, direction) in self.spent
        return item.share.baseline_bps if spent else item.share.peak_bps

    def live(self, id: str) -> Interface | None:
        """An interface, if it and its guest are there."""
        found = self.objects.get(f"interface:{id}")
        return found if isinstance(found, Interface) and found.guest in self.up else None
