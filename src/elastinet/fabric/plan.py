"""From objects to kernel items, kept up to date object by object. Pure: nothing here touches the machine."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from elastinet.fabric import acls, names, nft
from elastinet.fabric.items import Address, Delta, Identity, Item, Items, Link, Neighbour, Path, Rule, Up
from elastinet.fabric.objects import (
    Acl,
    AnyObject,
    Group,
    Guest,
    Interface,
    Members,
    Network,
    Permission,
    Table,
)
from elastinet.fabric.objects import Mapping as PublicAddress

Placed = dict[tuple[str, Identity], Item]
"""Items by namespace (a network's id, or the internet) and identity."""


@dataclass
class Numbers:
    """The numbers by which the kernel knows links and tables: given once, kept as long as asked for."""

    links: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    subnets: dict[str, dict[str, int]] = field(default_factory=dict)

    def link(self, id: str) -> int:
        """The index of an interface's host end."""
        return self.links.setdefault(id, names.FIRST_INDEX + len(self.links))

    def table(self, id: str) -> int:
        """The number of a route table, which is also the lower half of a mark."""
        return self.tables.setdefault(id, names.FIRST_TABLE + len(self.tables))

    def subnet(self, network: str, cidr: str) -> int:
        """The number of a subnet in its network, the upper half of a mark."""
        known = self.subnets.setdefault(network, {})
        return known.setdefault(cidr, len(known) + 1)


@dataclass
class View:
    """All that a compilation may read: the objects, which guests are up (and their boot), the numbers."""

    objects: dict[str, AnyObject] = field(default_factory=dict)
    up: dict[str, int] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=Numbers)

    def network(self, id: str) -> Network | None:
        """A network, if it is wanted."""
        found = self.objects.get(f"network:{id}")
        return found if isinstance(found, Network) else None

    def igw(self, network: str) -> bool:
        """Whether a network reaches the internet."""
        found = self.network(network)
        return found is not None and found.igw is not None and names.INTERNET in self.up

    def live(self, id: str) -> Interface | None:
        """An interface, if it and its guest are there."""
        found = self.objects.get(f"interface:{id}")
        return found if isinstance(found, Interface) and found.guest in self.up else None


def compile_object(item: AnyObject, view: View) -> Placed:
    """Give the kernel items that one object asks for."""
    match item:
        case Network():
            return _network(item, view)
        case Interface() if view.live(item.id) and view.network(item.network):
            return _placed(item.network, _interface(item, view))
        case Table() if view.network(item.network):
            return _placed(item.network, _table(item, view))
        case Group() if view.network(item.network):
            known = {p.peer for p in item.ingress | item.egress if f"members:{p.peer}" in view.objects}
            return _placed(item.network, nft.group(item, known))
        case Acl() if view.network(item.network):
            return _placed(item.network, acls.acl(item))
        case Members() if view.network(item.network):
            return _placed(item.network, nft.members(item))
        case PublicAddress() if view.igw(item.network):
            return _public(item)
        case _:
            return {}


def needs(item: AnyObject) -> Iterator[str]:
    """Give what an object's compilation reads of others: their keys, or only that they exist."""
    match item:
        case Network():
            yield f"guest:{names.INTERNET}"
        case Interface():
            yield from (f"guest:{item.guest}", f"exists:network:{item.network}", f"exists:table:{item.table}")
            yield from (f"exists:group:{group}" for group in item.groups)
            yield f"acl:{item.acl}"
        case Table():
            yield from (f"network:{item.network}", f"guest:{names.INTERNET}")
            yield from (f"interface:{route.target}" for route in item.routes)
        case Group():
            yield f"exists:network:{item.network}"
            yield from (f"exists:members:{peer}" for peer in _peers(item.ingress | item.egress))
        case Members() | Acl():
            yield f"exists:network:{item.network}"
        case PublicAddress():
            yield from (f"network:{item.network}", f"guest:{names.INTERNET}")
        case Guest():
            pass


def _peers(rules: Iterable[Permission]) -> set[str]:
    return {rule.peer for rule in rules if "/" not in rule.peer}


def _placed(namespace: str, items: Iterable[Item]) -> Placed:
    return {(namespace, item.identity): item for item in items}


def _network(item: Network, view: View) -> Placed:
    igw = view.igw(item.id)
    own: list[Item] = [Rule(names.LOCAL_PREFERENCE, 0, names.LOCAL_TABLE), *nft.network(item, igw)]
    own += [Path(names.LOCAL_TABLE, cidr) for cidr in item.cidrs]
    own += [Up("lo"), Address("lo", names.METADATA_ADDRESS, 32)]
    if not igw:
        return _placed(item.id, own)
    far = names.internet_link(item.id)
    token = f"{item.igw}/{view.up[names.INTERNET]}"
    own += [
        Link(names.IGW_LINK, names.IGW_INDEX, item.igw or "", names.IGW_MTU, names.ROUTER_MAC,
             names.INTERNET, token, far, names.INTERNET_MAC),
        Up(names.IGW_LINK),
        Address(names.IGW_LINK, names.IGW_ADDRESS, 32),
        Neighbour(names.IGW_LINK, names.INTERNET_ADDRESS, names.INTERNET_MAC),
    ]  # fmt: skip
    other = (Up(far), Neighbour(far, names.IGW_ADDRESS, names.ROUTER_MAC))
    return _placed(item.id, own) | _placed(names.INTERNET, other)


def _interface(item: Interface, view: View) -> Iterator[Item]:
    link, index = names.host_link(item.id), view.numbers.link(item.id)
    token = f"{item.guest}/{view.up[item.guest]}/{item.attachment}"
    prefix = item.subnet.partition("/")[2]
    yield Link(link, index, item.id, item.mtu, names.ROUTER_MAC, item.guest, token, item.device, item.mac,
               f"{item.addresses[0]}/{prefix}", item.gateway)  # fmt: skip
    yield Up(link)
    yield Address(link, item.gateway, int(prefix))
    for address in item.addresses:
        yield Neighbour(link, address, item.mac)
        yield Path(names.LOCAL_TABLE, f"{address}/32", link)
    table = view.numbers.table(item.table) if f"table:{item.table}" in view.objects else 0
    mark = view.numbers.subnet(item.network, item.subnet) << names.TABLE_BITS | table
    acl = view.objects.get(f"acl:{item.acl}")
    if isinstance(acl, Acl) and acl.network == item.network:
        yield from acls.interface(item, acl, index, mark)
    groups = (group for group in item.groups if f"group:{group}" in view.objects)
    yield from nft.interface(item, index, mark, groups)


def _table(item: Table, view: View) -> Iterator[Item]:
    number = view.numbers.table(item.id)
    yield Rule(number, number, number)
    for route in item.routes:
        if ":" not in route.destination:
            yield _path(number, item.network, route.destination, route.target, view)


def _path(table: int, network: str, destination: str, target: str, view: View) -> Path:
    """A route; one to an interface that is not there, or that checks destinations, leads nowhere."""
    if target == "igw":
        reaches = view.igw(network)
        return (
            Path(table, destination, names.IGW_LINK, names.INTERNET_ADDRESS)
            if reaches
            else Path(table, destination)
        )
    interface = view.live(target)
    if interface is None or interface.check or interface.network != network:
        return Path(table, destination)
    return Path(table, destination, names.host_link(target), interface.addresses[0])


def _public(item: PublicAddress) -> Placed:
    route = Path(254, f"{item.id}/32", names.internet_link(item.network), names.IGW_ADDRESS)
    return _placed(item.network, nft.mapping(item)) | _placed(names.INTERNET, (route,))


@dataclass
class Stirred:
    """What changed in a namespace since it was last asked for."""

    identities: set[Identity] = field(default_factory=set)
    interfaces: set[str] = field(default_factory=set)


class Plan:
    """The items that all objects together ask for, recompiled only where something changed."""

    def __init__(self) -> None:
        self.view = View()
        self.guests: dict[str, Guest] = {}
        self.networks: dict[str, Network] = {}
        self._stirred: dict[str, Stirred] = defaultdict(Stirred)
        self.spaces: dict[str, Items] = defaultdict(dict)
        self.owners: dict[str, dict[Identity, str]] = defaultdict(dict)
        self._compiled: dict[str, Placed] = {}
        self._readers: dict[str, set[str]] = defaultdict(set)

    def update(self, put: Iterable[AnyObject] = (), drop: Iterable[str] = ()) -> set[str]:
        """Take objects in and out; give the namespaces whose items may differ now."""
        changed: set[str] = set()
        for item in put:
            old = self.view.objects.get(item.key)
            if old != item:
                self._forget(item.key)
                self._learn(item)
                changed |= {item.key} if old else {item.key, f"exists:{item.key}"}
        for key in drop:
            if key in self.view.objects:
                self._forget(key)
                changed |= {key, f"exists:{key}"}
        return self._recompile(changed)

    def set_up(self, guest: str, boot: int | None) -> set[str]:
        """Say that a guest's namespaces are there (with this boot), or are not."""
        if self.view.up.get(guest) == boot:
            return set()
        if boot is None:
            del self.view.up[guest]
        else:
            self.view.up[guest] = boot
        return self._recompile({f"guest:{guest}"})

    def delta(self, namespace: str) -> Delta:
        """Give what is wanted differently in a namespace since the last time."""
        identities, self._stirred[namespace].identities = self._stirred[namespace].identities, set()
        items = self.spaces[namespace]
        return {identity: items.get(identity) for identity in identities}

    def interfaces(self, namespace: str) -> dict[str, Interface | None]:
        """Give the interfaces that changed in a namespace since the last time; None for those that left."""
        ids, self._stirred[namespace].interfaces = self._stirred[namespace].interfaces, set()
        found = {id: self.view.live(id) for id in ids}
        return {id: item if item and item.network == namespace else None for id, item in found.items()}

    def stir(self, namespace: str) -> None:
        """Have all of a namespace asked for again, because it is a new one."""
        self._stirred[namespace].identities |= self.spaces[namespace].keys()
        keys = set(self.owners[namespace].values())
        self._stirred[namespace].interfaces |= {_id(key) for key in keys if key.startswith("interface:")}

    def interfaces_of(self, guest: str) -> set[str]:
        """The interfaces that are wanted in a guest."""
        readers = self._readers.get(f"guest:{guest}", ())
        return {_id(key) for key in readers if key.startswith("interface:")}

    def _learn(self, item: AnyObject) -> None:
        self.view.objects[item.key] = item
        if isinstance(item, Guest):
            self.guests[item.id] = item
        elif isinstance(item, Network):
            self.networks[item.id] = item
        for key in needs(item):
            self._readers[key].add(item.key)

    def _forget(self, key: str) -> None:
        old = self.view.objects.pop(key, None)
        if isinstance(old, Guest):
            del self.guests[old.id]
        elif isinstance(old, Network):
            del self.networks[old.id]
        for other in needs(old) if old else ():
            self._readers[other].discard(key)

    def _recompile(self, changed: Set[str]) -> set[str]:
        """Compile what changed and what reads it; a guest is read by its interfaces, and they by tables."""
        near = {reader for key in changed for reader in self._readers.get(key, ())}
        far = {
            reader for key in near if key.startswith("interface:") for reader in self._readers.get(key, ())
        }
        stale = {key for key in changed | near | far if not key.startswith("exists:")}
        touched = set()
        fresh = {key: self._compile(key) for key in stale}
        for key, placed in fresh.items():
            touched |= self._withdraw(key, placed)
        for key, placed in fresh.items():
            touched |= self._place(key, placed)
        return touched

    def _compile(self, key: str) -> Placed:
        item = self.view.objects.get(key)
        return compile_object(item, self.view) if item else {}

    def _withdraw(self, key: str, placed: Placed) -> set[str]:
        """Take out what an object no longer asks for; give the namespaces that this touches."""
        old = self._compiled.pop(key, {})
        gone = old.keys() - placed.keys()
        stirred = {namespace for namespace, _ in (*old, *placed)} if key.startswith("interface:") else set()
        for namespace in stirred:
            self._stirred[namespace].interfaces.add(_id(key))
        for namespace, identity in gone:
            if self.owners[namespace].get(identity) == key:
                del self.spaces[namespace][identity]
                del self.owners[namespace][identity]
                self._stirred[namespace].identities.add(identity)
        return stirred | {namespace for namespace, _ in gone}

    def _place(self, key: str, placed: Placed) -> set[str]:
        """Put in what an object asks for."""
        touched = set()
        for (namespace, identity), item in placed.items():
            if self.spaces[namespace].get(identity) != item:
                self.spaces[namespace][identity] = item
                self._stirred[namespace].identities.add(identity)
                touched.add(namespace)
            self.owners[namespace][identity] = key
        if placed:
            self._compiled[key] = placed
        return touched


def _id(key: str) -> str:
    """The id in a key."""
    return key.partition(":")[2]


def from_nothing(view: View) -> Mapping[str, Items]:
    """Compile everything anew: what an incrementally kept plan must equal."""
    spaces: dict[str, Items] = defaultdict(dict)
    for item in view.objects.values():
        for (namespace, identity), made in compile_object(item, view).items():
            spaces[namespace][identity] = made
    return spaces
