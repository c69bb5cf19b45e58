"""A running guest as the agent knows it: its init, its interfaces' leases, its first boot."""

import errno
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from elastinet.fabric.compile.items import LinkIncarnation
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Guest, Interface
from elastinet.fabric.guest import init_program, initctl, room, tools
from elastinet.fabric.guest.console import Console
from elastinet.fabric.guest.door import Door
from elastinet.fabric.guest.linkwatch import LinkWatch
from elastinet.fabric.guest.port import GuestInterface
from elastinet.fabric.guest.programs import Programs
from elastinet.fabric.guest.reboots import REBOOTED
from elastinet.fabric.guest.spawning import Spawning, Told
from elastinet.fabric.guest.voices import Voices
from elastinet.fabric.kernel import ending
from elastinet.fabric.kernel.loop import GuestConcern, Loop
from elastinet.fabric.revoke import holders

AGAIN_SECONDS, LAST_PAUSE_SECONDS = 0.2, 1.6
"""The pauses between tries to end a guest: where many end at once, the kernel is what takes its time."""
DEAD = (errno.ENOENT, errno.ESRCH, errno.EINVAL)
"""Errors of calls about a process that has ended; the call decides which one."""


@contextmanager
def _unless_it_has_ended() -> Iterator[None]:
    """Look at an init that may have ended by now: that is heard next."""
    try:
        yield
    except OSError as error:
        if error.errno not in DEAD:
            raise


def _is_reboot(status: int) -> bool:
    """True if an init's exit status says that its guest is to boot again."""
    return status == REBOOTED or initctl.by_exit(status) == "reboot"


class GuestProcess:
    """One boot of a guest, from its spawning to its end."""

    def __init__(
        self, guest: Guest, disk: Path, loop: Loop, spawning: Spawning, groups: tuple[Path, ...] = ()
    ) -> None:
        self.guest = guest
        self._about = GuestConcern(guest.id)
        self._groups = groups
        self.disk = disk
        self.init = 0
        self.first_pid = 0
        self.layers: frozenset[str] = frozenset()
        self.namespace = -1
        self._has_network = False
        self.ready = False
        self.running = False
        self.asked = self.is_killed = False
        self.ended = False
        self.has_rebooted = False
        self._is_closing = self._reboots = self._has_services = self._has_systemd = False
        self._since = 0.0
        self._pause = AGAIN_SECONDS
        self.ports: dict[str, GuestInterface] = {}
        self.awaited: set[str] = set()
        self.console = Console(disk)
        self.fault = ""
        self._loop = loop
        self._spawning = spawning
        self._voices = Voices(disk, self.console, loop, self._about)
        self._programs = Programs(guest, disk, self.console, self._voices.log, loop, spawning)
        self._link_watch: LinkWatch | None = None
        self._door: Door | None = None

    def _open_door(self, fd: int = -1) -> None:
        """Hear who wants to log in; without a descriptor left for it, nobody."""
        if fd >= 0:
            self._door = Door(
                fd, lambda: self.namespace, self._loop, self._about, self._run_ssh, self.console.say
            )
            self._door.listen()

    def _run_ssh(self, mode: str, connections: Sequence[int], told: Told) -> None:
        if not self.ended:
            self._programs.run_ssh(self.init, mode, connections, told)

    def _control(self, data: bytes) -> None:
        """Shut down or boot again, if that is what programs in the guest have asked its init for."""
        asked = initctl.asked(data)
        if asked is None or self._is_closing or not self.ready:
            return
        self._reboots = asked == "reboot"
        self.console.say(f"{asked} was asked for")
        self._close()

    def _close(self) -> None:
        """Have the init ask all programs to end, which it does but once; what is left later is ended."""
        self._is_closing = True
        self._loop.later(initctl.GRACE_SECONDS, self.end, self._about)
        with suppress(ProcessLookupError):
            os.kill(self.init, initctl.SHUT_DOWN)

    def shut_down(self) -> None:
        """End the guest in good order; `changed` hears of it."""
        if not self.ready or not init_program.exists():
            self.kill()
            return
        self.asked = True
        if not self._is_closing:
            self._close()

    def boot(
        self,
        awaited: set[str],
        changed: Callable[["GuestProcess", str], None],
        own_names: str,
        pids: float = 0,
    ) -> None:
        """Start the init; `changed` hears of "net", "ready", "end", or why it could not be started.

        `own_names` is its line of hosts(5), `pids` the share of all process ids below those that it gives.
        """
        self.awaited = awaited
        hear = partial(self._hear, changed=changed)
        try:
            self.disk.mkdir(parents=True, exist_ok=True)
            own = room.in_groups(room.of(self.guest.memory_mib, self.guest.cpus), self._groups, self.guest.id)
        except OSError as error:
            self._loop.soon(partial(hear, {"error": str(error)}), self._about)
            return
        self.console.say(f"boot {self.guest.boot} of {self.guest.id}")
        guest = self.guest
        given = (str(self.disk), guest.hostname, own_names, own, hear, pids, self._about)
        self._spawning.boot(
            *given, user=guest.login_user, key=guest.login_key, layers=guest.layers, first=guest.init
        )

    def _hear(self, fact: dict[str, Any], changed: Callable[["GuestProcess", str], None]) -> None:
        self.first_pid = fact.get("first_pid", self.first_pid)
        self._has_services |= fact.get("services", False)
        self._has_systemd |= fact.get("systemd", False)
        if "pid" in fact:
            self._born(fact["pid"])
        try:
            if fact.get("of") == "door":
                self._open_door(*fact["fds"])
            elif "ends" in fact:
                self._voices.listen(fact["fds"], fact["ends"], self._control)
            self._follow(fact, changed)
        except OSError as error:
            self._fail(str(error), changed)
            self.end()
        if "error" in fact and not self.asked:
            self._fail(fact["error"], changed)
        if "exit" in fact or ("error" in fact and not self.init):
            wants_again = self._reboots or _is_reboot(fact.get("status", 0))
            self.has_rebooted = wants_again and not self.asked
            self._end()
            changed(self, "end")

    def _follow(self, fact: dict[str, Any], changed: Callable[["GuestProcess", str], None]) -> None:
        """Take in how far the start has come; OSError where the machine does not let us look."""
        if self.fault:
            return
        self._has_network |= fact.get("stage") == "net"
        if self._has_network and "exit" not in fact and self._enters():
            changed(self, "net")
        if fact.get("stage") == "ready" and self._is_built():
            changed(self, "ready")

    def fail(self, why: str) -> None:
        """End this boot for a fault that was noticed elsewhere; another one is to be tried."""
        self.fault = why
        self.console.say(why)
        self.end()

    def _fail(self, why: str, changed: Callable[["GuestProcess", str], None]) -> None:
        """Say why this boot comes to nothing; another one is to be tried."""
        self.fault = why
        self.console.say(why)
        changed(self, why)

    def _enters(self) -> bool:
        """Hold the init's network; whether it is held since this moment."""
        if self.init and self.namespace < 0:
            with _unless_it_has_ended():
                self.namespace = os.open(f"/proc/{self.init}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
                return True
        return False

    def watch_links(self, is_back: Callable[[str], None]) -> None:
        """Tell of each device that was set down and is up again."""
        if self.guest.id != names.INTERNET:
            self._link_watch = LinkWatch(self.namespace, self._loop, self._about, is_back)

    def _is_built(self) -> bool:
        """Know the guest's root; whether its init is there to use it."""
        with _unless_it_has_ended():
            self.layers = holders.overlays(self.init) if self.guest.memory is not None else frozenset()
            self.ready, self._since = True, time.monotonic()
        return self.ready

    @property
    def up_seconds(self) -> float:
        """Seconds since its root file system was ready."""
        return time.monotonic() - self._since

    def _born(self, init: int) -> None:
        """Know the init; one that nobody wants any more by now ends at once."""
        self.init = init
        if self.asked:
            self.kill()

    def _end(self) -> None:
        self.ended = True
        self.init = 0
        for port in self.ports.values():
            port.give_up()
        if self._link_watch:
            self._link_watch.close()
        if self._door:
            self._door.close()
        self._voices.finish()
        self._leave_groups()

    def _leave_groups(self) -> None:
        """Take away the guest's control groups, once the kernel has let go of its last process."""
        if not room.leave(self._groups, self.guest.id):
            self._loop.later(AGAIN_SECONDS, self._leave_groups, self._about)

    def kill(self) -> None:
        """End the guest with all of its processes at once; `changed` hears of it."""
        self.asked = self.is_killed = True
        self.end()

    def end(self) -> None:
        """Have the kernel end all processes, again and again: the guest's root may trace its init anew."""
        if self.init > 0:
            self._loop.later(self._pause, self.end, self._about)
            self._pause = min(self._pause * 2, LAST_PAUSE_SECONDS)
            ending.end(self.init)

    def attach(
        self, interface: Interface, link: LinkIncarnation, bound: Callable[[GuestInterface, str], None]
    ) -> None:
        """Take a link that has come into the guest, and ask for its address."""
        port = self.ports[interface.id] = GuestInterface(
            interface, link, self._loop, self._spawning, tools.OWN if self.guest.layers else None
        )
        if self.ready:
            port.start(self.init, self._voices.log, bound)

    def start_ports(self, bound: Callable[[GuestInterface, str], None]) -> None:
        """Ask for the addresses of all links that came before the guest's root was ready."""
        for port in self.ports.values():
            port.start(self.init, self._voices.log, bound)

    def start_services(self) -> None:
        """Start what was enabled in an earlier boot."""
        if self._has_services and not self.ended:
            self._programs.start_services(self.init)

    def first_boot(self) -> None:
        """Run the user data: what belongs to each boot, and what to the disk's life once; or cloud-init.

        Where systemd is, that starts cloud-init.
        """
        if not (self.guest.cloud_init and self._has_systemd):
            self._programs.first_boot(lambda: 0 if self.ended else self.init)
