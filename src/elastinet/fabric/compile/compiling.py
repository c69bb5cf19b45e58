"""From one object to the kernel items that it asks for. Pure: nothing here touches the machine.

The packet mark of what an interface sends is its subnet's number << 16 | its route table's number. Example:
0x000203e9 is subnet 2 and table 1001. Policy rules choose the table by the low half (`TABLE_MASK`). Network
ACLs and the rules of `OWN_SUBNET_PREFERENCE` read the whole mark, to know a packet that stays in its subnet.
What comes in by the internet gateway has only the number of the edge route table, or 0; by a peering link, 0.
What carries a neighbour's MAC goes by no route table, and has `NEIGHBOUR_MARK` or `HOP_MARK` (neighbours.py).
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from elastinet.catalog.network import GATEWAY_MTU, JUMBO_MTU
from elastinet.fabric.compile import (
    acls,
    appliance,
    classes,
    endpoint,
    forwarding,
    ipv6,
    neighbours,
    nft,
    peering,
    remembering,
    routes,
    shaping,
)
from elastinet.fabric.compile.items import (
    GuestAddress,
    Identity,
    Item,
    Link,
    LinkAddress,
    Neighbour,
    PolicyRule,
    RouteItem,
    Up,
)
from elastinet.fabric.compile.view import CompileView
from elastinet.fabric.contract import names
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.objects import (
    Acl,
    AnyObject,
    Appliance,
    BandwidthLimits,
    FlowLimitPeers,
    Group,
    Interface,
    Members,
    Network,
    PeeringLink,
    RoutingTable,
)
from elastinet.fabric.contract.objects import Mapping as PublicAddress

Placed = dict[tuple[str, Identity], Item]
"""Items by namespace (a network's id, or the internet) and identity."""


def compile_object(item: AnyObject, view: CompileView) -> Placed:
    """Give the kernel items that one object asks for."""
    match item:
        case Network():
            return _network(item, view)
        case Interface() if view.live(item.id) and view.network(item.network):
            own = _placed(item.network, _interface(item, view))
            if view.is_appliance(item.guest):
                own |= _placed(item.guest, _in_appliance(item, view))
            return own
        case Appliance(serves=True) if item.id in view.up:
            return _placed(item.id, endpoint.base())
        case Appliance() if item.id in view.up:
            translates = view.translates(item.id)
            return _placed(item.id, appliance.base(resets=view.resets, translates=translates))
        case RoutingTable() if view.network(item.network):
            return _placed(item.network, routes.table(item, view))
        case Group() if view.network(item.network):
            known = {peer for peer in item.peer_groups if Key("members", peer) in view.objects}
            return _placed(item.network, nft.group(item, known, view.has_ipv6(item.network)))
        case Acl() if view.network(item.network):
            return _placed(item.network, acls.acl(item, view.has_ipv6(item.network)))
        case Members() if view.network(item.network):
            return _placed(item.network, nft.members(item, view.has_ipv6(item.network)))
        case PublicAddress() if view.igw(item.network):
            return _public(item, view)
        case BandwidthLimits() if limits := view.limits_in_force(item.id):
            return _bandwidth(limits, view)
        case FlowLimitPeers():
            return _near(item, view)
        case PeeringLink() if peering.live(item.id, view):
            maker, taker = item.ends
            far = _placed(taker, peering.taker_end(item, view))
            return _placed(maker, peering.maker_end(item, view)) | far
        case _:
            return {}


def _placed(namespace: str, items: Iterable[Item]) -> Placed:
    return {(namespace, item.identity): item for item in items}


def _network(item: Network, view: CompileView) -> Placed:
    outside = view.igw(item.id) or view.eigw(item.id)
    own: list[Item] = [
        PolicyRule(names.LOCAL_PREFERENCE, 0, names.LOCAL_TABLE),
        *nft.network(
            item,
            outside,
            _edge(item, view),
            view.epoch(item.id),
            limits=view.shapes,
            frames=view.reads_frames,
            forwards=view.has_forwarders(item.id),
        ),
    ]
    if view.has_forwarders(item.id):
        own += forwarding.network()
    own += remembering.network(item, view.keeps_entries)
    own += [RouteItem(names.LOCAL_TABLE, cidr) for cidr in item.cidrs]
    own += [Up("lo")]
    own += [LinkAddress("lo", address, 32) for address in (names.METADATA_ADDRESS, names.NTP_ADDRESS)]
    if item.resolver:
        own += [LinkAddress("lo", address, 32) for address in (item.resolver, names.RESOLVER_ADDRESS)]
    if item.cidrs6:
        own += ipv6.network(item, _edge(item, view), limits=view.shapes, frames=view.reads_frames)
    if view.shapes:
        own += shaping.network(item, outside)
    if view.reads_frames:
        own += neighbours.link(item.id, JUMBO_MTU)
    if not outside:
        return _placed(item.id, own)
    far, gateway = names.internet_link(item.id), item.igw or item.eigw or ""
    token = f"{gateway}/{view.up[names.INTERNET]}"
    own += [
        Link(names.IGW_LINK, names.IGW_INDEX, gateway, GATEWAY_MTU, names.ROUTER_MAC,
             names.INTERNET, token, far, names.INTERNET_MAC),
        Up(names.IGW_LINK),
        LinkAddress(names.IGW_LINK, names.IGW_ADDRESS, 32),
        Neighbour(names.IGW_LINK, names.INTERNET_ADDRESS, names.INTERNET_MAC),
    ]  # fmt: skip
    other: list[Item] = [Up(far), Neighbour(far, names.IGW_ADDRESS, names.ROUTER_MAC)]
    if item.cidrs6:
        own += ipv6.gateway()
        other += ipv6.internet(item, far)
    return _placed(item.id, own) | _placed(names.INTERNET, other)


def _edge(item: Network, view: CompileView) -> int:
    """The mark of what comes in by the internet gateway: its route table's, 0 for none."""
    return view.numbers.table(item.edge) if Key("table", item.edge) in view.objects else 0


def _in_appliance(item: Interface, view: CompileView) -> Iterator[Item]:
    """What an appliance's own end of an interface has."""
    if view.serves(item.guest):
        return endpoint.interface(item, has_ipv6=_carries_ipv6(item, view))
    return appliance.interface(item, translates=view.translates(item.guest))


def _carries_ipv6(item: Interface, view: CompileView) -> bool:
    return bool(item.subnet6) and view.has_ipv6(item.network)


def _interface(item: Interface, view: CompileView) -> Iterator[Item]:
    link, index = names.host_link(item.id), view.numbers.link(item.id)
    token = f"{item.guest}/{view.up[item.guest]}/{item.attachment}"
    by_itself = view.is_appliance(item.guest)  # it gives its end what this has
    free = by_itself and not view.serves(item.guest)
    address = "" if by_itself else _first_address(item)
    yield Link(link, index, item.id, item.mtu, names.ROUTER_MAC, item.guest, token, item.device, item.mac,
               address, item.gateway, mediated=item.mediated, primary_subnet=item.primary_subnet)  # fmt: skip
    if item.link_down:  # nothing is known of whoever has that link
        item = replace(item, mac=names.NOBODY_MAC)
    yield Up(link)
    if item.gateway:
        yield LinkAddress(link, item.gateway, _prefix(item.subnet))
    for address in item.addresses:
        yield Neighbour(link, address, item.mac)
        yield RouteItem(names.LOCAL_TABLE, f"{address}/32", link)
    further = () if by_itself else (*item.addresses[1:], *(p for p in item.prefixes if ":" not in p))
    yield from (GuestAddress(link, address) for address in further)
    table = view.numbers.table(item.table) if Key("table", item.table) in view.objects else 0
    mark = view.numbers.subnet(item.network, item.block) << names.TABLE_BITS | table
    acl = view.objects.get(Key("acl", item.acl))
    if isinstance(acl, Acl) and acl.network == item.network:
        yield from acls.interface(item, acl, index, mark, view.has_ipv6(item.network))
    if item.idle and not view.keeps_entries:
        item = replace(item, idle=replace(item.idle, entry=None), early=False)
    groups = (group for group in item.groups if Key("group", group) in view.objects)
    asked = None if free else groups
    has_ipv6 = _carries_ipv6(item, view) and not free
    yield from nft.interface(item, index, mark, asked, frames=view.reads_frames, has_ipv6=has_ipv6)
    if item.forwards:
        yield from _forwarder(item, index, view, has_ipv6=has_ipv6)
    if limits := view.limits_in_force(item.guest):
        yield from shaping.interface(item, limits, view)
        if classes.limits_gateway(limits):
            yield from shaping.at_gateway(item, view, has_ipv6)
    yield from ipv6.delegated(item, link, has_ipv6)
    if has_ipv6:
        yield from ipv6.interface(item, link, index, mark, frames=view.reads_frames)
        yield from () if by_itself else ipv6.inside(item, link)
    if view.has_ipv6(item.network) and view.translates(item.guest):
        yield from ipv6.translator(item, link)


def _forwarder(item: Interface, index: int, view: CompileView, *, has_ipv6: bool) -> Iterator[Item]:
    network = view.network(item.network)
    assert network is not None
    found = (view.objects.get(Key("group", group)) for group in item.groups)
    groups = [group for group in found if isinstance(group, Group)]
    times = (item.idle or network.idle, network.other_idle)
    yield from forwarding.interface(item, index, groups, times, frames=view.reads_frames, has_ipv6=has_ipv6)


def _first_address(item: Interface) -> str:
    """The address that a guest's device is born with: IPv6 ones come later, but for the one of its link."""
    if not item.addresses:
        return f"{names.link_local(item.mac)}/{ipv6.LINK_PREFIX}"
    return f"{item.addresses[0]}/{_prefix(item.subnet)}"


def _prefix(block: str) -> int:
    return int(block.partition("/")[2])


def _public(item: PublicAddress, view: CompileView) -> Placed:
    route = RouteItem(254, f"{item.id}/32", names.internet_link(item.network), names.IGW_ADDRESS)
    own = list(nft.mapping(item))
    limits = view.limits_in_force(item.guest)
    if limits and item.network in limits.networks and classes.limits_gateway(limits):
        own += shaping.public(item)
    return _placed(item.network, own) | _placed(names.INTERNET, (route,))


def _bandwidth(item: BandwidthLimits, view: CompileView) -> Placed:
    placed = Placed()
    for network in filter(view.network, item.networks):
        known = tuple(nearer for nearer in item.nearer if view.is_near(nearer.near, network))
        own = replace(item, nearer=known)
        placed |= _placed(network, shaping.instance(own, network, view))
    return placed


def _near(item: FlowLimitPeers, view: CompileView) -> Placed:
    placed = Placed()
    for network in filter(view.network, item.networks) if view.shapes else ():
        placed |= _placed(network, shaping.near(item, view.has_ipv6(network)))
    return placed
