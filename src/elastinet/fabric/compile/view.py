"""The input of a compilation: the objects, the guests that are up, and the numbers that were given."""

from dataclasses import dataclass, field

from elastinet.fabric.compile.numbers import Numbers
from elastinet.fabric.contract import names
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.objects import (
    AnyObject,
    Appliance,
    BandwidthLimits,
    FlowLimitPeers,
    Interface,
    Network,
)


@dataclass
class CompileView:
    """All that a compilation may read: the objects, which guests are up (and their boot), the numbers.

    `spent` has the instances and directions without credits. `most_bps` is more than this machine can carry
    between two guests; `shapes` says whether its kernel can queue packets, `reads_frames` whether it can tell
    by a frame whom it is for, `can_translate` whether there is something that makes IPv6 packets IPv4 ones,
    `resets` whether it can answer with a RST, `keeps_entries` whether it can keep a connection's entry for
    longer than others. `forwarders` has the interfaces of each network that take packets for others.
    """

    objects: dict[Key, AnyObject] = field(default_factory=dict)
    up: dict[str, int] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)
    epochs: dict[str, int] = field(default_factory=dict)
    spent: set[tuple[str, str]] = field(default_factory=set)
    shapes: bool = True
    reads_frames: bool = True
    can_translate: bool = True
    resets: bool = True
    keeps_entries: bool = True
    most_bps: int = 1 << 62
    forwarders: dict[str, set[str]] = field(default_factory=dict)

    def epoch(self, network: str) -> int:
        """The number of a network's epoch, from 1 to 4095 and round; each rule that goes begins a new one."""
        return self.epochs.get(network, 1)

    def has_forwarders(self, network: str) -> bool:
        """True if some interface of a network takes packets for others."""
        return network in self.forwarders

    def network(self, id: str) -> Network | None:
        """A network, if it is wanted."""
        found = self.objects.get(Key("network", id))
        return found if isinstance(found, Network) else None

    def igw(self, network: str) -> bool:
        """True if a network reaches the internet by an internet gateway."""
        found = self.network(network)
        return found is not None and found.igw is not None and names.INTERNET in self.up

    def has_ipv6(self, network: str) -> bool:
        """True if a network carries IPv6."""
        found = self.network(network)
        return found is not None and bool(found.cidrs6)

    def eigw(self, network: str) -> bool:
        """True if a network reaches the internet by an egress-only gateway."""
        found = self.network(network)
        return self.has_ipv6(network) and found is not None and bool(found.eigw) and names.INTERNET in self.up

    def is_appliance(self, id: str) -> bool:
        """True if this holder of an interface is an appliance."""
        return Key("appliance", id) in self.objects

    def serves(self, id: str) -> bool:
        """True if this holder of an interface is an interface endpoint."""
        found = self.objects.get(Key("appliance", id))
        return isinstance(found, Appliance) and found.serves

    def translates(self, id: str) -> bool:
        """True if this holder of an interface is an appliance that IPv6 packets are sent to, and can be."""
        found = self.objects.get(Key("appliance", id))
        return isinstance(found, Appliance) and found.nat64 and self.can_translate

    def limits_in_force(self, guest: str) -> BandwidthLimits | None:
        """The bandwidth limits of a guest that is up, as `limits` gives them; else None."""
        return self.limits(guest) if guest in self.up else None

    def limits(self, guest: str) -> BandwidthLimits | None:
        """The bandwidth limits of a guest, up or not; None if none of them can bind on this machine."""
        found = self.objects.get(Key("bandwidth", guest))
        if not isinstance(found, BandwidthLimits) or not self.shapes:
            return None
        least = min(one.baseline for one in (found.allowance, *found.cards))
        return found if min(least, found.flow_bps, found.gateway_bps) < self.most_bps else None

    def is_near(self, id: str, network: str) -> bool:
        """True if a network has the set of these near addresses."""
        found = self.objects.get(Key("near", id))
        return isinstance(found, FlowLimitPeers) and network in found.networks

    def rate_bps(self, item: BandwidthLimits, direction: str) -> int:
        """Bits a second that an instance may send ("out") or receive ("in") now."""
        spent = (item.id, direction) in self.spent
        return item.allowance.baseline if spent else item.allowance.peak

    def live(self, id: str) -> Interface | None:
        """An interface, if it and its guest are there."""
        found = self.objects.get(Key("interface", id))
        return found if isinstance(found, Interface) and found.guest in self.up else None
