"""Feed → desired → agent → facts: keeps the fabric at what the state asks for."""

import asyncio
import itertools
import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol, assert_never

from elastinet.absence import AWAY_SECONDS, Absence
from elastinet.ec2.core.fact import (
    ImageCaptured,
    InstanceGone,
    InstanceLost,
    InstanceRunning,
    InterfaceAttached,
    InterfaceDetached,
)
from elastinet.engine import Engine
from elastinet.fabric.contract.keys import WAYS, Key, Subject
from elastinet.fabric.contract.messages import (
    Attached,
    Captured,
    Converged,
    Desire,
    Detached,
    Gone,
    Hello,
    Measure,
    Measured,
    News,
    Running,
)
from elastinet.fabric.contract.objects import AnyObject, Guest
from elastinet.fabric.desired.desired import build, everything
from elastinet.fabric.desired.touching import touched
from elastinet.model.change import Change
from elastinet.model.image import Snapshot
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.noun import Noun
from elastinet.store import worlds
from elastinet.wanted_contents import WantedContents

log = logging.getLogger(__name__)

MEASURE_SECONDS = 5.0
AWAY = "the fabric agent is away: its log says why (elastinet logs)"
TROUBLE_SECONDS = 3.0
"""So long a fault is hoped to pass, for the agent tries again, before others are no longer held up by it."""
UNSETTLED = ("pending", "stopping", "shutting-down")


AnyFabricFact = (
    InstanceRunning | InstanceGone | InstanceLost | InterfaceAttached | InterfaceDetached | ImageCaptured
)


class AgentConnection(Protocol):
    """The way to a fabric; facts come back through `Reconciler.learn`."""

    def send(self, message: Desire | Measure) -> None:
        """Ask the fabric for a network; lost if it is away, and then asked for whole on its return.

        Or ask it what has passed.
        """


class Reconciler:
    """Keeps the desired network of an engine's state, and tells the engine what the fabric says."""

    def __init__(
        self,
        engine: Engine,
        link: AgentConnection,
        disks: Path | None = None,
        away_seconds: float = AWAY_SECONDS,
    ) -> None:
        self.engine = engine
        self.link = link
        self.disks = disks
        self.have: dict[Key, AnyObject] = everything(engine.state, engine.settings)
        self.generation = 0
        self.converged = 0
        self.failed: dict[Subject, str] = {}
        self._failing_since = 0.0
        self.hello: Hello | None = None
        self._touched: set[Key] = set()
        self._leaving: dict[Key, int] = {}
        self._scrap: set[str] = set()
        self.contents = WantedContents(engine.state, self._flush)
        self._up: dict[str, int] = {}
        self._news = asyncio.Event()
        self._asked: dict[int, asyncio.Future[Measured]] = {}
        self._questions = itertools.count(1)
        self._facts: list[AnyFabricFact] = []
        self._absence = Absence(self._give_up, away_seconds)
        engine.followers.append(self.follow)

    # --- feed → desired ---------------------------------------------------------------------------

    def follow(self, changes: list[Change]) -> None:
        """Note what a commit may have altered; the fabric is told once the engine is idle again."""
        was_idle = not self._has_more
        for change in changes:
            self._touched.update(touched(self.engine.state, change, self.have))
            self._note_leaving(change)
        if was_idle and self._has_more:
            asyncio.get_running_loop().call_soon(self._flush)

    @property
    def _has_more(self) -> bool:
        """True if there is something to be told to the fabric."""
        return bool(self._touched or self._scrap or self.contents)

    def _note_leaving(self, change: Change) -> None:
        """Remember what the fabric is to let go of, to report it gone when the fabric has converged."""
        noun = change.new
        if change.kind is Instance and (noun is None or getattr(noun, "state", "") == "terminated"):
            self._scrap.add(change.id)
            self.contents.look()
        if isinstance(noun, Snapshot):
            self.contents.note(noun)
        if isinstance(noun, Instance) and noun.state in ("stopping", "shutting-down"):
            self._leave(Key("guest", noun.id))
        elif isinstance(noun, NetworkInterface) and _is_detaching(noun):
            self._leave(Key("interface", noun.id))

    def _leave(self, key: Key) -> None:
        self._touched.add(key)
        self._leaving.setdefault(key, self.generation + 1)

    def _flush(self) -> None:
        keys, self._touched = self._touched, set()
        put, drop = [], []
        for key in keys:
            new, old = build(self.engine.state, key, self.engine.settings), self.have.get(key)
            if new is not None and new != old:
                self.have[key] = new
                put.append(new)
            elif new is None and old is not None:
                del self.have[key]
                drop.append(key)
        if put or drop or self._leaving or self._has_more:
            self._send(put=tuple(put), drop=tuple(drop))
        self._news.set()  # that nothing was to do is news to who waits

    def _send(
        self, *, put: tuple[AnyObject, ...] = (), drop: tuple[Key, ...] = (), whole: bool = False
    ) -> None:
        self.generation += 1
        scrap, self._scrap = tuple(self._scrap), set()
        discard, capture = self.contents.take()
        wish = Desire(self.generation, put, drop, whole, scrap=scrap, discard=discard, capture=capture)
        self.link.send(wish)

    def hand_over(self) -> None:
        """Tell a fabric that has just come everything."""
        self._report()
        self._absence.up()
        for instance in self.engine.state.all(Instance):
            if instance.state in ("stopping", "shutting-down"):
                self._leave(Key("guest", instance.id))
        for interface in self.engine.state.all(NetworkInterface):
            if _is_detaching(interface):
                self._leave(Key("interface", interface.id))
        self._scrap = self._orphaned_disks()
        self.contents.recall()
        self._touched.clear()
        self.have = everything(self.engine.state, self.engine.settings)
        self._send(put=tuple(self.have.values()), whole=True)

    def _orphaned_disks(self) -> set[str]:
        """The disks of instances that are terminated: a crash may have come before their removal."""
        if self.disks is None:
            return set()
        there = worlds.names(self.disks)
        kept = {i.id for i in self.engine.state.all(Instance) if i.state != "terminated"}
        unknown = there - {i.id for i in self.engine.state.all(Instance)}
        if self.engine.journal.mark() is None:
            return there - kept  # what is not remembered is not missed
        worlds.set_aside(self.disks, unknown)
        return there - kept - unknown

    def away(self) -> None:
        """Hear that the fabric is not there: nothing is settled, and in the end its instances are lost."""
        self.failed = {"agent": AWAY}
        self._up.clear()
        self._news.set()
        self._absence.down()

    def _give_up(self) -> None:
        """Say of instances that they do not run, for nothing is there that could run them."""
        log.error("the fabric agent does not come back: its instances are stopped")
        for key in list(self._leaving):
            del self._leaving[key]
            self._note_left(key)
        self._report()
        for instance in [i for i in self.engine.state.all(Instance) if i.state in ("pending", "running")]:
            self._note(InstanceLost(instance.id))
        self._report()

    def look_again(self) -> None:
        """Have the fabric compare all with what the kernel really has."""
        self.generation += 1
        self.link.send(Desire(self.generation, observe=True))

    # --- facts → engine ---------------------------------------------------------------------------

    def learn(self, fact: News) -> None:
        """Take a fact to the engine."""
        match fact:
            case Running(guest, boot):
                self._up[guest] = boot
                self._note(InstanceRunning(guest, boot))
            case Gone(guest):
                if self._up.get(guest) == fact.boot:
                    del self._up[guest]
                if not fact.asked:
                    self._note(InstanceGone(guest, asked=False))
            case Attached(interface, attachment):
                self._note(InterfaceAttached(interface, attachment))
            case Detached(interface, attachment):
                self._note(InterfaceDetached(interface, attachment))
            case Hello():
                self.hello = fact
            case Converged():
                self._converge(fact)
            case Captured(id, content, error):
                self._note(ImageCaptured(id, content, error))
            case Measured():
                if asked := self._asked.get(fact.number):
                    asked.set_result(fact)
            case _:
                assert_never(fact)
        self._news.set()

    def _converge(self, fact: Converged) -> None:
        self._report()  # what was seen before
        self.converged = max(self.converged, fact.generation)
        self._absence.over()
        failed = {failure.subject: failure.why for failure in fact.failed}
        if failed != self.failed:
            for subject, why in failed.items():
                log.warning("%s: %s", subject, why)
        if failed.keys() != self.failed.keys():
            self._failing_since = time.monotonic()
        self.failed = failed
        done = [key for key, since in self._leaving.items() if since <= fact.generation]
        for key in done:
            if key not in failed:
                del self._leaving[key]
                self._note_left(key)
        self._report()

    def _note_left(self, key: Key) -> None:
        if key.kind == "guest":
            self._note(InstanceGone(key.id, asked=True))
            return
        interface = self.engine.state.get(NetworkInterface, key.id)
        if interface is not None and interface.attachment is not None:
            self._note(InterfaceDetached(key.id, interface.attachment.id))

    def _note(self, fact: AnyFabricFact) -> None:
        """Take a fact to the engine with the others of this turn: a launch brings one for each instance."""
        self._facts.append(fact)
        if len(self._facts) == 1:
            asyncio.get_running_loop().call_soon(self._report)

    def _report(self) -> None:
        facts, self._facts = self._facts, []
        by_scope: dict[tuple[str, str], list[AnyFabricFact]] = {}
        for fact in facts:
            if noun := self._noun_of(fact):
                by_scope.setdefault(noun.scope, []).append(fact)
        for scope, found in by_scope.items():
            self.engine.report(*scope, *found)
        self._news.set()

    def _noun_of(self, fact: AnyFabricFact) -> Noun | None:
        if isinstance(fact, InterfaceAttached | InterfaceDetached):
            return self.engine.state.get(NetworkInterface, fact.interface)
        if isinstance(fact, ImageCaptured):
            return self.engine.state.get(Snapshot, fact.snapshot)
        return self.engine.state.get(Instance, fact.instance)

    async def measure(self) -> Measured:
        """Ask the fabric for its counters and the credits left; raises TimeoutError if it is away."""
        number = next(self._questions)
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            self.link.send(Measure(number))
            return await asyncio.wait_for(asked, MEASURE_SECONDS)
        finally:
            del self._asked[number]

    # --- waiting ----------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """True if the fabric has all that was asked for, and the state shows it."""
        quiet = not (self._touched or self._facts or self.failed) and self.converged >= self.generation
        return quiet and next(self._unsettled(), None) is None

    @property
    def progress(self) -> tuple[int, int]:
        """How many instances the fabric has told to be up, and how many there are to be."""
        guests = [made for made in self.have.values() if isinstance(made, Guest)]
        return sum(map(self._is_up, guests)), len(guests)

    def _is_up(self, guest: Guest) -> bool:
        return self._up.get(guest.id) == guest.boot

    def _comes_up(self, instance: Instance) -> bool:
        """True if an instance that runs is not up yet, which takes its time after a start or a load."""
        guest = self.have.get(Key("guest", instance.id))
        return isinstance(guest, Guest) and not self._is_up(guest) and not instance.host_failure

    @property
    def settled_but_for_failures(self) -> bool:
        """True if nothing but failures is left, which have lasted for a while and are of our own objects."""
        if not self.failed or time.monotonic() - self._failing_since < TROUBLE_SECONDS:
            return False
        quiet = not (self._touched or self._facts) and self.converged >= self.generation
        ours = self.have.keys() | set(WAYS)
        return quiet and self.failed.keys() <= ours and all(map(self._is_held, self._unsettled()))

    def _is_held(self, noun: Instance | NetworkInterface) -> bool:
        """True if a failure, its own or its instance's, keeps an instance or interface from settling."""
        attachment = noun.attachment if isinstance(noun, NetworkInterface) else None
        keys = {
            Key("guest", noun.id),
            Key("interface", noun.id),
            Key("guest", attachment.instance_id if attachment else ""),
        }
        return not keys.isdisjoint(self.failed)

    def _unsettled(self) -> Iterator[Instance | NetworkInterface]:
        state = self.engine.state
        for name in UNSETTLED:
            found = state.where(Instance, "instance-state-name", name)
            yield from (i for i in found if not _is_dead(i))
        yield from filter(self._comes_up, state.where(Instance, "instance-state-name", "running"))
        for status in ("attaching", "detaching"):
            moving = state.where(NetworkInterface, "attachment.status", status)
            yield from (i for i in moving if not self._waits_for_power(i))

    def _waits_for_power(self, interface: NetworkInterface) -> bool:
        """True if nothing can happen to an interface until its instance's host is repaired."""
        holder = interface.attachment.instance_id if interface.attachment else ""
        instance = self.engine.state.get(Instance, holder)
        return instance is not None and _is_dead(instance) and not _is_detaching(interface)

    async def settle(self, timeout: float) -> bool:
        """Wait until all is settled, for so many seconds at the most; tells whether it is.

        What has failed for a while holds up nobody: then the answer is no, and `failed` says why.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not (self.settled or self.settled_but_for_failures):
                    self._news.clear()
                    await self._hear()
        return self.settled

    async def _hear(self) -> None:
        """Wait for news, or for a fault to have lasted."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TROUBLE_SECONDS if self.failed else None):
                await self._news.wait()


def _is_dead(instance: Instance) -> bool:
    """True if an instance that should run has no power."""
    return instance.alive and not instance.powered


def _is_detaching(interface: NetworkInterface) -> bool:
    return interface.attachment is not None and interface.attachment.status == "detaching"
