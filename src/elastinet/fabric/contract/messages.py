"""Messages between engine and agent, and from others to the agent: each is a line of JSON."""

from typing import Literal

import msgspec

from elastinet.fabric.contract.keys import Key, Subject
from elastinet.fabric.contract.objects import AnyObject


class Capture(msgspec.Struct, frozen=True):
    """A copy that is wanted, by the id of its snapshot: of what a guest's disk has over the contents `base`.

    One that is `quiet` is made while the guest is down.
    """

    id: str
    guest: str
    base: tuple[str, ...] = ()
    quiet: bool = False


class Desire(msgspec.Struct, frozen=True, tag="desire"):
    """Engine to agent: what to have from now on.

    `whole` says that nothing else is wanted; `observe` asks for a look at the whole kernel first, so
    that whatever was changed behind the agent's back is found and mended. `scrap` names guests whose
    disks are to be deleted once they have ended, `discard` contents of images that nobody has any more.
    """

    generation: int
    put: tuple[AnyObject, ...] = ()
    drop: tuple[Key, ...] = ()
    whole: bool = False
    observe: bool = False
    scrap: tuple[str, ...] = ()
    discard: tuple[str, ...] = ()
    capture: tuple[Capture, ...] = ()


class FailureReport(msgspec.Struct, frozen=True, array_like=True):
    """Something that is not as wanted, and one line that says why."""

    subject: Subject
    why: str


class Converged(msgspec.Struct, frozen=True, tag="converged"):
    """Agent to engine: the kernel has all that this generation asked for, but for `failed`."""

    generation: int
    failed: tuple[FailureReport, ...] = ()


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


class Captured(msgspec.Struct, frozen=True, tag="captured"):
    """Agent to engine: a copy of a disk is a content of this name; `error` says why there is none."""

    id: str
    content: str = ""
    error: str = ""


Port = Literal[80, 443, 5365, 5366]


class Listener(msgspec.Struct, frozen=True, tag="listener"):
    """Agent to engine, with one file descriptor: a socket that the engine answers instances on.

    In a VPC's router it is the metadata service's, on port 80 of 169.254.169.254, or in a VPC with IPv6
    blocks also of fd00:ec2::254. There a packet's source address has been checked against its interface:
    peer address and `network` tell the ENI. With `api` it is of AWS's endpoints, and the peer is anybody:
    `network` is "internet", or the interface of an interface endpoint. On `names.QUESTIONS_PORT` it is for
    the questions of a VPC's resolver, who is the only peer, on `names.QUESTIONS64_PORT` for those of the one
    with DNS64.
    """

    network: str
    port: Port = 80
    family: Literal["ipv4", "ipv6"] = "ipv4"
    udp: bool = False
    api: bool = False


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Agent to engine, first of all: what this machine can do, and what it lacks (feature: why).

    No limit of `most_bps` or more can ever bind here. A program in a guest may lock `lockable_bytes` of
    memory, None is as much as it likes.
    """

    rootless: bool
    features: dict[str, str]
    most_bps: int = 0
    lockable_bytes: int | None = None


INSTANCE, FLOW, INTERNET_GATEWAY, LINK_LOCAL = "instance", "flow", "internet gateway", "link-local services"
"""The names of limits that packets wait for; that of one card among several is called after the card."""


class DirectionStats(msgspec.Struct, frozen=True):
    """One direction of an instance: what it may use now, what is left in its bucket (in bits), and its queue.

    `waited` counts how often packets had to, by the limit that they had reached; `dropped` are those that
    found no room to wait in, and `waiting_bytes` is what waits now.
    """

    bps: int
    level_bits: float
    waiting_bytes: int = 0
    dropped: int = 0
    waited: dict[str, int] = {}


class InterfaceStats(msgspec.Struct, frozen=True):
    """Counters of an interface, seen from its instance; `exceeded` has the packets above each allowance."""

    sent_bytes: int
    sent_packets: int
    received_bytes: int
    received_packets: int
    exceeded: dict[str, int] = {}


class GatewayStats(msgspec.Struct, frozen=True):
    """What a NAT gateway has counted: connections without a port, packets that came too late, dropped ones.

    `unplaced` is None where the kernel does not tell.
    """

    unplaced: int | None
    idle: int
    dropped: int


class Measured(msgspec.Struct, frozen=True, tag="measured"):
    """Agent to engine: the answer to a `Measure` with this number, `seconds` after some moment of its own.

    `out` and `into` are the directions of the instances that are limited, `interfaces` all that are there,
    `gateways` the NAT gateways.
    """

    number: int
    seconds: float
    out: dict[str, DirectionStats] = {}
    into: dict[str, DirectionStats] = {}
    interfaces: dict[str, InterfaceStats] = {}
    gateways: dict[str, GatewayStats] = {}


News = Converged | Running | Gone | Attached | Detached | Hello | Measured | Captured
Fact = News | Listener
"""All that the agent says to the engine: a listener comes with a descriptor, all else is news alone."""


class Measure(msgspec.Struct, frozen=True, tag="measure"):
    """Engine to agent: say what has passed so far; the answer has the same number."""

    number: int


# --- commands inside guests: a connection of its own, which begins with Exec -----------------------


class Bind(msgspec.Struct, frozen=True):
    """An interface that a command shall have for itself, and the largest packet that it takes there."""

    interface: str
    mtu: int


class Exec(msgspec.Struct, frozen=True, tag="exec"):
    """Client to agent: run a command inside a guest, or "internet".

    It has pipes of its own, or with `tty` a terminal of `size` rows and columns, and with `together` one
    pipe for all that it says. Until it ends the guest's kernel does nothing on the interfaces of `bind`.
    """

    guest: str
    argv: tuple[str, ...]
    env: dict[str, str] = {}
    tty: bool = False
    together: bool = False
    size: tuple[int, int] = (0, 0)
    cwd: str = "/"
    bind: tuple[Bind, ...] = ()


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


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """Agent to client, with descriptors: the other ends of the command's own, as `ends.make` gives them."""


class Signal(msgspec.Struct, frozen=True, tag="signal"):
    """Client to agent: send the command's process group a signal."""

    number: int


class Import(msgspec.Struct, frozen=True, tag="import"):
    """Client to agent, with a descriptor: make a content of the archive that it gives."""


class Importing(msgspec.Struct, frozen=True, tag="importing"):
    """Agent to client: so many files and bytes are there."""

    files: int
    bytes: int


class Imported(msgspec.Struct, frozen=True, tag="imported"):
    """Agent to client: the content has this name, and was not here before if it `is_new`.

    `error` says why there is none.
    """

    content: str = ""
    is_new: bool = True
    error: str = ""


class Exited(msgspec.Struct, frozen=True, tag="exited"):
    """Agent to client: the command has ended with this status; `error` says why it never ran."""

    status: int
    error: str = ""


Demand = Desire | Measure | Exec | Open | Import | Signal
"""All that the agent is asked for: by the engine, or by a client on a connection of its own."""
