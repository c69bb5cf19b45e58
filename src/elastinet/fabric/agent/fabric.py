"""The agent's heart: from desired objects to guests and namespaces, and from these to facts."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import assert_never

from elastinet.fabric.agent.attachments import Tell
from elastinet.fabric.agent.backoff import FIRST_SECONDS, BackOff
from elastinet.fabric.agent.guests import Guests
from elastinet.fabric.agent.images import Images
from elastinet.fabric.agent.meter import Meter
from elastinet.fabric.agent.namespaces import Namespaces, Way
from elastinet.fabric.compile.plan import Plan
from elastinet.fabric.contract.keys import WayName
from elastinet.fabric.contract.messages import Converged, Desire, FailureReport
from elastinet.fabric.contract.names import images_beside
from elastinet.fabric.guest.rootfs import RootImage
from elastinet.fabric.guest.spawning import Spawning
from elastinet.fabric.kernel.loop import Concern, GuestConcern, Loop, NamespaceConcern, complain

GATHERING_SECONDS = 0.002


class Fabric:
    """All that is wanted, and the two who bring it about, each as far as the other has come."""

    def __init__(
        self,
        disks: Path,
        loop: Loop,
        spawning: Spawning,
        tell: Tell,
        image: RootImage,
        groups: tuple[Path, ...] = (),
        ways: Mapping[WayName, Way] = MappingProxyType({}),
    ) -> None:
        self.plan = Plan()
        self._loop = loop
        self._tell = tell
        self._generation = 0
        self._answered: Converged | None = None
        self._woken = False
        backoff = BackOff(loop)
        self.namespaces = Namespaces(
            self.plan, loop, spawning.relay, backoff, tell, self.wake, image.ids.helper, ways
        )
        folder = images_beside(disks)
        self.images = Images(folder, image, loop, spawning, lambda fact: tell(fact, None), self.wake)
        self.guests = Guests(
            self.plan, disks, loop, spawning, backoff, tell, self.namespaces, self.wake, groups, self.images
        )
        self.namespaces.tell_of_links(self.guests.attachments)
        self._meter = Meter(loop, self.plan, self.namespaces.by_id, self._limits_changed)

    def namespace(self, id: str) -> int | None:
        """A descriptor, to be closed, of the network namespace of a guest or a router; None for no such."""
        found = self.guests.descriptor(id)
        return self.namespaces.descriptor(id) if found is None else found

    def desire(self, desire: Desire) -> None:
        """Take in what the engine wants; the work starts when all that waits has been taken in."""
        drop = set(desire.drop)
        if desire.whole:
            drop |= self.plan.view.objects.keys() - {item.key for item in desire.put}
        self.namespaces.touch(self.plan.update(desire.put, drop))
        for key in (*drop, *(item.key for item in desire.put)):
            if key.kind == "bandwidth":
                self._meter.follow(key.id)
        self.guests.drop(drop)
        if desire.whole or desire.observe:
            self.namespaces.look_at_all()
        self.guests.scrap(set(desire.scrap))
        self.images.discard(desire.discard)
        self.images.capture(desire.capture)
        self._generation = desire.generation
        self.wake()

    def measure(self, number: int) -> None:
        """Tell the engine what has passed so far."""
        self._meter.measure(number, lambda measured: self._tell(measured, None))

    def _limits_changed(self, namespaces: set[str]) -> None:
        """Have namespaces let through what instances may use now."""
        self.namespaces.touch(namespaces)
        if namespaces:
            self.wake()

    def take_fault(self, about: Concern, error: Exception) -> None:
        """Mark what a fault of ours concerned as failed, and have it made anew; all else goes on."""
        why = f"a fault of elastinet's own: {type(error).__name__}: {error}"
        match about:
            case GuestConcern(id):
                self.guests.fail(id, why)
            case NamespaceConcern(id):
                self.namespaces.fail(id, why)
            case None:
                pass
            case _:
                assert_never(about)
        self.wake()

    def wake(self) -> None:
        """Go on in a moment, so that what happens together is handled together."""
        if not self._woken:
            self._woken = True
            self._loop.later(GATHERING_SECONDS, self._advance)

    def _advance(self) -> None:
        """Start all the work that can be started now, and answer; what is left of it is tried again."""
        self._woken = False
        try:
            self.namespaces.keep()
            self.guests.settle()
            self.namespaces.give_orders()
            self._answer()
        except OSError as error:
            complain(str(error))
            self._loop.later(FIRST_SECONDS, self.wake)

    def _answer(self) -> None:
        """Say that this generation is there, when nothing is under way any more."""
        if not (self.namespaces.is_at_rest and self.guests.is_settled()):
            return
        failed = self.plan.failed | self.guests.failed | self.namespaces.failed
        answer = Converged(self._generation, tuple(FailureReport(*pair) for pair in failed.items()))
        if answer != self._answered:
            self._answered = answer
            self._tell(answer, None)

    def repeat(self) -> None:
        """Tell an engine that has come back what is there; its generations may be those of the one before."""
        self._answered = None
        self.guests.repeat()
