"""The agent's heart: from desired objects to namespaces, guests and links, and from these to facts."""

import os
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from elastinet.fabric.agent import descriptors
from elastinet.fabric.agent.attachments import Attachments, Tell
from elastinet.fabric.agent.backoff import FIRST_SECONDS, BackOff
from elastinet.fabric.agent.exposure import Exposure
from elastinet.fabric.agent.memories import Memories
from elastinet.fabric.agent.meter import Meter
from elastinet.fabric.compile import plan
from elastinet.fabric.contract import names
from elastinet.fabric.contract.messages import Converged, Desire, Gone, Listener, Running
from elastinet.fabric.contract.objects import Guest
from elastinet.fabric.guest.disk import Disks
from elastinet.fabric.guest.diskwatch import DiskWatch
from elastinet.fabric.guest.guest import GuestProcess
from elastinet.fabric.guest.reboots import TROUBLE_SECONDS, Reboots
from elastinet.fabric.guest.spawning import Spawning
from elastinet.fabric.kernel import isolate
from elastinet.fabric.kernel.loop import Loop, complain
from elastinet.fabric.router.router import failed_owners
from elastinet.fabric.router.space import APPLIANCE, INTERNET, ROUTER, Namespace, Order, Outcome, Role

SETTLING_SECONDS = 0.02
GATHERING_SECONDS = 0.002


class Fabric:
    """All that is wanted, all that is there, and the way from one to the other."""

    def __init__(
        self,
        disks: Path,
        loop: Loop,
        spawning: Spawning,
        tell: Tell,
        groups: tuple[Path, ...] = (),
        helper: int | None = None,
        exposure: Exposure | None = None,
    ) -> None:
        self.plan = plan.Plan()
        self.spaces: dict[str, Namespace] = {}
        self.lives: dict[str, GuestProcess] = {}
        self.generation = 0
        self._disks = Disks(disks)
        self._loop = loop
        self._spawning = spawning
        self._tell = tell
        self._groups = groups
        self._helper = helper
        self._exposure = exposure
        self._namespace_fds: dict[str, int] = {}
        self._attachments = Attachments(self.plan, self.lives, tell, self._check_running, self.look)
        self._dirty: set[str] = set()
        self._looking: set[str] = set()
        self._busy: set[str] = set()
        self._scrap: set[str] = set()
        self._over: dict[str, int] = {}
        self._closing: list[int] = []
        self._failed: dict[str, dict[str, str]] = {}
        self._guest_failed: dict[str, str] = {}
        self._held: dict[str, float] = {}
        self._starts = BackOff()
        self._work = BackOff()
        self._reboots = Reboots()
        self._answered: Converged | None = None
        self._woken = False
        self._openings = 0
        self.memories = Memories(loop, spawning, self._moved)
        self._watch = DiskWatch(disks, self.lives, loop)
        self._meter = Meter(loop, self.plan, self.spaces, self._limits_changed)

    def namespace(self, id: str) -> int | None:
        """A descriptor, to be closed, of the network namespace of a guest or a router; None for no such."""
        life = self.lives.get(id)
        if life is not None and life.ready and not life.asked:
            return os.dup(life.namespace)
        if id in self.spaces and id != names.INTERNET:
            return os.open(f"{isolate.NETNS}/{id}", os.O_RDONLY | os.O_CLOEXEC)
        return None

    # --- what is wanted ---------------------------------------------------------------------------

    def desire(self, desire: Desire) -> None:
        """Take in what the engine wants; the work starts when all that waits has been taken in."""
        drop = set(desire.drop)
        if desire.whole:
            drop |= self.plan.view.objects.keys() - {item.key for item in desire.put}
        self._dirty |= self.plan.update(desire.put, drop)
        for key in (*drop, *(item.key for item in desire.put)):
            if key.startswith("bandwidth:"):
                self._meter.follow(key.partition(":")[2])
        self._over = {id: boot for id, boot in self._over.items() if f"guest:{id}" not in drop}
        if desire.whole or desire.observe:
            self._looking |= self.spaces.keys()
        self._scrap |= set(desire.scrap)
        self.generation = desire.generation
        self.wake()

    def measure(self, number: int) -> None:
        """Tell the engine what has passed so far."""
        self._meter.measure(number, lambda measured: self._tell(measured, None))

    def _limits_changed(self, namespaces: set[str]) -> None:
        """Have namespaces let through what instances may use now."""
        self._dirty |= namespaces
        if namespaces:
            self.wake()

    def look(self, namespace: str) -> None:
        """Have a namespace looked at, because someone else may have changed it."""
        if namespace in self.spaces and namespace not in self._looking:
            self._looking.add(namespace)
            self.wake()

    def wake(self) -> None:
        """Go on in a moment, so that what happens together is handled together."""
        if not self._woken:
            self._woken = True
            self._loop.later(GATHERING_SECONDS, self._advance)

    def _wanted_guests(self) -> dict[str, Guest]:
        """Guests that shall run; a boot that ended by itself is over, and the engine says what then."""
        wanted = dict(self.plan.guests)
        if any(network.igw or (network.eigw and network.cidrs6) for network in self.plan.networks.values()):
            wanted[names.INTERNET] = Guest(names.INTERNET, names.INTERNET, boot=0)
        for id in self._over.keys() & wanted.keys():
            if self._over[id] == wanted[id].boot:
                del wanted[id]
        return wanted

    def _advance(self) -> None:
        """Start all the work that can be started now; what is left of it is tried again."""
        self._woken = False
        try:
            self._go_on()
        except OSError as error:
            complain(str(error))
            self._loop.later(FIRST_SECONDS, self.wake)

    def _go_on(self) -> None:
        """Start what can be started, and answer if there is nothing more."""
        wanted = self._wanted_guests()
        self._keep_spaces()
        self._end_guests(wanted)
        self._boot_guests(wanted)
        self.memories.settle(wanted, self.lives)
        self._scrap_disks(wanted)
        self._kick()
        self._answer(wanted)

    # --- guests -----------------------------------------------------------------------------------

    def _end_guests(self, wanted: dict[str, Guest]) -> None:
        for id, life in self.lives.items():
            if not life.asked and (id not in wanted or wanted[id].boot != life.guest.boot):
                self._dirty |= self.plan.set_up(id, None)
                life.kill()

    def _boot_guests(self, wanted: dict[str, Guest]) -> None:
        fresh = wanted.keys() - self.lives.keys() - self._held.keys()
        if not fresh:
            return
        for id in sorted(fresh):
            try:
                life = self._begin(wanted[id])
            except OSError as error:
                self._guest_failed[id] = str(error)
                self._hold(id)
                continue
            pids = 0.0 if wanted[id].memory is None else self.memories.pids_for(life)
            life.boot(self.plan.interfaces_of(id), self._guest_changed, pids)

    def _begin(self, guest: Guest) -> GuestProcess:
        """Begin a guest's life, if there are descriptors for all of it; or OSError."""
        descriptors.make_room(sum(not life.running for life in self.lives.values()))
        life = self.lives[guest.id] = GuestProcess(
            guest, self._disks.path(guest.id), self._loop, self._spawning, self._groups
        )
        return life

    def _guest_changed(self, life: GuestProcess, what: str) -> None:
        """Hear from a guest's start or end."""
        id = life.guest.id
        if what == "net":
            self._namespace_fds[id] = life.namespace
            if not life.asked:
                self._open_internet(life)
                self._dirty |= self.plan.set_up(id, life.guest.boot)
        elif what == "ready":
            self._guest_failed.pop(id, None)
            self._starts.succeeded(id)
            self._attachments.start(life)
            self._check_running(life)
        elif what == "end":
            self._guest_ended(life)
        else:
            self._guest_failed[id] = what
            self._hold(id)
        self.wake()

    def take_fault(self, about: str, error: Exception) -> None:
        """Mark what a fault of ours concerned as failed, and have it made anew; all else goes on."""
        kind, _, id = about.partition(":")
        why = f"a fault of elastinet's own: {type(error).__name__}: {error}"
        if kind == "guest" and (life := self.lives.get(id)):
            self._guest_failed[id] = why
            self._hold(id)
            life.fail(why)
        elif kind == "network" and id in self.spaces:
            self._busy.discard(id)
            self._failed[id] = {about: why}
            self._retry_later(id, anew=True)
        self.wake()

    def _hold(self, id: str) -> None:
        """Let a guest that could not be started rest for a while."""
        self._rest(id, self._starts.failed(id))

    def _rest(self, id: str, seconds: float) -> None:
        self._held[id] = seconds

        def release() -> None:
            self._held.pop(id, None)
            self.wake()

        self._loop.later(seconds, release)

    def _guest_ended(self, life: GuestProcess) -> None:
        id = life.guest.id
        self._dirty |= self.plan.set_up(id, None)
        del self.lives[id]
        self._attachments.ended(life)
        self.memories.ended(life)
        if life.namespace >= 0:
            self._closing.append(life.namespace)
        if id == names.INTERNET:
            self._close_internet()
        elif life.ready and life.has_rebooted:
            self._reboot(life)
        elif life.ready and not life.fault:
            self._reboots.forget(id)
            if not life.asked and id in self.plan.guests:  # it may be dropped, and yet have ended by itself
                self._over[id] = life.guest.boot
            self._tell(Gone(id, life.guest.boot, life.asked), None)

    def _reboot(self, life: GuestProcess) -> None:
        """Have a guest boot again that wants to: to the engine it has been running all the time."""
        id = life.guest.id
        seconds = self._reboots.pause(id, life.up_seconds)
        if seconds > TROUBLE_SECONDS:
            self._guest_failed[id] = "it reboots as soon as it is up, again and again"
        life.console.say("rebooted")
        self._rest(id, seconds)

    def _check_running(self, life: GuestProcess) -> None:
        """Tell once that a guest runs: when every interface that it booted with has its address."""
        waiting = {id for id in life.awaited if f"interface:{id}" in self.plan.view.objects}
        bound = {id for id, port in life.ports.items() if port.bound}
        settled = waiting <= bound and self.memories.is_settled(life, self.plan.memory(life.guest.id))
        if life.ready and not life.running and not life.asked and settled:
            life.running = True
            life.console.say("running")
            life.first_boot()
            if life.guest.id != names.INTERNET:
                self._tell(Running(life.guest.id, life.guest.boot), None)

    def _moved(self, life: GuestProcess) -> None:
        """Hear that a guest shares another memory now, or none."""
        self._check_running(life)
        self.wake()

    def _scrap_disks(self, wanted: dict[str, Guest]) -> None:
        for id in self._scrap - wanted.keys() - self.lives.keys():
            self._disks.remove(id)
            self._scrap.discard(id)

    # --- namespaces -------------------------------------------------------------------------------

    def _keep_spaces(self) -> None:
        wanted = self.plan.networks.keys() | self.plan.appliances.keys()
        for id in [
            id for id in self.spaces if id not in wanted and id != names.INTERNET and id not in self._busy
        ]:
            self._attachments.lose_network(id)
            self._close(id)
        for id in wanted:
            if id not in self.spaces and id not in self._held:
                self._open(id, None)
        internet = self.lives.get(names.INTERNET)
        if internet and internet.namespace >= 0 and names.INTERNET not in self.spaces.keys() | self._held:
            self._open_internet(internet)

    def _open(self, id: str, namespace: int | None) -> None:
        """Make a namespace's router."""
        try:
            space = Namespace(
                id, self._namespace_fds, self._spawning.relay, self._role(id), namespace, self._helper
            )
            self._admit(space)
        except OSError as error:
            self._failed[id] = {f"network:{id}": str(error)}
            self._hold(id)
            return
        self._starts.succeeded(id)
        self._dirty.add(id)
        self.plan.stir(id)
        if space.role != INTERNET:
            self._openings += 1
            self._dirty |= self.plan.set_up(id, self._openings)
        self._hand_over(space)

    def _admit(self, space: Namespace) -> None:
        """Hold a new namespace and hear what others do in it; if that cannot be, the namespace ends."""
        try:
            if space.role != INTERNET:
                self._namespace_fds[space.id] = space.descriptor()
            self._loop.watch(space.monitor.fileno(), lambda: self._overheard(space), f"network:{space.id}")
        except OSError:
            if space.role != INTERNET and (held := self._namespace_fds.pop(space.id, None)) is not None:
                os.close(held)
            space.close()
            raise
        self.spaces[space.id] = space

    def _hand_over(self, space: Namespace) -> None:
        """Give the engine the metadata sockets that are new."""
        for family, listener in space.new_listeners():
            self._tell(Listener(space.id, family=family), listener.fileno())

    def _role(self, id: str) -> Role:
        if id == names.INTERNET:
            return INTERNET
        return APPLIANCE if id in self.plan.appliances else ROUTER

    def _overheard(self, space: Namespace) -> None:
        """Look at a namespace that someone else changed, once he may be done."""
        if space.monitor.hears_others():
            self._loop.later(SETTLING_SECONDS, lambda: self.look(space.id))

    def _close(self, id: str) -> None:
        space = self.spaces.pop(id)
        self._failed.pop(id, None)
        self._loop.forget(space.monitor.fileno())
        if space.role != INTERNET:
            self._dirty |= self.plan.set_up(id, None)
            self._closing.append(self._namespace_fds.pop(id))
        try:
            space.close()
        except OSError as error:
            complain(f"{id} did not end well: {error}")

    def reaped(self, pid: int) -> None:
        """Hear of an ended child: a DHCP server that nobody stopped is started again."""
        for id, space in self.spaces.items():
            if space.dhcp and space.dhcp.pid == pid:
                space.dhcp.pid = 0
                self._dirty.add(id)
                self.wake()

    def _open_internet(self, life: GuestProcess) -> None:
        if life.guest.id == names.INTERNET:
            self._open(names.INTERNET, life.namespace)
            self._expose()

    def _expose(self) -> None:
        """Give the machine outside a way to public addresses, if it is to have one."""
        life = self.lives.get(names.INTERNET)
        if life and self._exposure and names.INTERNET in self.spaces:
            try:
                self._exposure.make(life.namespace)
                self._failed.pop("exposure", None)
            except OSError as error:
                self._failed["exposure"] = {"exposure": str(error)}

    def _close_internet(self) -> None:
        if self._exposure:
            self._exposure.close()
        if names.INTERNET in self.spaces:
            self._close(names.INTERNET)

    def _kick(self) -> None:
        """Give every namespace with work its order, but not before those that make links in it."""
        work = ((self._dirty | self._looking) & self.spaces.keys()) - self._busy
        self._dirty &= self.spaces.keys()
        self._looking &= self.spaces.keys()
        at_work = self._busy | work
        work = {id for id in work if not self._makers(id) & at_work}
        for id in work:
            self._busy.add(id)
            future = self.spaces[id].carry_out(self._order(id))
            future.add_done_callback(partial(self._finished, id))
        self._dirty -= work
        self._looking -= work

    def _makers(self, id: str) -> set[str]:
        """The namespaces whose workers make links that end in this one."""
        if self.spaces[id].role == ROUTER:
            return self.plan.makers(id)
        return {other for other, space in self.spaces.items() if space.role == ROUTER}

    def _finished(self, id: str, future: "Future[Outcome]") -> None:
        """Hear from a worker, in its thread."""
        self._loop.soon(lambda: self._done(id, future), f"network:{id}")

    def _order(self, id: str) -> Order:
        delta, owners = self.plan.delta(id), self.plan.owners[id]
        return Order(
            delta,
            {identity: owners[identity] for identity, item in delta.items() if item},
            id in self._looking,
            self.plan.networks.get(id),
            self.plan.interfaces(id),
        )

    def _done(self, id: str, future: "Future[Outcome]") -> None:
        """Take in what a namespace's worker has done."""
        self._busy.discard(id)
        self._close_descriptors()
        error = future.exception()
        if id in self.spaces:
            self._hand_over(self.spaces[id])
        if error is None:
            outcome = future.result()
            self._failed[id] = failed_owners(outcome.failures, self.plan.owners[id])
            if id in self.spaces and id != names.INTERNET:
                self._attachments.follow(outcome)
            if not self._failed[id]:
                self._attachments.settled(id)
        else:
            self._failed[id] = {f"network:{id}": str(error)}
        if self._failed[id]:
            self._retry_later(id, anew=error is not None)
        else:
            self._work.succeeded(id)
        self.wake()

    def _look_anew(self, id: str) -> None:
        """Have all of a namespace compared with the kernel, for nobody knows how far its worker came."""
        if id in self.spaces:
            self.plan.stir(id)
            self._looking.add(id)

    def _retry_later(self, id: str, *, anew: bool) -> None:
        """Try a namespace's work again in a while."""

        def retry() -> None:
            self._dirty.add(id)
            if anew:
                self._look_anew(id)
            self.wake()

        self._loop.later(self._work.failed(id), retry)

    def _close_descriptors(self) -> None:
        """Close ended guests' namespaces once no worker can be using them."""
        if not self._busy:
            for fd in self._closing:
                os.close(fd)
            self._closing.clear()

    # --- answers ----------------------------------------------------------------------------------

    def _answer(self, wanted: dict[str, Guest]) -> None:
        """Say that this generation is there, when nothing is under way any more."""
        if self._busy or self._dirty or self._looking or self.memories.busy:
            return
        starting = any(
            id not in self._guest_failed and not (id in self.lives and self.lives[id].ready) for id in wanted
        )
        ending = any(life.asked for life in self.lives.values())
        if starting or ending:
            return
        guests = self.memories.failed | self._guest_failed
        failed = {f"guest:{id}": why for id, why in guests.items() if id in wanted}
        failed |= self.plan.failed | self._attachments.failed
        for part in self._failed.values():
            failed |= part
        answer = Converged(self.generation, failed)
        if answer != self._answered:
            self._answered = answer
            self._tell(answer, None)

    def repeat(self) -> None:
        """Tell an engine that has come back what is alive; its generations may be those of the one before."""
        self._answered = None
        for fact in self._attachments.facts():
            self._tell(fact, None)
        for life in self.lives.values():
            if life.running and not life.asked and life.guest.id != names.INTERNET:
                self._tell(Running(life.guest.id, life.guest.boot), None)
