"""Network interfaces and the public addresses that lead to them."""

from typing import ClassVar, Literal, Self

import msgspec

from elastinet.model.noun import Index, Noun
from elastinet.model.prefixes import prefix_of

AttachmentStatus = Literal["attaching", "attached", "detaching", "detached"]


class Function(msgspec.Struct, frozen=True):
    """A virtual function of a network card of a host, each by its number."""

    host: int
    card: int
    number: int


class EnaSrd(msgspec.Struct, frozen=True):
    """ENA Express as an attachment has it; UDP takes it only where both flags are on."""

    enabled: bool = False
    udp_enabled: bool = False


class Attachment(msgspec.Struct, frozen=True):
    """The attachment of an interface to an instance; `time` is in seconds since 1970.

    A NAT gateway's interface is attached to it like to an instance: `instance_id` is the gateway's then.
    `function` is what it has of a card while its instance has a machine, None without one, and where the
    hypervisor mediates or the instance has the whole card. `ena_srd` is None where nobody has spoken of it.
    """

    id: str
    instance_id: str
    device_index: int
    status: AttachmentStatus
    time: float
    delete_on_termination: bool = False
    network_card: int = 0
    function: Function | None = None
    ena_srd: EnaSrd | None = None


class IdleSeconds(msgspec.Struct, frozen=True):
    """For how long an interface's groups remember idle flows; None is as the instance's type has it."""

    tcp_established: int | None = None
    udp_stream: int | None = None
    udp: int | None = None


class NetworkInterface(Noun, frozen=True, kw_only=True):
    """An ENI; `addresses` are its private IPv4 addresses, the primary first, for life.

    `prefixes` (/28) and `prefixes6` (/80) are the blocks that are delegated to it. An EFA-only interface has
    neither addresses nor blocks, one in a subnet of IPv6 only has none of IPv4.
    """

    vpc_id: str
    subnet_id: str
    zone: str
    mac: str
    addresses: tuple[str, ...]
    groups: tuple[str, ...]
    addresses6: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    prefixes6: tuple[str, ...] = ()
    has_primary6: bool = False
    """True if the first IPv6 address is the primary one, which stays while the interface is attached."""
    description: str = ""
    interface_type: str = "interface"
    source_dest_check: bool = True
    attachment: Attachment | None = None
    ended: Attachment | None = None
    """The last attachment, where there is no other since."""
    requester_id: str | None = None
    """The service that made it for itself; it is not the account's to change."""
    creator_id: str = ""
    """The user who made it as an interface of its own, not with an instance."""
    associate_public_ip: bool = False
    """True if this primary interface gets a public address while its instance runs."""
    public_ip: str | None = None
    """The address lent by AWS; an Elastic IP is an `Address` of its own."""
    idle: IdleSeconds = IdleSeconds()

    INDEXES: ClassVar[dict[str, Index]] = {
        "vpc-id": lambda i: (i.vpc_id,),
        "subnet-id": lambda i: (i.subnet_id,),
        "group-id": lambda i: i.groups,
        "address": lambda i: [(i.subnet_id, a) for a in i.addresses],
        "addresses.private-ip-address": lambda i: i.addresses,
        "ipv6-addresses.ipv6-address": lambda i: i.addresses6,
        "ipv6-subnet-id": lambda i: (i.subnet_id,) if i.addresses6 or i.prefixes6 else (),
        "ipv6-block": lambda i: {prefix_of(a) for a in i.addresses6},
        "prefix": lambda i: [(i.vpc_id, p) for p in (*i.prefixes, *i.prefixes6)],
        "private-ip-address": lambda i: i.addresses[:1],
        "attachment.instance-id": lambda i: (i.attachment.instance_id,) if i.attachment else (),
        "attachment.attachment-id": lambda i: [a.id for a in (i.attachment, i.ended) if a],
        "attachment.vpc-id": lambda i: (i.vpc_id,) if i.attachment else (),
        "attachment.status": lambda i: (i.attachment.status,) if i.attachment else (),
        "mac-address": lambda i: (i.mac,),
        "public-ip": lambda i: (i.public_ip,) if i.public_ip else (),
    }

    @property
    def primary(self) -> str:
        """The primary private IPv4 address, "" for none."""
        return self.addresses[0] if self.addresses else ""

    @property
    def first_address(self) -> str:
        """The address by which it is spoken of: the primary IPv4 one, the first IPv6 one without it."""
        return next(iter((*self.addresses, *self.addresses6)), "")

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """Every address that is its own, of both families, and the prefixes that are."""
        return (*self.addresses, *self.addresses6, *self.prefixes, *self.prefixes6)

    @property
    def free(self) -> Self:
        """The same interface, attached to nothing any more."""
        attachment = self.attachment
        gone = {"status": "detached", "function": None, "ena_srd": None}
        ended = msgspec.structs.replace(attachment, **gone) if attachment else self.ended
        return self.but(attachment=None, ended=ended, public_ip=None, has_primary6=False)


class Address(Noun, frozen=True, kw_only=True):
    """An Elastic IP; associated with one private address of one interface, or idle."""

    public_ip: str
    association_id: str | None = None
    interface_id: str | None = None
    private_ip: str | None = None
    ptr_record: str | None = None

    INDEXES: ClassVar[dict[str, Index]] = {
        "public-ip": lambda a: (a.public_ip,),
        "association-id": lambda a: (a.association_id,) if a.association_id else (),
        "network-interface-id": lambda a: (a.interface_id,) if a.interface_id else (),
    }

    @property
    def idle(self) -> Self:
        """The same address, leading nowhere."""
        return self.but(association_id=None, interface_id=None, private_ip=None)
