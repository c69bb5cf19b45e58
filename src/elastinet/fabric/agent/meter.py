"""Looks at what instances have sent and received: for their credits as often as it matters, and when asked.

The namespaces' workers read the counters; all else happens in the agent's loop.
"""

import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from elastinet.fabric.agent.credits import DIRECTIONS, Account
from elastinet.fabric.compile import appliance, classes
from elastinet.fabric.compile.plan import Plan
from elastinet.fabric.contract.messages import (
    LINK_LOCAL,
    DirectionStats,
    GatewayStats,
    InterfaceStats,
    Measured,
)
from elastinet.fabric.contract.objects import BandwidthLimits, Interface
from elastinet.fabric.kernel.loop import Loop
from elastinet.fabric.router.counters import Counters, TrafficCounters
from elastinet.fabric.router.router import Router
from elastinet.fabric.router.space import INTERNET, Namespace

T = TypeVar("T")
Readings = dict[str, T]
"""Readings of routers, by id of the network."""


class Meter:
    """The accounts of all instances that have credits, and the looks at them."""

    def __init__(
        self, loop: Loop, plan: Plan, namespaces: Mapping[str, Namespace], changed: Callable[[set[str]], None]
    ) -> None:
        self._loop, self._plan, self._namespaces, self._changed = loop, plan, namespaces, changed
        self._accounts: dict[str, Account] = {}
        self._looking = False
        self._next = math.inf
        self._unread: dict[str, str] = {}

    def follow(self, guest: str) -> None:
        """Open, renew or close the account of a guest that may use something else now, or is no more."""
        limits, old = self._plan.view.limits(guest), self._accounts.get(guest)
        if limits is None or not limits.allowance.credits:
            self._accounts.pop(guest, None)
            self._changed(self._plan.spend(guest, set()))
        elif old is None or (old.item.since, old.item.allowance) != (limits.since, limits.allowance):
            self._accounts[guest] = Account(limits, time.monotonic())
            self._changed(self._plan.spend(guest, set()))
            self._look()

    # --- credits ----------------------------------------------------------------------------------

    def _look(self) -> None:
        """Look at the accounts that are due; one look at a time."""
        if self._looking or not self._accounts:
            return
        now = time.monotonic()
        due = {guest for guest, account in self._accounts.items() if account.due <= now}
        if not due:
            self._later(min(account.due for account in self._accounts.values()), now)
            return
        self._looking = True
        links = self._plan.links_of(due)
        self._read(links.keys(), Router.read_traffic, lambda readings: self._settle(due, links, readings))

    def _later(self, moment: float, now: float) -> None:
        """Look again at a moment, unless there will be a look before it."""
        if self._next <= moment:
            return
        self._next = moment

        def again() -> None:
            if self._next == moment:
                self._next = math.inf
            self._look()

        self._loop.later(max(0.0, moment - now), again)

    def _settle(
        self,
        guests: set[str],
        links: Mapping[str, Mapping[int, str]],
        readings: Readings[tuple[float, dict[int, TrafficCounters]]],
    ) -> None:
        """Take in what was read, and look again when it matters."""
        self._looking = False
        moment = max((seconds for seconds, _ in readings.values()), default=time.monotonic())
        used = self._used(links, readings)
        for guest in guests & self._accounts.keys():
            self._pass_on(guest, moment, used[guest])
        self._look()

    def _pass_on(self, guest: str, moment: float, used: dict[str, int]) -> None:
        account = self._accounts[guest]
        if account.pass_on(moment, used):
            self._changed(self._plan.spend(guest, account.spent))

    def _used(
        self,
        links: Mapping[str, Mapping[int, str]],
        readings: Readings[tuple[float, dict[int, TrafficCounters]]],
    ) -> dict[str, dict[str, int]]:
        """Bits that each guest has used since the last look, by direction."""
        used: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(DIRECTIONS, 0))
        for network, (seconds, traffic) in readings.items():
            for index, guest in links[network].items():
                account, now = self._accounts.get(guest), traffic.get(index)
                if account is None or now is None:
                    continue
                for direction, passed in account.news(index, seconds, _sent_and_got(now)):
                    used[guest][direction] += 8 * passed
        return used

    # --- when asked -------------------------------------------------------------------------------

    def measure(self, number: int, tell: Callable[[Measured], None]) -> None:
        """Read everything, and tell it."""
        networks = {id for id, namespace in self._namespaces.items() if namespace.role != INTERNET}
        self._read(networks, Router.read_counters, lambda readings: tell(self._measured(number, readings)))

    def _measured(self, number: int, readings: Readings[Counters]) -> Measured:
        links = self._plan.links_of(self._accounts.keys())
        used = self._used(links, {n: (c.seconds, c.links) for n, c in readings.items() if n in links})
        moment = max((c.seconds for c in readings.values()), default=time.monotonic())
        for guest in self._accounts:
            self._pass_on(guest, moment, used[guest])
        view = self._plan.view
        found = [
            item
            for item in view.objects.values()
            if isinstance(item, BandwidthLimits) and view.limits_in_force(item.id)
        ]
        out, into = (
            {item.id: self._way(item, direction, readings) for item in found} for direction in DIRECTIONS
        )
        nats = (id for id, one in self._plan.appliances.items() if id in readings and not one.serves)
        gateways = {id: self._gateway(readings[id]) for id in nats}
        return Measured(number, moment, out, into, dict(self._interfaces(readings)), gateways)

    def _gateway(self, counted: Counters) -> GatewayStats:
        idle, dropped = (counted.named.get(name, 0) for name in (appliance.IDLE, appliance.DROPPED))
        return GatewayStats(counted.unplaced, idle, dropped + (counted.unplaced or 0))

    def _way(self, item: BandwidthLimits, direction: str, readings: Readings[Counters]) -> DirectionStats:
        account, view = self._accounts.get(item.id), self._plan.view
        trees = [readings[n].queues for n in item.networks if n in readings]
        found = [one for queues in trees for one in classes.passed(item, direction, queues, view)]
        passed = [part for _, part in found]
        waited: Counter[str] = Counter()
        for limit, part in found:
            waited[limit] += part.waited
        return DirectionStats(
            bps=view.rate_bps(item, direction),
            level_bits=account.levels[direction] if account else 0.0,
            waiting_bytes=sum(part.waiting_bytes for part in passed),
            dropped=sum(part.dropped for part in passed),
            waited=dict(waited),
        )

    def _interfaces(self, readings: Readings[Counters]) -> list[tuple[str, InterfaceStats]]:
        view = self._plan.view
        found = (
            item for item in view.objects.values() if isinstance(item, Interface) and item.network in readings
        )
        return [
            (
                item.id,
                InterfaceStats(
                    t.received_bytes, t.received_packets, t.sent_bytes, t.sent_packets, {LINK_LOCAL: exceeded}
                ),
            )
            for item in found
            if (t := readings[item.network].links.get(view.numbers.link(item.id)))
            for exceeded in (readings[item.network].link_local.get(item.mac, 0),)
        ]

    def _read(
        self, networks: Iterable[str], work: Callable[[Router], T], done: Callable[[Readings[T]], None]
    ) -> None:
        """Have the workers of some networks read, and go on with what they found, in the loop."""
        namespaces = {id: self._namespaces[id] for id in networks if id in self._namespaces}
        waiting = {
            id: namespace.worker.submit(partial(work, namespace.router))
            for id, namespace in namespaces.items()
        }
        left = set(waiting)

        def heard(id: str) -> None:
            left.discard(id)
            self._say(id, waiting[id].exception())
            if not left:
                done({n: f.result() for n, f in waiting.items() if f.exception() is None})

        if not waiting:
            self._loop.soon(partial(done, {}))
        for id, future in waiting.items():
            future.add_done_callback(partial(self._hear, partial(heard, id)))

    def _say(self, network: str, error: BaseException | None) -> None:
        """Say that a network's counters could not be read, once for as long as it stays so."""
        if error is None:
            self._unread.pop(network, None)
        elif self._unread.get(network) != str(error):
            self._unread[network] = str(error)
            sentence = f"elastinet agent: the counters of {network} were not read: {error}"
            print(sentence, file=sys.stderr, flush=True)

    def _hear(self, heard: Callable[[], None], _future: "Future[T]") -> None:
        """Hear from a worker, in its thread."""
        self._loop.soon(heard)


def _sent_and_got(traffic: TrafficCounters) -> tuple[int, int]:
    """Bytes that a guest has sent and received, as the router's end of its link counts them."""
    return traffic.received_bytes, traffic.sent_bytes
