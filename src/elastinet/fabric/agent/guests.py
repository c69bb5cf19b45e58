"""The agent's guests: who is wanted is started, who is not is ended, and a failure is tried again."""

import os
from functools import partial
from pathlib import Path
from typing import Protocol

from elastinet.fabric.agent import descriptors
from elastinet.fabric.agent.attachments import Attachments, Tell
from elastinet.fabric.agent.backoff import BackOff, boot_of
from elastinet.fabric.agent.images import Images
from elastinet.fabric.agent.memories import Memories
from elastinet.fabric.agent.own_names import own_line
from elastinet.fabric.compile.plan import Plan
from elastinet.fabric.contract import names
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.messages import Gone, Running
from elastinet.fabric.contract.objects import Guest
from elastinet.fabric.guest.disk import Disks
from elastinet.fabric.guest.diskwatch import DiskWatch
from elastinet.fabric.guest.guest import GuestProcess
from elastinet.fabric.guest.reboots import TROUBLE_SECONDS, Reboots
from elastinet.fabric.guest.spawning import Spawning
from elastinet.fabric.kernel.loop import Call, Loop


class GuestNetwork(Protocol):
    """The namespaces into which guests come, and from which they leave."""

    def guest_came(self, id: str, fd: int) -> None:
        """Take in a guest's namespace."""

    def guest_left(self, id: str, fd: int) -> None:
        """Let go of a guest's namespace."""

    def touch(self, ids: set[str]) -> None:
        """Say that there is work in namespaces."""

    def look(self, id: str) -> None:
        """Have a namespace looked at."""

    def settle_again(self, id: str, link: str) -> None:
        """Have the other end of a link configured again."""


class Guests:
    """All guests: one process tree each, whose boots are counted by the engine.

    A boot that ended by itself is over: it is not started again before the engine asks for another one.
    """

    def __init__(
        self,
        plan: Plan,
        disks: Path,
        loop: Loop,
        spawning: Spawning,
        backoff: BackOff,
        tell: Tell,
        network: GuestNetwork,
        wake: Call,
        groups: tuple[Path, ...],
        images: Images,
    ) -> None:
        self.processes: dict[str, GuestProcess] = {}
        self._plan, self._loop, self._spawning, self._backoff = plan, loop, spawning, backoff
        self._tell, self._network, self._wake, self._groups = tell, network, wake, groups
        self._disks, self._folder, self._images = Disks(disks), disks, images
        self._scrap: set[str] = set()
        self._over: dict[str, int] = {}
        self._failed: dict[str, tuple[int, str]] = {}
        """By guest: which boot has failed, and why."""
        self._reboots = Reboots()
        self.attachments = Attachments(
            plan, self.processes, tell, self._check_running, network.look, network.settle_again
        )
        self.memories = Memories(loop, spawning, self._moved)
        self._watch = DiskWatch(disks, self.processes, loop)

    # --- who is wanted ----------------------------------------------------------------------------

    def wanted(self) -> dict[str, Guest]:
        """Guests that shall run: the plan's whose boot is not over, and the internet if there is one."""
        found = {id: guest for id, guest in self._plan.guests.items() if not guest.shuts_down}
        networks = self._plan.networks.values()
        if any(network.igw or (network.eigw and network.cidrs6) for network in networks):
            found[names.INTERNET] = Guest(names.INTERNET, names.INTERNET, boot=0)
        over = {id for id in self._over.keys() & found.keys() if self._over[id] == found[id].boot}
        return {id: guest for id, guest in found.items() if id not in over}

    def drop(self, keys: set[Key]) -> None:
        """Forget the ends and failures of guests that nobody wants any more: another may have the name."""
        self._over = {id: boot for id, boot in self._over.items() if Key("guest", id) not in keys}
        self._failed = {id: one for id, one in self._failed.items() if Key("guest", id) not in keys}

    def scrap(self, ids: set[str]) -> None:
        """Have disks deleted as soon as nobody has them."""
        self._scrap |= ids

    def settle(self) -> None:
        """End, boot and move guests, and delete disks, as far as that can be now."""
        wanted = self.wanted()
        self._end_others(wanted)
        self._images.settle(self.processes, self._folder)
        self._boot_fresh(wanted)
        self.memories.settle(wanted, self.processes)
        for id in self._scrap - wanted.keys() - self.processes.keys() - self._images.copied:
            self._disks.remove(id)
            self._scrap.discard(id)

    def is_settled(self) -> bool:
        """True if every wanted guest is up, or has failed, and no other is left."""
        up = {id for id, process in self.processes.items() if process.ready}
        is_ending = any(process.asked for process in self.processes.values())
        wanted = self.wanted()
        return not (self.memories.busy or is_ending or wanted.keys() - self._failures(wanted).keys() - up)

    @property
    def failed(self) -> dict[Key, str]:
        """The reasons why guests and their interfaces are not as wanted, by key of the object."""
        wanted = self.wanted()
        found = self.memories.failed | self._failures(wanted)
        return {Key("guest", id): why for id, why in found.items() if id in wanted} | self.attachments.failed

    def _failures(self, wanted: dict[str, Guest]) -> dict[str, str]:
        """Why wanted boots have failed; the failure of an earlier one says nothing of this one."""
        mine = {id: one for id, one in self._failed.items() if id in wanted}
        return {id: why for id, (boot, why) in mine.items() if boot == wanted[id].boot}

    # --- their boots ------------------------------------------------------------------------------

    def _end_others(self, wanted: dict[str, Guest]) -> None:
        for id, process in self.processes.items():
            if id in wanted and wanted[id].boot == process.guest.boot:
                continue
            if id in self._plan.guests and not process.fault:
                if not process.asked:
                    process.shut_down()
            elif not process.is_killed:
                self._network.touch(self._plan.set_up(id, None))
                process.kill()

    def _boot_fresh(self, wanted: dict[str, Guest]) -> None:
        for id in sorted(wanted.keys() - self.processes.keys()):
            if self._backoff.is_resting(boot_of(id)) or self._images.holds(id):
                continue
            try:
                process = self._begin(wanted[id])
            except OSError as error:
                self._fail(wanted[id], str(error))
                continue
            pids = 0.0 if wanted[id].memory is None else self.memories.pids_for(process)
            own_names = own_line(wanted[id].hostname, *self._plan.primary_of(id))
            process.boot(self._plan.interfaces_of(id), self._changed, own_names, pids)

    def _begin(self, guest: Guest) -> GuestProcess:
        """Begin a guest's process, if there are descriptors for all of it; or OSError."""
        descriptors.make_room(sum(not process.running for process in self.processes.values()))
        disk = self._disks.path(guest.id)
        process = GuestProcess(guest, disk, self._loop, self._spawning, self._groups)
        self.processes[guest.id] = process
        return process

    def _fail(self, guest: Guest, why: str) -> None:
        """Let a guest that could not be started rest for a while."""
        self._failed[guest.id] = guest.boot, why
        self._backoff.failed(boot_of(guest.id), self._wake)

    def fail(self, id: str, why: str) -> None:
        """End a guest for a fault that was noticed elsewhere; it is started anew."""
        if process := self.processes.get(id):
            self._fail(process.guest, why)
            process.fail(why)

    def _changed(self, process: GuestProcess, what: str) -> None:
        """Hear from a guest's start or end."""
        id = process.guest.id
        if what == "net":
            if not process.asked:
                process.watch_links(partial(self.attachments.is_back, process))
                self._network.guest_came(id, process.namespace)
                self._network.touch(self._plan.set_up(id, process.guest.boot))
        elif what == "ready":
            self._failed.pop(id, None)
            self._backoff.succeeded(boot_of(id))
            self.attachments.start(process)
            self._check_running(process)
        elif what == "end":
            self._ended(process)
        else:
            self._fail(process.guest, what)
        self._wake()

    def _ended(self, process: GuestProcess) -> None:
        id, boot = process.guest.id, process.guest.boot
        self._network.touch(self._plan.set_up(id, None))
        del self.processes[id]
        self.attachments.ended(process)
        self.memories.ended(process)
        self._network.guest_left(id, process.namespace)
        if id == names.INTERNET:
            return
        if process.ready and process.has_rebooted:
            self._reboot(process)
        elif process.ready and not process.fault:
            self._reboots.forget(id)
            if not process.asked and id in self._plan.guests:
                self._over[id] = boot
            self._tell(Gone(id, boot, process.asked), None)

    def _reboot(self, process: GuestProcess) -> None:
        """Have a guest boot again that wants to: to the engine it has been running all the time."""
        id = process.guest.id
        seconds = self._reboots.pause(id, process.up_seconds)
        if seconds > TROUBLE_SECONDS:
            self._failed[id] = process.guest.boot, "it reboots as soon as it is up, again and again"
        process.console.say("rebooted")
        self._backoff.rest(boot_of(id), seconds, self._wake)

    def _check_running(self, process: GuestProcess) -> None:
        """Tell once that a guest runs: when every interface that it booted with has its address."""
        if process.running or process.asked or not process.ready:
            return
        guest = process.guest
        waiting = {id for id in process.awaited if Key("interface", id) in self._plan.view.objects}
        bound = {id for id, port in process.ports.items() if port.bound}
        if waiting <= bound and self.memories.is_settled(process, self._plan.memory(guest.id)):
            process.running = True
            process.console.say("running")
            process.start_services()
            process.first_boot()
            if guest.id != names.INTERNET:
                self._tell(Running(guest.id, guest.boot), None)

    def _moved(self, process: GuestProcess) -> None:
        """Hear that a guest shares another memory now, or none."""
        self._check_running(process)
        self._wake()

    # --- what others ask --------------------------------------------------------------------------

    def descriptor(self, id: str) -> int | None:
        """A descriptor, to be closed, of a running guest's network namespace; None for no such."""
        process = self.processes.get(id)
        return (
            os.dup(process.namespace) if process is not None and process.ready and not process.asked else None
        )

    def repeat(self) -> None:
        """Tell an engine that has come back who runs and which interfaces are where."""
        for fact in self.attachments.facts():
            self._tell(fact, None)
        for process in self.processes.values():
            if process.running and not process.asked and process.guest.id != names.INTERNET:
                self._tell(Running(process.guest.id, process.guest.boot), None)
