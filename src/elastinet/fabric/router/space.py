"""A network namespace that the agent routes in: its worker, its router, its DHCP server, its listener."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Literal

from elastinet.fabric.compile.items import Delta, Identity, LinkAddress, LinkIncarnation
from elastinet.fabric.contract import names
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.objects import Appliance, Interface, Network
from elastinet.fabric.kernel import isolate, kernel, sysctls
from elastinet.fabric.kernel.relay import Start
from elastinet.fabric.kernel.worker import Worker
from elastinet.fabric.router import listening, timeserver
from elastinet.fabric.router.dhcpserver import DhcpServer
from elastinet.fabric.router.listening import METADATA6, QUESTIONS, QUESTIONS64, Family, Place
from elastinet.fabric.router.monitor import Monitor
from elastinet.fabric.router.resolver64 import Resolver64
from elastinet.fabric.router.router import Failures, Router
from elastinet.fabric.router.translator import Translator

SYSCTLS = {
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    # A router's own "packet too big" comes back to it from the middlebox that had sent what was too big.
    "ipv4/conf/all/accept_local": "1",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
    "ipv4/conf/default/proxy_arp": "1",
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
}
INTERNET_SYSCTLS = {
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv6/conf/all/disable_ipv6": "0",
    "ipv6/conf/default/disable_ipv6": "0",
}
IPV6_SYSCTLS = {
    "ipv6/conf/all/addr_gen_mode": "1",
    "ipv6/conf/default/addr_gen_mode": "1",
    "ipv6/conf/all/forwarding": "1",
}
"""Links get the addresses that they are given, and none of their own."""
Role = Literal["router", "appliance", "endpoint", "internet"]
ROUTER: Role = "router"
APPLIANCE: Role = "appliance"
ENDPOINT: Role = "endpoint"
INTERNET: Role = "internet"
TIME: dict[Family, tuple[socket.AddressFamily, str]] = {
    "ipv4": (socket.AF_INET, names.NTP_ADDRESS),
    "ipv6": (socket.AF_INET6, names.NTP_ADDRESS6),
}


@dataclass(frozen=True)
class Order:
    """Changes that a namespace shall carry out, with its network and interfaces from then on."""

    delta: Delta
    owners: Mapping[Identity, Key]
    observe: bool
    network: Network | None
    interfaces: Mapping[str, Interface | None]
    timeouts: Mapping[str, int]
    """Seconds that conntrack remembers an idle flow, by the name of the kernel's setting."""
    appliance: Appliance | None = None
    again: frozenset[str] = frozenset()
    """Links whose other end is to get its addresses and routes again."""


@dataclass(frozen=True)
class Outcome:
    """The result of an order: links that came or went, the interfaces that it was about, failures."""

    failures: Failures
    links: dict[str, LinkIncarnation | None]
    interfaces: Mapping[str, Interface | None]
    steps: int


class Namespace:
    """A namespace with all that the agent keeps in it; orders are carried out in its own thread."""

    def __init__(
        self,
        id: str,
        namespace_fds: Mapping[str, int],
        start_relay: Start,
        role: Role = ROUTER,
        namespace: int | None = None,
        helper: int | None = None,
    ) -> None:
        self.id = id
        self.role = role
        self.listeners: dict[Place, socket.socket] = {}
        self._fresh: dict[Place, socket.socket] = {}
        self.clocks: dict[Family, socket.socket] = {}
        self._fresh_clocks: list[socket.socket] = []
        self.dhcp: DhcpServer | None = None
        self.resolver64: Resolver64 | None = None
        self.translator: Translator | None = None
        self.monitor: Monitor
        self._own = namespace is None
        self._timeouts: dict[str, int] = {}
        self._helper = helper
        self._undo = ExitStack()
        self.worker = Worker(id, namespace)
        try:
            self.router = self.worker.call(lambda: self._settle(namespace_fds, start_relay))
        except BaseException:
            self.close()
            raise

    def _settle(self, namespace_fds: Mapping[str, int], start_relay: Start) -> Router:
        """Make the namespace a router's; runs in the worker."""
        if self._own:
            sysctls.forget_machine()
        for sysctl, value in (IPV6_SYSCTLS | (SYSCTLS if self._own else INTERNET_SYSCTLS)).items():
            sysctls.write(sysctl, value)
        if self._own:
            path = f"{isolate.NETNS}/{self.id}"
            os.close(os.open(path, os.O_CREAT | os.O_RDONLY, 0o400))
            self._undo.callback(os.unlink, path)
            kernel.mount("/proc/thread-self/ns/net", path, flags=kernel.MS_BIND)
            self._undo.callback(kernel.umount, path, kernel.MNT_DETACH)
        router = Router(namespace_fds, start_relay, shared=self.role == INTERNET)
        self._undo.callback(router.close)
        if not self._own:
            router.give(LinkAddress("lo", names.INTERNET_ADDRESS, 32))
            if sysctls.read("ipv6/conf/all/disable_ipv6"):
                router.give(LinkAddress("lo", names.INTERNET_ADDRESS6, 128))
        self.monitor = Monitor(router)
        self._undo.callback(self.monitor.close)
        self._undo.callback(router.abandon)
        if self.role == ROUTER:
            self._fresh |= listening.metadata("ipv4")
            self.dhcp = DhcpServer(self.id, self._helper)
            self._undo.callback(self.dhcp.remove)
            self.resolver64 = Resolver64(self.id, self._helper)
            self._undo.callback(self.resolver64.daemon.remove)
        if self.role == APPLIANCE:
            self.translator = Translator(self.id, self._helper)
            self._undo.callback(self.translator.daemon.remove)
        if self.role == ENDPOINT:
            has_ipv6 = sysctls.read("ipv6/conf/all/disable_ipv6")
            for address in listening.EVERYWHERE.values() if has_ipv6 else (listening.EVERYWHERE["ipv4"],):
                self._fresh |= listening.endpoints(address)
        return router

    def has_lost(self, pid: int) -> bool:
        """Hear of a process that has ended; true if it was one of this namespace's that nobody stopped."""
        keepers = (self.dhcp, self.resolver64, self.translator)
        return any(keeper.daemon.ended(pid) for keeper in keepers if keeper)

    def new_listeners(self) -> Iterator[tuple[Place, socket.socket]]:
        """Give the sockets for the engine that nobody has asked for yet."""
        while self._fresh:
            place, listener = self._fresh.popitem()
            self.listeners[place] = listener
            yield place, listener

    def new_clocks(self) -> Iterator[socket.socket]:
        """Give the sockets of the time that nobody has asked for yet."""
        while self._fresh_clocks:
            yield self._fresh_clocks.pop()

    def _tell_time(self, network: Network) -> None:
        """Open a network's sockets of the time; an answer has their address only if there are any by then."""
        families: tuple[Family, ...] = ("ipv4", "ipv6") if network.cidrs6 else ("ipv4",)
        for family in families:
            if family not in self.clocks:
                self.clocks[family] = timeserver.listen(*TIME[family])
                self._fresh_clocks.append(self.clocks[family])

    def descriptor(self) -> int:
        """Open the namespace, for those who put links into it."""
        return os.open(f"{isolate.NETNS}/{self.id}", os.O_RDONLY | os.O_CLOEXEC)

    def carry_out(self, order: Order) -> "Future[Outcome]":
        """Have the worker make the namespace what the order says."""
        return self.worker.submit(lambda: self._carry_out(order))

    def _carry_out(self, order: Order) -> Outcome:
        failures: Failures = {}
        self.router.want(order.delta, order.owners)
        for name, keep in self._daemons(order):
            try:
                keep()
            except OSError as error:
                failures[name,] = str(error)
        if order.network and order.network.cidrs6 and METADATA6 not in self.listeners | self._fresh:
            self._fresh |= listening.metadata("ipv6")
        for places in _questions(order.network):
            if places[0] not in self.listeners | self._fresh:
                self._fresh |= listening.questions(places)
        if order.observe:
            self.router.observe()
        before = self.router.steps
        failures |= self.router.converge()
        if order.network:
            try:
                self._tell_time(order.network)
            except OSError as error:
                failures["ntp",] = str(error)
        for link in order.again:
            self.router.ends.settle_again(link)
        self._remember(order.timeouts)
        return Outcome(failures, self.router.record.take_news(), order.interfaces, self.router.steps - before)

    def _daemons(self, order: Order) -> Iterator[tuple[str, Callable[[], None]]]:
        """What each program that runs here has to do about an order, by the name of its service."""
        network, interfaces = order.network, order.interfaces
        if network and self.dhcp and self.resolver64:
            on_link = self.router.answers_solicitations
            yield "dhcp", partial(self.dhcp.keep, network, interfaces, on_link=on_link)
            yield "dns64", partial(self.resolver64.keep, network, interfaces)
        if order.appliance and self.translator:
            yield "nat64", partial(self.translator.keep, order.appliance)

    def _remember(self, timeouts: Mapping[str, int]) -> None:
        """Set for how long flows are remembered; the first filter has brought the settings with it."""
        for name, seconds in timeouts.items():
            if self._timeouts.get(name) != seconds:
                sysctls.write(f"netfilter/nf_conntrack_{name}", str(seconds))
                self._timeouts[name] = seconds

    def close(self) -> None:
        """End all that lives here; the namespace itself ends with its last user. Raises what failed of it."""
        try:
            self.worker.call(self._undo.close)
        finally:
            for opened in (*(self.listeners | self._fresh).values(), *self.clocks.values()):
                opened.close()
            self.worker.stop()


def _questions(network: Network | None) -> tuple[tuple[Place, Place], ...]:
    """Where the resolvers of a network ask for names that they do not know."""
    if not network or not network.asks:
        return ()
    return (QUESTIONS, QUESTIONS64) if network.dns64 else (QUESTIONS,)
