"""Which interface is in which guest: what came in asks for its address, what left is told."""

from collections.abc import Callable, Iterator, Mapping

from elastinet.fabric.compile.items import LinkIncarnation
from elastinet.fabric.compile.plan import Plan
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
        lives: Mapping[str, GuestProcess],
        tell: Tell,
        changed: Callable[[GuestProcess], None],
        look: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._lives = lives
        self._tell = tell
        self._changed = changed
        self._look = look
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
        life = self._lives.get(link[0].holder)
        if life and not life.asked and interface.id not in life.ports:
            self._where[interface.id] = life
            life.attach(interface, link, self._bound)
        elif interface.guest in self._plan.appliances and interface.id not in self._still:
            self._still[interface.id] = interface, link
            self._unsettled.add(interface.id)
            self._look(interface.guest)

    @property
    def failed(self) -> dict[str, str]:
        """Why interfaces in running guests are not what they should be."""
        ports = (port for life in self._lives.values() for port in life.ports.values())
        return {f"interface:{port.interface.id}": port.fault for port in ports if port.fault}

    def settled(self, appliance: str) -> None:
        """Hear that an appliance has configured what came into it."""
        for id in list(self._unsettled):
            interface, _ = self._still[id]
            if interface.guest == appliance:
                self._unsettled.discard(id)
                self._tell(Attached(id, interface.attachment), None)

    def _adapt(self, id: str, interface: Interface) -> None:
        """Follow an interface's changes while its link stays."""
        life = self._where.get(id)
        port = life.ports.get(id) if life else None
        if life and port and port.interface != interface and interface.guest == life.guest.id:
            port.interface = interface
            life.settle_secondary(port)

    def lose(self, links: Mapping[str, LinkIncarnation | None]) -> None:
        """Tell of interfaces whose link is gone, or is another one now."""
        for id, link in links.items():
            life = self._where.get(id)
            port = life.ports.get(id) if life else None
            if life and port and port.link != link:
                del life.ports[id], self._where[id]
                port.stop()
                self._tell(Detached(id, port.interface.attachment), None)
                self._changed(life)
            if id in self._still and self._still[id][1] != link:
                interface, _ = self._still.pop(id)
                self._unsettled.discard(id)
                self._tell(Detached(id, interface.attachment), None)

    def lose_network(self, network: str) -> None:
        """Tell of all interfaces of a network that is no more."""
        ports = [port for life in self._lives.values() for port in life.ports.values()]
        there = [port.interface for port in ports] + [interface for interface, _ in self._still.values()]
        self.lose({interface.id: None for interface in there if interface.network == network})

    def ended(self, life: GuestProcess) -> None:
        """Tell of the interfaces of a guest that has ended."""
        for port in life.ports.values():
            if self._where.get(port.interface.id) is life:
                del self._where[port.interface.id]
            self._tell(Detached(port.interface.id, port.interface.attachment), None)

    def start(self, life: GuestProcess) -> None:
        """Have the links that came before a guest's root was ready ask for their addresses."""
        life.start_ports(self._bound)

    def _bound(self, port: GuestInterface, address: str) -> None:
        """Hear of an interface's first lease."""
        life = self._lives.get(port.interface.guest)
        if life is None or life.ports.get(port.interface.id) is not port:
            return
        life.console.say(f"{port.interface.device} has {address} by DHCP")
        life.settle_secondary(port)
        self._tell(Attached(port.interface.id, port.interface.attachment), None)
        self._changed(life)

    def facts(self) -> Iterator[Attached]:
        """What an engine that has come back must know."""
        for life in self._lives.values():
            for id, port in life.ports.items():
                if port.bound and not life.asked:
                    yield Attached(id, port.interface.attachment)
        for interface in (self._still[id][0] for id in self._still.keys() - self._unsettled):
            yield Attached(interface.id, interface.attachment)
