"""What the agent is told to have: the objects of a desired network, and the messages about them.

Every object is found by its `key` ("kind:id"). Equal objects mean an equal kernel, so a difference
between two sets of objects is all the work there is. Nothing here assumes one machine.
"""

from typing import Literal

import msgspec


class Object(msgspec.Struct, frozen=True, tag_field="kind"):
    """One thing that the agent keeps in the kernel."""

    id: str

    @property
    def key(self) -> str:
        """The name by which the engine and the agent speak of this object."""
        return f"{self.__struct_config__.tag}:{self.id}"


class Subnet(msgspec.Struct, frozen=True):
    """A subnet as its router and its DHCP server need it; `gateway` is the router's own address.

    `cidr6` is its IPv6 block, if it has one.
    """

    id: str
    cidr: str
    gateway: str
    cidr6: str = ""


class Network(Object, frozen=True, tag="network"):
    """A VPC: one namespace that is its router, with a DHCP server and the link-local services.

    `igw` is the id of the attached internet gateway, `eigw` of the egress-only one. `dns` (a comma
    between servers), `domain` and `ntp` are what DHCP hands out. `resolver` is the address at which the
    VPC's own resolver answers (and 169.254.169.253), "" for none; `cidrs6` are the IPv6 blocks. `edge` is
    the table by which the internet gateway sends what comes in, "" for none.
    """

    cidrs: tuple[str, ...]
    subnets: tuple[Subnet, ...]
    igw: str | None
    dns: str
    domain: str
    ntp: str = ""
    resolver: str = ""
    cidrs6: tuple[str, ...] = ()
    eigw: str | None = None
    edge: str = ""


class Route(msgspec.Struct, frozen=True):
    """One route of a table, of either family.

    `target` is "igw", "eigw", "blackhole", or the id of an interface (a NAT gateway's too) or a peering.
    """

    destination: str
    target: str


class Table(Object, frozen=True, tag="table"):
    """A route table of a VPC; local routes are implied, and only one inside the VPC's blocks beats them."""

    network: str
    routes: tuple[Route, ...]


class Guest(Object, frozen=True, tag="guest"):
    """A running instance: namespaces held by an init process, a root file system of its own.

    `boot` changes with every start, so that a restarted instance is a new guest with the old disk.
    `user_data` is base64, and is run once in the life of the disk if it begins with "#!".
    """

    hostname: str
    boot: int
    user_data: str = ""


class Interface(Object, frozen=True, tag="interface"):
    """An ENI attached to a running instance.

    `addresses` has the primary private IPv4 address first. `device` is the guest's name for it
    (eth0 …). `subnet` is the CIDR, `gateway` the router's address in it. `groups` are security group
    ids. `check` is the source/destination check. `attachment` changes with every attach.
    `guest` is an instance, or the id of an appliance, whose interface no group filters.
    `acl` is the network ACL of its subnet ("": none). `names` are what the VPC's resolver knows of it,
    as (name, address). `addresses6` and `subnet6` are its IPv6 addresses and their subnet's block.
    `prefixes` are the blocks delegated to it, of both families: its own like its addresses, routed to
    it, and for the guest to configure. `dark` says that its host has lost its network, `mediated` that
    every packet passes through the hypervisor.
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
    mtu: int = 9001
    acl: str = ""
    names: tuple[tuple[str, str], ...] = ()
    addresses6: tuple[str, ...] = ()
    subnet6: str = ""
    prefixes: tuple[str, ...] = ()
    dark: bool = False
    mediated: bool = False
    card: int = 0


class Share(msgspec.Struct, frozen=True):
    """What may pass in each direction, in bits a second, with credits and without; none if both are alike."""

    baseline_bps: int
    peak_bps: int
    credit_bits: int = 0


class Nearer(msgspec.Struct, frozen=True):
    """What one flow may have to the addresses of `near` (an id).

    Only of one of these protocols, and from one of these interfaces, if there are any.
    """

    near: str
    flow_bps: int
    protocols: tuple[int, ...] = ()
    interfaces: tuple[str, ...] = ()


class Bandwidth(Object, frozen=True, tag="bandwidth"):
    """What an instance may send, and as much may receive, over all its interfaces; its id is the instance's.

    `networks` are the VPCs that it has interfaces in, each of which keeps the limits for itself. `since` is
    new with every launch and start: the buckets of credits are full then. `cards` are the shares of several
    network cards. One flow gets `flow_bps`, or what the first of `nearer` gives; to and from an internet
    gateway goes `gateway_bps` in all.
    """

    networks: tuple[str, ...]
    since: str
    share: Share
    flow_bps: int
    gateway_bps: int
    cards: tuple[Share, ...] = ()
    nearer: tuple[Nearer, ...] = ()


class Near(Object, frozen=True, tag="near"):
    """The addresses in whose direction a flow may have more than elsewhere, for the routers of `networks`."""

    networks: tuple[str, ...]
    addresses: frozenset[str]


class Permission(msgspec.Struct, frozen=True):
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
    ingress: frozenset[Permission]
    egress: frozenset[Permission]


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
    """A NAT gateway: a namespace without processes that forwards what comes in by its one interface.

    The source becomes the interface's primary address; with a Mapping for that it leads to the internet.
    """

    network: str


class Peering(Object, frozen=True, tag="peering"):
    """A peering connection: a link between the routers of two VPCs; routes say what goes over it.

    `bandwidth_bps` is what it carries in each direction; 0 is no limit.
    """

    networks: tuple[str, str]
    mtu: int = 9001
    bandwidth_bps: int = 0


AnyObject = (
    Network
    | Table
    | Guest
    | Interface
    | Group
    | Members
    | Mapping
    | Acl
    | Appliance
    | Peering
    | Bandwidth
    | Near
)


# --- messages: each a line of JSON on the agent's socket ------------------------------------------


class Desire(msgspec.Struct, frozen=True, tag="desire"):
    """Engine to agent: what to have from now on.

    `whole` says that nothing else is wanted; `observe` asks for a look at the whole kernel first, so
    that whatever was changed behind the agent's back is found and mended. `scrap` names guests whose
    disks are to be deleted once they have ended.
    """

    generation: int
    put: tuple[AnyObject, ...] = ()
    drop: tuple[str, ...] = ()
    whole: bool = False
    observe: bool = False
    scrap: tuple[str, ...] = ()


class Converged(msgspec.Struct, frozen=True, tag="converged"):
    """Agent to engine: the kernel has all that this generation asked for, but for `failed`.

    `failed` maps an object's key to one line that says why.
    """

    generation: int
    failed: dict[str, str] = {}


class Running(msgspec.Struct, frozen=True, tag="running"):
    """Agent to engine: this boot of an instance has its namespaces, links and addresses."""

    guest: str
    boot: int


class Gone(msgspec.Struct, frozen=True, tag="gone"):
    """Agent to engine: this boot of an instance has ended; `asked` is false when it ended by itself."""

    guest: str
    boot: int
    asked: bool


class Attached(msgspec.Struct, frozen=True, tag="attached"):
    """Agent to engine: the interface is in the guest and has its primary address by DHCP."""

    interface: str
    attachment: str


class Detached(msgspec.Struct, frozen=True, tag="detached"):
    """Agent to engine: the interface has left the guest."""

    interface: str
    attachment: str


class Listener(msgspec.Struct, frozen=True, tag="listener"):
    """Agent to engine, with one file descriptor: the metadata service's socket in a VPC.

    The socket listens on port 80 of 169.254.169.254, or in a VPC with IPv6 blocks also of fd00:ec2::254,
    inside the router's namespace, where a packet's source address has been checked against its
    interface: peer address and `network` tell the ENI.
    """

    network: str
    port: Literal[80] = 80
    family: Literal["ipv4", "ipv6"] = "ipv4"


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Agent to engine, first of all: what this machine can do, and what it lacks (feature: why).

    No limit of `most_bps` or more can ever bind here.
    """

    rootless: bool
    features: dict[str, str]
    most_bps: int = 0


class Way(msgspec.Struct, frozen=True):
    """One direction of an instance: what it may use now, what is left in its bucket (in bits), and its queue.

    `waited` counts how often packets had to, by the limit that they had reached; `dropped` are those that
    found no room to wait in, and `waiting_bytes` is what waits now.
    """

    bps: int
    level_bits: float
    waiting_bytes: int = 0
    dropped: int = 0
    waited: dict[str, int] = {}


class Counted(msgspec.Struct, frozen=True):
    """What an interface has carried, seen from its instance; `paced` packets to services came too fast."""

    sent_bytes: int
    sent_packets: int
    received_bytes: int
    received_packets: int
    paced: int = 0


class Measured(msgspec.Struct, frozen=True, tag="measured"):
    """Agent to engine: the answer to a `Measure` with this number, `seconds` after some moment of its own.

    `out` and `into` are the directions of the instances that are limited, `interfaces` all that are there.
    """

    number: int
    seconds: float
    out: dict[str, Way] = {}
    into: dict[str, Way] = {}
    interfaces: dict[str, Counted] = {}


Fact = Converged | Running | Gone | Attached | Detached | Listener | Hello | Measured


class Measure(msgspec.Struct, frozen=True, tag="measure"):
    """Engine to agent: say what has passed so far; the answer has the same number."""

    number: int


# --- commands inside guests: a connection of its own, which begins with Exec -----------------------


class Exec(msgspec.Struct, frozen=True, tag="exec"):
    """Client to agent, with the descriptors 0, 1 and 2: run a command inside a guest, or "internet"."""

    guest: str
    argv: tuple[str, ...]
    env: dict[str, str] = {}
    tty: bool = False
    cwd: str = "/"


class Open(msgspec.Struct, frozen=True, tag="open"):
    """Client to agent: open a socket inside a guest, a VPC's router, or "internet".

    With a `device` it is one that sees the device's frames; otherwise it is connected to a host and a
    port over TCP or UDP.
    """

    namespace: str
    device: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    udp: bool = False


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """Agent to client, with the socket's descriptor; `error` says why there is none."""

    error: str = ""


class Signal(msgspec.Struct, frozen=True, tag="signal"):
    """Client to agent: send the command's process group a signal."""

    number: int


class Exited(msgspec.Struct, frozen=True, tag="exited"):
    """Agent to client: the command has ended with this status; `error` says why it never ran."""

    status: int
    error: str = ""
