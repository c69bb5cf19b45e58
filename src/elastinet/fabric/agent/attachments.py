"""Interfaces in running guests: a new one asks for its address, and the engine is told when one leaves."""

from collections.abc import Callable, Iterator, Mapping

from elastinet.fabric.compile.items import LinkIncarnation
from elastinet.fabric.compile.plan import Plan
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.messages import Attached, Detached, Fact
from elastinet.fabric.contract.objects import Interface
from elastinet.fabric.guest.guest import GuestProcess
from elastinet.fabric.guest.port import GuestInterface
from elastinet.fabric.router.space import Outcome

Tell = Callable[[Fact, int | None], None]
"""Gives the engine a fact, perhaps with a descriptor."""


class Attachments:
    """The interfaces of all running guests, and those of appliances, which need no DHCP client."""

    def __init__(
        self,
        plan: Plan,
        processes: Mapping[str, GuestProcess],
        tell: Tell,
        changed: Callable[[GuestProcess], None],
        look: Callable[[str], None],
        settle_again: Callable[[str, str], None],
    ) -> None:
        self._plan = plan
        self._processes = processes
        self._tell = tell
        self._changed = changed
        self._look = look
        self._settle_again = settle_again
        self._where: dict[str, GuestProcess] = {}
        self._still: dict[str, tuple[Interface, LinkIncarnation]] = {}
        self._unsettled: set[str] = set()

    def follow(self, outcome: Outcome) -> None:
        """Take in what a namespace's worker did."""
        self.lose(outcome.links)
        for id, link in outcome.links.items():
            interface = self._plan.view.live(id)
            if link and interface:
                self._find(interface, link)
        for id, interface in outcome.interfaces.items():
            if interface:
                self._adapt(id, interface)

    def _find(self, interface: Interface, link: LinkIncarnation) -> None:
        """Have a new link ask for its address; an appliance's namespace is told to set it."""
        process = self._processes.get(link[0].holder)
        if process and not process.asked and interface.id not in process.ports:
            self._where[interface.id] = process
            process.attach(interface, link, self._bound)
        elif interface.guest in self._plan.appliances and interface.id not in self._still:
            self._still[interface.id] = interface, link
            self._unsettled.add(interface.id)
            self._look(interface.guest)

    @property
    def failed(self) -> dict[Key, str]:
        """The reasons why interfaces in running guests are not as wanted, by key of the object."""
        ports = (port for process in self._processes.values() for port in process.ports.values())
        return {Key("interface", port.interface.id): port.fault for port in ports if port.fault}

    def settled(self, appliance: str) -> None:
        """Hear that an appliance has configured what came into it."""
        for id in list(self._unsettled):
            interface, _ = self._still[id]
            if interface.guest == appliance:
                self._unsettled.discard(id)
                self._tell(Attached(id, interface.attachment), None)

    def _adapt(self, id: str, interface: Interface) -> None:
        """Follow an interface's changes while its link stays."""
        process = self._where.get(id)
        port = process.ports.get(id) if process else None
        if process and port and port.interface != interface and interface.guest == process.guest.id:
            port.interface = interface

    def is_back(self, process: GuestProcess, device: str) -> None:
        """Have a guest's device that was set down, and is up again, get back what the kernel took from it."""
        for port in process.ports.values():
            if port.interface.device == device:
                self._settle_again(port.interface.network, port.link[0].name)

    def lose(self, links: Mapping[str, LinkIncarnation | None]) -> None:
        """Tell of interfaces whose link is gone, or is another one now."""
        for id, link in links.items():
            process = self._where.get(id)
            port = process.ports.get(id) if process else None
            if process and port and port.link != link:
                del process.ports[id], self._where[id]
                port.stop()
                self._tell(Detached(id, port.interface.attachment), None)
                self._changed(process)
            if id in self._still and self._still[id][1] != link:
                interface, _ = self._still.pop(id)
                self._unsettled.discard(id)
                self._tell(Detached(id, interface.attachment), None)

    def lose_network(self, network: str) -> None:
        """Tell of all interfaces of a network that is no more."""
        ports = [port for process in self._processes.values() for port in process.ports.values()]
        there = [port.interface for port in ports] + [interface for interface, _ in self._still.values()]
        self.lose({interface.id: None for interface in there if interface.network == network})

    def ended(self, process: GuestProcess) -> None:
        """Tell of the interfaces of a guest that has ended."""
        for port in process.ports.values():
            if self._where.get(port.interface.id) is process:
                del self._where[port.interface.id]
            self._tell(Detached(port.interface.id, port.interface.attachment), None)

    def start(self, process: GuestProcess) -> None:
        """Have the links that came before a guest's root was ready ask for their addresses."""
        process.start_ports(self._bound)

    def _bound(self, port: GuestInterface, address: str) -> None:
        """Hear of an interface's first lease."""
        process = self._processes.get(port.interface.guest)
        if process is None or process.ports.get(port.interface.id) is not port:
            return
        process.console.say(f"{port.interface.device} has {address} by DHCP")
        self._tell(Attached(port.interface.id, port.interface.attachment), None)
        self._changed(process)

    def facts(self) -> Iterator[Attached]:
        """Facts for an engine that has come back: the attachments that are complete."""
        for process in self._processes.values():
            for id, port in process.ports.items():
                if port.bound and not process.asked:
                    yield Attached(id, port.interface.attachment)
        for interface in (self._still[id][0] for id in self._still.keys() - self._unsettled):
            yield Attached(interface.id, interface.attachment)
