"""For how long the kernel remembers idle flows.

This is the one place where `idle_time_scale` is applied: all rules speak of times as EC2 has them.
"""

from msgspec.structs import replace

from elastinet.catalog.network import EARLY_IDLE_SECONDS
from elastinet.catalog.settings import Settings
from elastinet.fabric.contract.objects import IdleTimes
from elastinet.model.instance import Instance
from elastinet.model.interface import IdleSeconds, NetworkInterface
from elastinet.model.state import State
from elastinet.rules.interfaces import instance_id_of
from elastinet.rules.tracking import DEFAULTS, idle_seconds


def of_network(settings: Settings) -> IdleTimes:
    """The times of interfaces that have none of their own."""
    return _played(DEFAULTS, settings)


def of_interface(state: State, interface: NetworkInterface, settings: Settings) -> IdleTimes | None:
    """An instance's interface's times; None if they are its network's. A NAT gateway's has no groups."""
    if state.get(Instance, instance_id_of(interface) or "") is None:
        return None
    own, usual = _played(idle_seconds(state, interface), settings), of_network(settings)
    if own == usual:
        return None
    entry = (usual.udp_stream, own.udp) if own.udp > usual.udp else None
    return IdleTimes(own.tcp, own.udp_stream, own.udp, entry)


def early(settings: Settings) -> IdleTimes:
    """The times of interfaces of Nitro v6 that nobody has asked for others."""
    return replace(of_network(settings), tcp=scaled(EARLY_IDLE_SECONDS, settings))


def _played(times: IdleSeconds, settings: Settings) -> IdleTimes:
    seconds = (times.tcp_established, times.udp_stream, times.udp)
    tcp, udp_stream, udp = (scaled(one or 0, settings) for one in seconds)
    return IdleTimes(tcp, udp_stream, udp)


def scaled(seconds: int, settings: Settings) -> int:
    """An idle time as this machine plays it, in whole seconds: conntrack knows no others."""
    return max(1, round(seconds / settings.idle_time_scale))
