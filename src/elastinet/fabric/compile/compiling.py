"""From one object to the kernel items that it asks for. Pure: nothing here touches the machine."""

from collections.abc import Iterable, Iterator
from socket import AF_INET6

from msgspec.structs import replace

from elastinet.fabric.compile import acls, appliance, classes, ipv6, middlebox, nft, peering, shaping
from elastinet.fabric.compile.items import Address, Identity, Item, Link, Neighbour, Path, Rule, Up
from elastinet.fabric.compile.view import View
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import (
    Acl,
    AnyObject,
    Appliance,
    Bandwidth,
    Group,
    Guest,
    Interface,
    Members,
    Near,
    Network,
    Peering,
    Permission,
    Table,
)
from elastinet.fabric.contract.objects import Mapping as PublicAddress

Placed = dict[tuple[str, Identity], Item]
"""Items by namespace (a network's id, or the internet) and identity."""


def compile_object(item: AnyObject, view: View) -> Placed:
    """Give the kernel items that one object asks for."""
    match item:
        case Network():
            return _network(item, view)
        case Interface() if view.live(item.id) and view.network(item.network):
            own = _placed(item.network, _interface(item, view))
            if view.is_appliance(item.guest):
                own |= _placed(item.guest, appliance.interface(item))
            return own
        case Appliance() if item.id in view.up:
            return _placed(item.id, appliance.base())
        case Table() if view.network(item.network):
            return _placed(item.network, _table(item, view))
        case Group() if view.network(item.network):
            known = {p.peer for p in item.ingress | item.egress if f"members:{p.peer}" in view.objects}
            return _placed(item.network, nft.group(item, known, view.six(item.network)))
        case Acl() if view.network(item.network):
            return _placed(item.network, acls.acl(item, view.six(item.network)))
        case Members() if view.network(item.network):
            return _placed(item.network, nft.members(item, view.six(item.network)))
        case PublicAddress() if view.igw(item.network):
            return _public(item, view)
        case Bandwidth() if share := view.share(item.id):
            return _bandwidth(share, view)
        case Near():
            return _near(item, view)
        case Peering() if peering.live(item.id, view):
            maker, taker = peering.ends(item)
            far = _placed(taker, peering.taker_end(item, view))
            return _placed(maker, peering.maker_end(item, view)) | far
        case _:
            return {}


def needs(item: AnyObject) -> Iterator[str]:
    """Give what an object's compilation reads of others: their keys, or only that they exist."""
    match item:
        case Network():
            yield from (f"guest:{names.INTERNET}", f"epoch:{item.id}")
        case Interface():
            yield from (f"guest:{item.guest}", f"exists:network:{item.network}", f"exists:table:{item.table}")
            yield from (f"six:{item.network}", f"bandwidth:{item.guest}")
            yield from (f"exists:group:{group}" for group in item.groups)
            yield from (f"acl:{item.acl}", f"exists:appliance:{item.guest}")
        case Table():
            yield from (f"network:{item.network}", f"guest:{names.INTERNET}")
            yield from (f"interface:{route.target}" for route in item.routes)
            yield from (f"peering:{route.target}" for route in item.routes)
        case Group():
            yield from (f"exists:network:{item.network}", f"six:{item.network}")
            yield from (f"exists:members:{peer}" for peer in _peers(item.ingress | item.egress))
        case Members() | Acl():
            yield from (f"exists:network:{item.network}", f"six:{item.network}")
        case PublicAddress():
            yield from (f"network:{item.network}", f"guest:{names.INTERNET}")
            yield from (f"guest:{item.guest}", f"bandwidth:{item.guest}")
        case Bandwidth():
            yield from (f"guest:{item.id}", f"guest:{names.INTERNET}")
            yield from (f"near:{nearer.near}" for nearer in item.nearer)
            yield from (f"network:{network}" for network in item.networks)
        case Near():
            yield from _existing(item.networks)
        case Appliance():
            yield f"guest:{item.id}"
        case Peering():
            yield from (f"network:{network}" for network in item.networks)
            yield f"guest:{peering.ends(item)[1]}"
        case Guest():
            pass


def _existing(networks: Iterable[str]) -> Iterator[str]:
    for network in networks:
        yield from (f"exists:network:{network}", f"six:{network}")


def _peers(rules: Iterable[Permission]) -> set[str]:
    return {rule.peer for rule in rules if "/" not in rule.peer}


def _placed(namespace: str, items: Iterable[Item]) -> Placed:
    return {(namespace, item.identity): item for item in items}


def _network(item: Network, view: View) -> Placed:
    outside = view.igw(item.id) or view.eigw(item.id)
    own: list[Item] = [
        Rule(names.LOCAL_PREFERENCE, 0, names.LOCAL_TABLE),
        *nft.network(item, outside, _edge(item, view), view.epoch(item.id), view.shapes),
    ]
    own += [Path(names.LOCAL_TABLE, cidr) for cidr in item.cidrs]
    own += [Up("lo"), Address("lo", names.METADATA_ADDRESS, 32)]
    if item.resolver:
        own += [Address("lo", address, 32) for address in (item.resolver, names.RESOLVER_ADDRESS)]
    if item.cidrs6:
        own += ipv6.network(item, _edge(item, view), view.shapes)
    if view.shapes:
        own += shaping.network(item, outside)
    if not outside:
        return _placed(item.id, own)
    far, gateway = names.internet_link(item.id), item.igw or item.eigw or ""
    token = f"{gateway}/{view.up[names.INTERNET]}"
    own += [
        Link(names.IGW_LINK, names.IGW_INDEX, gateway, names.IGW_MTU, names.ROUTER_MAC,
             names.INTERNET, token, far, names.INTERNET_MAC),
        Up(names.IGW_LINK),
        Address(names.IGW_LINK, names.IGW_ADDRESS, 32),
        Neighbour(names.IGW_LINK, names.INTERNET_ADDRESS, names.INTERNET_MAC),
    ]  # fmt: skip
    other: list[Item] = [Up(far), Neighbour(far, names.IGW_ADDRESS, names.ROUTER_MAC)]
    if item.cidrs6:
        own += ipv6.gateway()
        other += ipv6.internet(item, far)
    return _placed(item.id, own) | _placed(names.INTERNET, other)


def _edge(item: Network, view: View) -> int:
    """The mark of what comes in by the internet gateway: its route table's, 0 for none."""
    return view.numbers.table(item.edge) if item.edge else 0


def _interface(item: Interface, view: View) -> Iterator[Item]:
    link, index = names.host_link(item.id), view.numbers.link(item.id)
    token = f"{item.guest}/{view.up[item.guest]}/{item.attachment}"
    free, prefix = view.is_appliance(item.guest), item.subnet.partition("/")[2]
    address = "" if free else f"{item.addresses[0]}/{prefix}"
    yield Link(link, index, item.id, item.mtu, names.ROUTER_MAC, item.guest, token, item.device, item.mac,
               address, item.gateway, mediated=item.mediated)  # fmt: skip
    if item.dark:  # nothing is known of whoever has that link
        item = replace(item, mac=names.NOBODY_MAC)
    yield Up(link)
    yield Address(link, item.gateway, int(prefix))
    for address in item.addresses:
        yield Neighbour(link, address, item.mac)
        yield Path(names.LOCAL_TABLE, f"{address}/32", link)
    table = view.numbers.table(item.table) if f"table:{item.table}" in view.objects else 0
    mark = view.numbers.subnet(item.network, item.subnet) << names.TABLE_BITS | table
    acl = view.objects.get(f"acl:{item.acl}")
    if isinstance(acl, Acl) and acl.network == item.network:
        yield from acls.interface(item, acl, index, mark, view.six(item.network))
    groups = (group for group in item.groups if f"group:{group}" in view.objects)
    yield from nft.interface(item, index, mark, None if free else groups)
    six = bool(item.subnet6) and view.six(item.network) and not free
    if share := view.share(item.guest):
        yield from shaping.interface(item, share, view)
        if classes.limits_gateway(share):
            yield from shaping.at_gateway(item, view, six)
    yield from ipv6.delegated(item, link, six)
    if six:
        yield from ipv6.interface(item, link, index, mark)


def _table(item: Table, view: View) -> Iterator[Item]:
    number, network = view.numbers.table(item.id), view.network(item.network)
    yield Rule(number, number, number)
    six = view.six(item.network)
    if six:
        yield Rule(number, number, number, family=AF_INET6)
    for route in item.routes:
        if ":" in route.destination and not six:
            continue
        if network and middlebox.is_inside(route.destination, network):
            yield _path(number | names.INSIDE_TABLES, item.network, route.destination, route.target, view)
            yield from middlebox.rules(number, route.destination, network, view)
        else:
            yield _path(number, item.network, route.destination, route.target, view)


def _path(table: int, network: str, destination: str, target: str, view: View) -> Path:
    """A route; one to an interface that is not there, or that checks destinations, leads nowhere."""
    over = peering.live(target, view)
    if over and network in over.networks:
        return peering.path(table, destination, over, network)
    if ":" in destination:
        return ipv6.path(table, destination, network, target, view)
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


def _public(item: PublicAddress, view: View) -> Placed:
    route = Path(254, f"{item.id}/32", names.internet_link(item.network), names.IGW_ADDRESS)
    own = list(nft.mapping(item))
    share = view.share(item.guest)
    if share and item.network in share.networks and classes.limits_gateway(share):
        own += shaping.public(item)
    return _placed(item.network, own) | _placed(names.INTERNET, (route,))


def _bandwidth(item: Bandwidth, view: View) -> Placed:
    placed = Placed()
    for network in filter(view.network, item.networks):
        known = tuple(nearer for nearer in item.nearer if view.is_near(nearer.near, network))
        own = replace(item, nearer=known)
        placed |= _placed(network, shaping.instance(own, network, view))
    return placed


def _near(item: Near, view: View) -> Placed:
    placed = Placed()
    for network in filter(view.network, item.networks) if view.shapes else ():
        placed |= _placed(network, shaping.near(item, view.six(network)))
    return placed
