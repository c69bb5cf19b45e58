"""All items of all namespaces, kept up to date object by object. Pure: nothing here touches the machine."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from elastinet.fabric.compile import lifetimes, untracked
from elastinet.fabric.compile.compiling import Placed, compile_object
from elastinet.fabric.compile.items import Delta, Identity, Items
from elastinet.fabric.compile.numbers import NoNumber
from elastinet.fabric.compile.view import CompileView
from elastinet.fabric.contract import names
from elastinet.fabric.contract.graph import GRAPH
from elastinet.fabric.contract.keys import Dependency, Epoch, Exists, HasForwarders, HasIpv6, Key, NamespaceUp
from elastinet.fabric.contract.objects import (
    AnyObject,
    Appliance,
    Guest,
    Interface,
    Network,
    RoutingTable,
)


@dataclass
class Pending:
    """Identities and interfaces that changed in a namespace since they were last asked for."""

    identities: set[Identity] = field(default_factory=set)
    interfaces: set[str] = field(default_factory=set)


class Plan:
    """The items that all objects together ask for, recompiled only where something changed."""

    def __init__(self) -> None:
        self.view = CompileView()
        self.guests: dict[str, Guest] = {}
        self.networks: dict[str, Network] = {}
        self.appliances: dict[str, Appliance] = {}
        self._stirred: dict[str, Pending] = defaultdict(Pending)
        self.items: dict[str, Items] = defaultdict(dict)
        self.owners: dict[str, dict[Identity, Key]] = defaultdict(dict)
        self.failed: dict[Key, str] = {}
        """The reasons why objects cannot be compiled, by key."""
        self._compiled: dict[Key, Placed] = {}
        self._readers: dict[Dependency, set[Key]] = defaultdict(set)

    def update(self, put: Iterable[AnyObject] = (), drop: Iterable[Key] = ()) -> set[str]:
        """Take objects in and out; give the namespaces that have work with them.

        Those whose items may differ now; and those of networks and appliances, whose programs read them.
        """
        changed: set[Dependency] = set()
        read: set[str] = set()
        forwarded = {*self.view.forwarders}
        for item in put:
            key = item.key
            old = self.view.objects.get(key)
            if old != item:
                changed |= self._epochs(old, item)
                self._forget(key)
                self._learn(key, item)
                changed |= {key} if old else {key, Exists(key)}
                changed |= _of_ipv6(old, item)
                read |= {item.id} if isinstance(item, Network | Appliance) else set()
        for key in drop:
            if old := self.view.objects.get(key):
                changed |= self._epochs(old, None)
                self._forget(key)
                self._give_back(old)
                changed |= {key, Exists(key)}
        changed |= {HasForwarders(network) for network in forwarded ^ self.view.forwarders.keys()}
        return self._recompile(changed) | read

    def _epochs(self, old: AnyObject | None, new: AnyObject | None) -> set[Dependency]:
        """End a network's epoch where something goes that let packets through."""
        network = untracked.ended_in(old, new)
        if not network:
            return set()
        self.view.epochs[network] = self.view.epoch(network) % untracked.EPOCHS + 1
        return {Epoch(network)}

    def set_up(self, guest: str, boot: int | None) -> set[str]:
        """Say that a guest's namespaces are there (with this boot), or are not."""
        if self.view.up.get(guest) == boot:
            return set()
        if boot is None:
            del self.view.up[guest]
        else:
            self.view.up[guest] = boot
        return self._recompile({NamespaceUp(guest)})

    def spend(self, guest: str, directions: Set[str]) -> set[str]:
        """Say in which directions a guest is without credits."""
        before = {pair for pair in self.view.spent if pair[0] == guest}
        after = {(guest, direction) for direction in directions}
        if before == after:
            return set()
        self.view.spent = self.view.spent - before | after
        return self._recompile({Key("bandwidth", guest)})

    def links_of(self, guests: Set[str]) -> dict[str, dict[int, str]]:
        """The routers' ends of some guests' interfaces: by network, their indices and whose they are."""
        found: dict[str, dict[int, str]] = defaultdict(dict)
        for guest in guests:
            for id in self.interfaces_of(guest):
                if interface := self.view.live(id):
                    found[interface.network][self.view.numbers.link(id)] = guest
        return found

    def delta(self, namespace: str) -> Delta:
        """Give what is wanted differently in a namespace since the last time."""
        identities, self._stirred[namespace].identities = self._stirred[namespace].identities, set()
        items = self.items[namespace]
        return {identity: items.get(identity) for identity in identities}

    def timeouts(self, namespace: str) -> dict[str, int]:
        """Give for how long a namespace's kernel is to remember idle flows."""
        if network := self.networks.get(namespace):
            return lifetimes.of_network(network)
        appliance = self.appliances.get(namespace)
        return lifetimes.of_appliance(appliance) if appliance else {}

    def interfaces(self, namespace: str) -> dict[str, Interface | None]:
        """Give the interfaces that changed in a namespace since the last time; None for those that left."""
        ids, self._stirred[namespace].interfaces = self._stirred[namespace].interfaces, set()
        found = {id: self.view.live(id) for id in ids}
        return {id: item if item and item.network == namespace else None for id, item in found.items()}

    def stir(self, namespace: str) -> None:
        """Have all of a namespace asked for again, because it is a new one."""
        self._stirred[namespace].identities |= self.items[namespace].keys()
        keys = set(self.owners[namespace].values())
        self._stirred[namespace].interfaces |= {key.id for key in keys if key.kind == "interface"}

    def memory(self, guest: str) -> str:
        """The memory that a guest is to share with others; "" for none."""
        found = self.guests.get(guest)
        return (found.memory or "") if found else ""

    def interfaces_of(self, guest: str) -> set[str]:
        """The interfaces that are wanted in a guest."""
        readers = self._readers.get(NamespaceUp(guest), ())
        return {key.id for key in readers if key.kind == "interface"}

    def primary_of(self, guest: str) -> tuple[Interface | None, Network | None]:
        """The interface that is a guest's first, and its network; None for none."""
        for id in self.interfaces_of(guest):
            interface = self.view.objects[Key("interface", id)]
            if (
                isinstance(interface, Interface)
                and names.own_table(interface.device) == names.FIRST_OWN_TABLE
            ):
                return interface, self.networks.get(interface.network)
        return None, None

    def makers(self, namespace: str) -> set[str]:
        """The networks whose routers make links that end in a namespace; each link reads that it is up."""
        readers = self._readers.get(NamespaceUp(namespace), ())
        links = (find(self.view.objects[key]) for key in readers if (find := GRAPH[key.kind].link))
        return {maker for maker, end in links if end == namespace}

    def _learn(self, key: Key, item: AnyObject) -> None:
        self.view.objects[key] = item
        if isinstance(item, Guest):
            self.guests[item.id] = item
        elif isinstance(item, Network):
            self.networks[item.id] = item
            self.view.numbers.of_subnets(item.id).keep({subnet.block for subnet in item.subnets})
        elif isinstance(item, Appliance):
            self.appliances[item.id] = item
        elif isinstance(item, Interface) and item.forwards:
            self.view.forwarders.setdefault(item.network, set()).add(item.id)
        for read in GRAPH[key.kind].reads(item):
            self._readers[read].add(key)

    def _forget(self, key: Key) -> None:
        old = self.view.objects.pop(key, None)
        if isinstance(old, Guest):
            del self.guests[old.id]
        elif isinstance(old, Network):
            del self.networks[old.id]
        elif isinstance(old, Appliance):
            del self.appliances[old.id]
        elif isinstance(old, Interface) and old.forwards:
            self._forget_forwarder(old)
        for read in GRAPH[key.kind].reads(old) if old else ():
            readers = self._readers[read]
            readers.discard(key)
            if not readers:
                del self._readers[read]

    def _forget_forwarder(self, old: Interface) -> None:
        found = self.view.forwarders[old.network]
        found.discard(old.id)
        if not found:
            del self.view.forwarders[old.network]

    def _give_back(self, old: AnyObject) -> None:
        """Let others have the numbers of an object that is no more."""
        numbers = self.view.numbers
        if isinstance(old, RoutingTable):
            numbers.tables.release(old.id)
        elif isinstance(old, Guest):
            numbers.gateways.release(old.id)

    def _recompile(self, changed: Set[Dependency]) -> set[str]:
        """Compile what changed, what reads it, and what reads it through another."""
        near = {reader for read in changed for reader in self._readers.get(read, ())}
        passing = (key for key in near if GRAPH[key.kind].passes_on)
        far = {reader for key in passing for reader in self._readers.get(key, ())}
        stale = near | far | {key for key in changed if isinstance(key, Key)}
        touched = set()
        fresh = {key: self._compile(key) for key in sorted(stale)}  # in order: numbers are given on the way
        for key, placed in fresh.items():
            touched |= self._withdraw(key, placed)
        for key, placed in fresh.items():
            touched |= self._place(key, placed)
        return touched

    def _compile(self, key: Key) -> Placed:
        self.failed.pop(key, None)
        item = self.view.objects.get(key)
        try:
            return compile_object(item, self.view) if item else {}
        except NoNumber as error:
            self.failed[key] = str(error)
            return {}

    def _withdraw(self, key: Key, placed: Placed) -> set[str]:
        """Take out what an object no longer asks for; give the namespaces that this touches."""
        old = self._compiled.pop(key, {})
        gone = old.keys() - placed.keys()
        stirred = {namespace for namespace, _ in (*old, *placed)} if key.kind == "interface" else set()
        for namespace in stirred:
            self._stirred[namespace].interfaces.add(key.id)
        for namespace, identity in gone:
            if self.owners[namespace].get(identity) == key:
                del self.items[namespace][identity]
                del self.owners[namespace][identity]
                self._stirred[namespace].identities.add(identity)
        return stirred | {namespace for namespace, _ in gone}

    def _place(self, key: Key, placed: Placed) -> set[str]:
        """Put in what an object asks for."""
        touched = set()
        for (namespace, identity), item in placed.items():
            if self.items[namespace].get(identity) != item:
                self.items[namespace][identity] = item
                self._stirred[namespace].identities.add(identity)
                touched.add(namespace)
            self.owners[namespace][identity] = key
        if placed:
            self._compiled[key] = placed
        return touched


def _of_ipv6(old: AnyObject | None, new: AnyObject) -> set[Dependency]:
    """Say that a network carries IPv6 from now on, or no more."""
    networks = [item for item in (old, new) if isinstance(item, Network)]
    return {HasIpv6(new.id)} if len({bool(item.cidrs6) for item in networks}) == 2 else set()


def from_nothing(view: CompileView) -> Mapping[str, Items]:
    """Compile everything anew: what an incrementally kept plan must equal."""
    items: dict[str, Items] = defaultdict(dict)
    for item in view.objects.values():
        for (namespace, identity), made in compile_object(item, view).items():
            items[namespace][identity] = made
    return items
