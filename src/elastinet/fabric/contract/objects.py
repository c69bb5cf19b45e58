"""Objects of a desired network, as the engine sends them to the agent.

Every object is found by its `key`. Equal objects mean an equal kernel, so a difference
between two sets of objects is all the work there is. Nothing here assumes one machine.
"""

from typing import Literal, cast, get_args

import msgspec

from elastinet.catalog.network import (
    DEFAULT_IDLE_SECONDS,
    EARLY_IDLE_SECONDS,
    JUMBO_MTU,
    NAT_IDLE_SECONDS,
    OTHER_IDLE_SECONDS,
)
from elastinet.fabric.contract.keys import Key, ObjectKind
from elastinet.rules.allowances import Allowance


class Object(msgspec.Struct, frozen=True, tag_field="kind"):
    """One thing that the agent keeps in the kernel."""

    id: str

    @property
    def key(self) -> Key:
        """The name by which the engine and the agent speak of this object."""
        return Key(cast(ObjectKind, self.__struct_config__.tag), self.id)


class NetworkSubnet(msgspec.Struct, frozen=True):
    """A subnet as its router and its DHCP server need it; `gateway` is the router's own address.

    `cidr6` is its IPv6 block, if it has one; one of IPv6 only has no `cidr` and no `gateway`. `dns64` says
    that its questions are answered with NAT64's addresses.
    """

    id: str
    cidr: str
    gateway: str
    cidr6: str = ""
    dns64: bool = False

    @property
    def block(self) -> str:
        """The block by which the subnet is known."""
        return self.cidr or self.cidr6


class IdleTimes(msgspec.Struct, frozen=True):
    """For how many seconds flows that are idle are remembered: TCP's, UDP's that went both ways, UDP's.

    `entry` is for how long the kernel's own entry of a UDP flow is to live, answered and not, where that is
    longer than its network has it.
    """

    tcp: int = DEFAULT_IDLE_SECONDS["tcp_established"]
    udp_stream: int = DEFAULT_IDLE_SECONDS["udp_stream"]
    udp: int = DEFAULT_IDLE_SECONDS["udp"]
    entry: tuple[int, int] | None = None


class Network(Object, frozen=True, tag="network"):
    """A VPC: one namespace that is its router, with a DHCP server and the link-local services.

    `igw` is the id of the attached internet gateway, `eigw` of the egress-only one. `dns` (a comma
    between servers), `domain` and `ntp` are what DHCP hands out. `resolver` is the address at which the
    VPC's own resolver answers (and 169.254.169.253), "" for none; `names` is what it knows beside interfaces,
    as (name, address), "*." before all names of a domain. `cidrs6` are the IPv6 blocks. `edge` is
    the table by which the internet gateway sends what comes in, "" for none. `link_local` is what each
    interface may send to the link-local services together, None for no limit. `idle` and `other_idle` are
    for how long idle flows are remembered, of TCP and UDP and of other protocols; `early_idle` is TCP's for
    interfaces that are `early`. With `lan` the internet gateway leads to the machine's private networks, too.
    If it `asks`, names that nobody here has are the machine's resolver's.
    """

    cidrs: tuple[str, ...]
    subnets: tuple[NetworkSubnet, ...]
    igw: str | None
    dns: str
    domain: str
    ntp: str = ""
    resolver: str = ""
    names: tuple[tuple[str, str], ...] = ()
    cidrs6: tuple[str, ...] = ()
    eigw: str | None = None
    edge: str = ""
    link_local: Allowance | None = None
    idle: IdleTimes = IdleTimes()
    other_idle: int = OTHER_IDLE_SECONDS
    early_idle: int = EARLY_IDLE_SECONDS
    lan: bool = False
    asks: bool = False

    @property
    def dns64(self) -> bool:
        """True if some subnet asks a resolver that knows NAT64's addresses."""
        return bool(self.resolver and self.cidrs6) and any(subnet.dns64 for subnet in self.subnets)


class TableRoute(msgspec.Struct, frozen=True):
    """One route of a table, of either family.

    `target` is "igw", "eigw", "blackhole" (as `rules.next_hop` decides), or the id of an interface (a NAT
    gateway's too) or a peering.
    """

    destination: str
    target: str


class RoutingTable(Object, frozen=True, tag="table"):
    """A route table of a VPC; local routes are implied, and only one inside the VPC's blocks beats them."""

    network: str
    routes: tuple[TableRoute, ...]


class Guest(Object, frozen=True, tag="guest"):
    """A running instance: namespaces held by an init process, a root file system of its own.

    `boot` changes with every start, so that a restarted instance is a new guest with the old disk.
    One that `shuts_down` has time to end its programs, and is not started any more.
    `user_data` is base64; what of it is run, and when, `guest/user_data.py` says. `memory` names what it
    shares with other guests past the kernel: None without EFA, "" for nothing. `memory_mib` and `disk_gib`
    are what an instance of its type, and its volumes, would have. `cpus` is how many processors' time it may
    use, 0 as much as there is. `login_user` is the image's default user ("": none), whose account the public
    `login_key` opens, if there is one. `layers` are the contents of its image, the uppermost first: none for
    this machine's own userland. `init` is the first process that it asks for, and `cloud_init` says that
    cloud-init reads the user data.
    """

    hostname: str
    boot: int
    user_data: str = ""
    memory: str | None = None
    memory_mib: int = 1024
    disk_gib: int = 8
    shuts_down: bool = False
    cpus: int = 0
    login_user: str = ""
    login_key: str = ""
    layers: tuple[str, ...] = ()
    init: Literal["auto", "systemd", "plain"] = "auto"
    cloud_init: bool = False


class Interface(Object, frozen=True, tag="interface"):
    """An ENI attached to a running instance.

    `addresses` has the primary private IPv4 address first. In a subnet of IPv6 only there is none, and no
    `subnet` nor `gateway`; `dns6` and `domain` are for the guest's resolver then. `device` is the guest's
    name for it (eth0 …). `subnet` is the CIDR, `gateway` the router's address in it. `groups` are security
    group ids. `check` is the source/destination check of what it sends. `attachment` changes with every
    attach.
    `guest` is an instance, or the id of an appliance; no group filters the interface of a NAT gateway.
    `acl` is the network ACL of its subnet ("": none). `names` are what the VPC's resolver knows of it,
    as (name, address). `addresses6` and `subnet6` are its IPv6 addresses and their subnet's block.
    `prefixes` are the blocks delegated to it, of both families: its own like its addresses, routed to
    it, and for the guest to configure. `link_down` says that its host has lost its network, `mediated` that
    every packet passes through the hypervisor. `primary_subnet` is the CIDR of the guest's eth0, if
    this is another interface. `dns64` is its subnet's. `idle` says for how long its groups remember idle
    flows, None as its network does, and `early` that they are just those of Nitro v6.
    """

    network: str
    guest: str
    attachment: str
    device: str
    mac: str
    subnet: str
    gateway: str
    addresses: tuple[str, ...]
    table: str
    groups: tuple[str, ...]
    check: bool
    mtu: int = JUMBO_MTU
    acl: str = ""
    names: tuple[tuple[str, str], ...] = ()
    addresses6: tuple[str, ...] = ()
    subnet6: str = ""
    prefixes: tuple[str, ...] = ()
    link_down: bool = False
    mediated: bool = False
    card: int = 0
    primary_subnet: str = ""
    dns64: bool = False
    dns6: str = ""
    domain: str = ""
    idle: IdleTimes | None = None
    early: bool = False

    @property
    def block(self) -> str:
        """The block by which the subnet is known."""
        return self.subnet or self.subnet6

    @property
    def forwards(self) -> bool:
        """True if it takes packets for others, and groups filter them: a NAT gateway's has none."""
        return not self.check and bool(self.groups)


class FlowLimit(msgspec.Struct, frozen=True):
    """The limit of one flow, in bits a second, to the addresses of `near` (a FlowLimitPeers' id).

    If `protocols` or `interfaces` are named, it holds only for those protocols and from those interfaces.
    """

    near: str
    flow_bps: int
    protocols: tuple[int, ...] = ()
    interfaces: tuple[str, ...] = ()


class BandwidthLimits(Object, frozen=True, tag="bandwidth"):
    """Bandwidth limits over all interfaces of an instance, in each direction; its id is the instance's.

    `networks` are the VPCs that it has interfaces in, each of which keeps the limits for itself. `since` is
    new with every launch and start: the buckets of credits are full then. `allowance` is over all interfaces,
    `cards` are those of several network cards. One flow gets `flow_bps`, or what the first of `nearer` gives;
    to and from an internet gateway goes `gateway_bps` in all.
    """

    networks: tuple[str, ...]
    since: str
    allowance: Allowance
    flow_bps: int
    gateway_bps: int
    cards: tuple[Allowance, ...] = ()
    nearer: tuple[FlowLimit, ...] = ()


class FlowLimitPeers(Object, frozen=True, tag="near"):
    """The addresses in whose direction a flow may have more than elsewhere, for the routers of `networks`."""

    networks: tuple[str, ...]
    addresses: frozenset[str]


class GroupRule(msgspec.Struct, frozen=True):
    """One security group rule, normalised.

    `protocol` is a number, -1 for all. For TCP (6) and UDP (17) `low`/`high` is the port range; for
    ICMP (1) and ICMPv6 (58) `low` is the type and `high` the code, -1 for any; otherwise both are -1.
    `peer` is an IPv4 or IPv6 CIDR, or the id of a security group.
    """

    protocol: int
    low: int
    high: int
    peer: str


class Group(Object, frozen=True, tag="group"):
    """A security group: what it lets in and out."""

    network: str
    ingress: frozenset[GroupRule]
    egress: frozenset[GroupRule]

    @property
    def peer_groups(self) -> set[str]:
        """The security groups that its rules refer to."""
        return {rule.peer for rule in self.ingress | self.egress if "/" not in rule.peer}


class Members(Object, frozen=True, tag="members"):
    """The private addresses of a security group's members, for the rules that refer to it."""

    network: str
    addresses: frozenset[str]


class Mapping(Object, frozen=True, tag="mapping"):
    """A public address (the id) that the internet gateway of `network` maps 1:1 to a private one.

    `guest` is who has the private one.
    """

    network: str
    private: str
    guest: str = ""


class AclEntry(msgspec.Struct, frozen=True):
    """One numbered rule of a network ACL; protocol and numbers as in a Permission, first match wins."""

    number: int
    protocol: int
    low: int
    high: int
    cidr: str
    allow: bool


class Acl(Object, frozen=True, tag="acl"):
    """A network ACL: stateless, between subnets only; what no entry speaks of is dropped."""

    network: str
    ingress: tuple[AclEntry, ...]
    egress: tuple[AclEntry, ...]


class Appliance(Object, frozen=True, tag="appliance"):
    """A service's namespace with one interface: a NAT gateway, or with `serves` an interface endpoint.

    A NAT gateway forwards what comes in. The source becomes the interface's primary address; with a Mapping
    for that it leads to the internet. With `nat64`, IPv6 packets to 64:ff9b::/96 become IPv4 ones before. A
    flow that is idle for `idle` seconds is forgotten. At an endpoint, whose id is its interface's, the engine
    answers calls of the API.
    """

    network: str
    nat64: bool = False
    idle: int = NAT_IDLE_SECONDS
    serves: bool = False


class PeeringLink(Object, frozen=True, tag="peering"):
    """A peering connection: a link between the routers of two VPCs; routes say what goes over it.

    `bandwidth_bps` is what it carries in each direction; 0 is no limit.
    """

    networks: tuple[str, str]
    mtu: int = JUMBO_MTU
    bandwidth_bps: int = 0

    @property
    def ends(self) -> tuple[str, str]:
        """The network whose router makes the link, and the one into which its other end is born."""
        maker, taker = sorted(self.networks)
        return maker, taker


AnyObject = (
    Network
    | RoutingTable
    | Guest
    | Interface
    | Group
    | Members
    | Mapping
    | Acl
    | Appliance
    | PeeringLink
    | BandwidthLimits
    | FlowLimitPeers
)
if undeclared := {kind.__struct_config__.tag for kind in get_args(AnyObject)} ^ {*get_args(ObjectKind)}:
    raise TypeError(f"{undeclared}: every kind of object is in ObjectKind and in AnyObject")
