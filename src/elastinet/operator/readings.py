"""Readings of the kernel's counters: packets that passed interfaces, and those that limits delayed."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from elastinet.fabric.contract.messages import (
    FLOW,
    LINK_LOCAL,
    DirectionStats,
    GatewayStats,
    InterfaceStats,
    Measured,
)
from elastinet.rules.allowances import AllowanceUnit

Direction = Literal["in", "out"]
DIRECTIONS: tuple[Direction, ...] = ("in", "out")
"""Seen from the instance."""
BANDWIDTH: dict[Direction, str] = {"in": "bw_in_allowance_exceeded", "out": "bw_out_allowance_exceeded"}
LINKLOCAL = "linklocal_allowance_exceeded"
UNLIMITED = {
    AllowanceUnit.PACKETS: "pps_allowance_exceeded",
    AllowanceUnit.CONNECTIONS: "conntrack_allowance_exceeded",
}
"""Nothing is ever counted for an instance's allowances of these units, because AWS publishes none."""


class TrafficCount(msgspec.Struct, frozen=True):
    """The bytes and packets that passed in one direction."""

    bytes: int = 0
    packets: int = 0


class InterfaceReading(msgspec.Struct, frozen=True):
    """Counters of an interface: received, sent, and packets queued or dropped, named as in `ethtool -S`."""

    received: TrafficCount = TrafficCount()
    sent: TrafficCount = TrafficCount()
    exceeded: dict[str, int] = {}


class DirectionReading(msgspec.Struct, frozen=True):
    """A direction of an instance: what may pass, bits of credit left, how often each limit held up."""

    allowance_bps: float
    level_bits: float
    waited: dict[str, int] = {}


class Reading(msgspec.Struct, frozen=True):
    """All that was counted, by interface, and by instance and direction; `seconds` is when, on any clock.

    Instances whose bandwidth is more than this machine can carry are not limited, and not among these.
    """

    seconds: float
    interfaces: dict[str, InterfaceReading] = {}
    instances: dict[str, dict[Direction, DirectionReading]] = {}
    gateways: dict[str, GatewayStats] = {}
    """What NAT gateways have counted."""


class Reader:
    """Makes readings of what the agent has measured; bandwidths and credits are EC2's again.

    A queue is an instance's, so what it held up since the last reading is divided among its interfaces by
    what each of them has carried in this direction since.
    """

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._last = Measured(0, 0.0)
        self._exceeded: dict[tuple[str, Direction], int] = {}

    def read(self, measured: Measured, instance_by_eni: Mapping[str, str]) -> Reading:
        """Take in what was measured; `instance_by_eni` has the instance of every interface."""
        self._divide(measured, "in", instance_by_eni)
        self._divide(measured, "out", instance_by_eni)
        self._last = measured
        return Reading(
            measured.seconds,
            {id: self._interface(id, counted) for id, counted in measured.interfaces.items()},
            {
                id: {"in": self._direction(measured.into[id]), "out": self._direction(way)}
                for id, way in measured.out.items()
            },
            measured.gateways,
        )

    def _direction(self, way: DirectionStats) -> DirectionReading:
        return DirectionReading(way.bps / self._scale, way.level_bits / self._scale, way.waited)

    def _interface(self, id: str, counted: InterfaceStats) -> InterfaceReading:
        held_up = {name: self._exceeded.get((id, way), 0) for way, name in BANDWIDTH.items()}
        return InterfaceReading(
            TrafficCount(counted.received_bytes, counted.received_packets),
            TrafficCount(counted.sent_bytes, counted.sent_packets),
            held_up | dict.fromkeys(UNLIMITED.values(), 0) | {LINKLOCAL: counted.exceeded.get(LINK_LOCAL, 0)},
        )

    def _divide(self, measured: Measured, way: Direction, instance_by_eni: Mapping[str, str]) -> None:
        """Give each interface its part of what its instance's queue has held up since."""
        gone = self._exceeded.keys() - {(id, name) for id in measured.interfaces for name in DIRECTIONS}
        for key in gone:
            del self._exceeded[key]
        for instance, found in _ways(measured, way).items():
            held_up = _held_up(found) - _held_up(_ways(self._last, way).get(instance))
            parts = {
                id: _carried(counted, way) - _carried(self._last.interfaces.get(id), way)
                for id, counted in measured.interfaces.items()
                if instance_by_eni.get(id) == instance
            }
            for id, part in divided(held_up if held_up >= 0 else _held_up(found), parts).items():
                self._exceeded[id, way] = self._exceeded.get((id, way), 0) + part


def _ways(measured: Measured, way: Direction) -> dict[str, DirectionStats]:
    return measured.into if way == "in" else measured.out


def _held_up(way: DirectionStats | None) -> int:
    """Number of packets delayed or dropped by an instance's own allowance, without the flow limit's."""
    if way is None:
        return 0
    return way.dropped + sum(count for limit, count in way.waited.items() if limit != FLOW)


def _carried(counted: InterfaceStats | None, way: Direction) -> int:
    if counted is None:
        return 0
    return counted.received_bytes if way == "in" else counted.sent_bytes


def divided(whole: int, parts: Mapping[str, int]) -> dict[str, int]:
    """A number in whole parts, in proportion; what began anew or did nothing counts for nothing."""
    weights = {id: max(0, part) for id, part in parts.items()}
    left, weight, found = whole, sum(weights.values()), {}
    for id, own in weights.items():
        found[id] = left * own // weight if weight else left
        left, weight = left - found[id], weight - own
    return found
