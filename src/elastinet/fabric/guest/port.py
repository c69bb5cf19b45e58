"""An interface inside a guest: its DHCP client, and what a program has of it."""

import fcntl
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from elastinet.fabric.compile.items import LinkIncarnation
from elastinet.fabric.contract.objects import Interface
from elastinet.fabric.guest import ends
from elastinet.fabric.guest.binding import Binding
from elastinet.fabric.guest.spawning import Spawning
from elastinet.fabric.guest.tools import Program, busybox
from elastinet.fabric.kernel import kernel
from elastinet.fabric.kernel.loop import GuestConcern, Loop

# udhcpc takes 3 and 4 for itself.
SCRIPT_FD = 6
# Answers come by broadcast (-B): for others dnsmasq would make the router's neighbour entry its own.
CLIENT = (
    "udhcpc",
    "-f",
    "-s",
    f"/proc/self/fd/{SCRIPT_FD}",
    "-t",
    "10",
    "-T",
    "1",
    "-A",
    "1",
    "-B",
    "-O",
    "mtu",
    "-i",
)
TOLD = ("sh", f"/proc/self/fd/{SCRIPT_FD}", "known")
FIRST_RETRY, LAST_RETRY = 0.1, 10.0
SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@cache
def script(program: str) -> bytes:
    """The DHCP script as a guest's client runs it."""
    return f"#!{program} sh\nbusybox={program}\n{_text()}".encode()


@cache
def _text() -> str:
    return Path(__file__).with_name("dhcp.sh").read_text(encoding="utf-8")


def script_file(program: str) -> int:
    """Give the DHCP script as a sealed file in memory, one for each: a guest may change its file's mode."""
    fd = os.memfd_create("dhcp", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.write(fd, script(program))
        os.fchmod(fd, 0o555)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
        return os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(fd)


class GuestInterface:
    """One attachment of an interface to a running guest."""

    def __init__(
        self,
        interface: Interface,
        link: LinkIncarnation,
        loop: Loop,
        spawning: Spawning,
        program: Program | None = None,
    ) -> None:
        """`program` is the busybox of its guest, if that is not this machine's own."""
        self.interface = interface
        self.link = link
        self.bound = False
        self.client = 0
        self.binding: Binding | None = None
        self._loop = loop
        self._spawning = spawning
        self.fault = ""
        self._lease = -1
        self._ended = False
        self._about = GuestConcern(interface.guest)
        self._pause = FIRST_RETRY
        self._program = program

    def start(self, init: int, log: int, on_bound: Callable[["GuestInterface", str], None]) -> None:
        """Start the DHCP client in the guest; its script tells each lease through a pipe.

        One that cannot start, or ends before it has told of one, is started again; `fault` says why.
        """
        if self._ended:
            return

        def again(why: str) -> None:
            self.fault = why
            self._forget_lease()  # a guest may hold the other end
            self._loop.later(self._pause, lambda: self.start(init, log, on_bound), self._about)
            self._pause = min(self._pause * 2, LAST_RETRY)

        try:
            self._start(init, log, on_bound, again)
        except OSError as error:
            again(str(error))

    def _start(
        self,
        init: int,
        log: int,
        on_bound: Callable[["GuestInterface", str], None],
        again: Callable[[str], None],
    ) -> None:
        device, (program, more) = self.interface.device, self._program or Program(busybox(), {})
        with ExitStack() as opened:
            text = script_file(program)
            opened.callback(os.close, text)
            self._lease, told = os.pipe2(os.O_CLOEXEC)
            opened.callback(os.close, told)
            self._loop.watch(self._lease, lambda: self._hear(on_bound), self._about)
            self._spawning.run(
                init,
                [program, *(CLIENT if self.interface.addresses else TOLD), device],
                (ends.NULL, ends.SENT, ends.SAME, ends.NULL, ends.NULL, ends.SENT, ends.SENT),
                lambda fact: self._know(fact, again),
                (log, told, text),
                self._about,
                up=[device],
                env=more | self._expected(),
            )

    def _expected(self) -> dict[str, str]:
        """The DHCP client's variables: the configuration that is set already.

        Without IPv4 there is no client, and the script itself is told what one would have heard.
        """
        link, own = self.link[0], self.interface
        if not own.addresses:
            told = {"interface": own.device, "dns": own.dns6, "domain": own.domain}
            return told | {"ip": next(iter(own.addresses6), "no address")}
        return {"expected": f"{link.address} {link.gateway} {link.mtu}"}

    def _know(self, fact: dict[str, Any], again: Callable[[str], None]) -> None:
        """Follow the client's process; its end matters as long as no lease was heard of."""
        self.client = fact.get("pid", 0 if "exit" in fact else self.client)
        why = fact.get("error") or (fact.get("status") and f"its DHCP client ended with {fact['status']}")
        if why and not (self.bound or self._ended):
            again(why)

    def _hear(self, on_bound: Callable[["GuestInterface", str], None]) -> None:
        data = os.read(self._lease, 4096)  # from the guest, whose root may write here, too
        if not data:
            self._forget_lease()
        elif not self.bound:
            self.bound, self.fault = True, ""
            on_bound(self, data.decode(errors="replace").strip())

    def _forget_lease(self) -> None:
        """Hear of no lease any more."""
        if self._lease >= 0:
            self._loop.forget(self._lease)
            os.close(self._lease)
            self._lease = -1

    def stop(self) -> None:
        """End the DHCP client, and what a program has of the interface."""
        self.give_up()
        if self.client:
            kernel.end(self.client)
            self.client = 0
        if self.binding:
            self.binding.release()

    def give_up(self) -> None:
        """Try nothing again, for the guest or the link is gone."""
        self._ended = True

    def bind(self, namespace: int, mtu: int) -> None:
        """Have a binding of the interface, in the guest's network namespace; it does nothing yet."""
        self.binding = Binding(self.link[0], mtu, namespace, self.interface.network)
