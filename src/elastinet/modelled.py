"""A fabric that carries no packets."""

import asyncio
import time

from elastinet.fabric.contract.messages import (
    Attached,
    Captured,
    Converged,
    Desire,
    DirectionStats,
    Measure,
    Measured,
    Running,
)
from elastinet.fabric.contract.objects import BandwidthLimits, Guest, Interface
from elastinet.reconcile import Reconciler


class ModelledFabric:
    """A fabric that carries no packets: all that is asked for is at once so."""

    def __init__(self) -> None:
        self.reconciler: Reconciler | None = None

    def send(self, message: Desire | Measure) -> None:
        """Report everything as it was asked for, once the engine is idle again."""
        asyncio.get_running_loop().call_soon(self._answer, message)

    def _answer(self, desire: Desire | Measure) -> None:
        assert self.reconciler is not None
        if isinstance(desire, Measure):
            self.reconciler.learn(self._measured(desire.number))
            return
        for made in desire.put:
            if isinstance(made, Guest) and not made.shuts_down:
                self.reconciler.learn(Running(made.id, made.boot))
            elif isinstance(made, Interface):
                self.reconciler.learn(Attached(made.id, made.attachment))
        for capture in desire.capture:
            self.reconciler.learn(Captured(capture.id))
        self.reconciler.learn(Converged(desire.generation))

    def _measured(self, number: int) -> Measured:
        """No packet has passed: all buckets are full."""
        assert self.reconciler is not None
        limited = [item for item in self.reconciler.have.values() if isinstance(item, BandwidthLimits)]
        ways = {item.id: DirectionStats(item.allowance.peak, item.allowance.credits) for item in limited}
        return Measured(number, time.monotonic(), ways, ways)
