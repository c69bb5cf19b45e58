"""A network interface as a request describes it, before anything is looked up.

Every operation that makes or attaches one reads it here, so that all refuse alike.
"""

from typing import Self

import msgspec

from elastinet.ec2.core import address_requests, faults
from elastinet.ec2.core.address_requests import NOTHING, AddressRequest
from elastinet.ec2.core.efa_only import no_addresses
from elastinet.ec2.core.request import Request
from elastinet.ec2.interfaces import connection_tracking
from elastinet.ec2.interfaces.ena_express import EnaSrdSpec
from elastinet.model.interface import IdleSeconds
from elastinet.rules.efa import efa


class InterfaceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A new interface: of CreateNetworkInterface, of RunInstances, or of one item of its NetworkInterfaces.

    None means that the request does not say. Only a launch has names of groups, and what follows them.
    """

    subnet_id: str | None = None
    interface_type: str = "interface"
    description: str = ""
    groups: tuple[str, ...] = ()
    primary: str | None = None
    ipv4: AddressRequest = NOTHING
    ipv6: AddressRequest | None = None
    has_primary6: bool = False
    group_names: tuple[str, ...] = ()
    public: bool | None = None
    delete_on_termination: bool = True
    idle: IdleSeconds = IdleSeconds()

    @classmethod
    def parse(cls, request: Request) -> Self:
        """Read a request's parameters about one interface; raises Fault for what no interface can be."""
        primary, ipv4 = address_requests.ipv4(request)
        ipv6 = address_requests.ipv6(request)
        marked = ipv6 is not None and ipv6.has_primary
        spec = cls(
            subnet_id=request.get("SubnetId"),
            interface_type=interface_type(request) or "interface",
            description=request.get("Description", ""),
            groups=(*request.ids("Groups"), *request.ids("SecurityGroupIds")),
            primary=primary,
            ipv4=ipv4,
            ipv6=ipv6,
            has_primary6=bool(request.get("EnablePrimaryIpv6") or request.get("PrimaryIpv6") or marked),
            group_names=tuple(request.ids("SecurityGroups")),
            public=request.get("AssociatePublicIpAddress"),
            delete_on_termination=request.get("DeleteOnTermination", True),
            idle=connection_tracking.parse(request.get("ConnectionTrackingSpecification")),
        )
        if spec.interface_type == "efa-only" and spec.needs_ip:
            raise no_addresses()
        return spec

    @property
    def needs_ip(self) -> bool:
        """True if the interface is to have an address that a request names, counts or marks."""
        has_ipv6 = self.ipv6 is not None and self.ipv6.size > 0
        return bool(self.primary or self.ipv4.size or has_ipv6 or self.has_primary6 or self.public)

    @property
    def named(self) -> frozenset[str]:
        """The private IPv4 addresses that it names."""
        return frozenset(self.ipv4.named if self.primary is None else (self.primary, *self.ipv4.named))


class AttachmentSpec(msgspec.Struct, frozen=True):
    """The place of an interface in an instance, and its ENA Express; a device index of None is not given."""

    device_index: int | None
    card: int = 0
    ena_srd: EnaSrdSpec | None = None

    @classmethod
    def parse(cls, request: Request) -> Self:
        """Read it from AttachNetworkInterface, or from an item of a launch's NetworkInterfaces."""
        ena_srd = EnaSrdSpec.parse(request.get("EnaSrdSpecification"))
        return cls(request.get("DeviceIndex"), request.get("NetworkCardIndex", 0), ena_srd)


def interface_type(request: Request) -> str | None:
    """The interface type that a request asks for, if it does."""
    name: str | None = request.get("InterfaceType")
    if name in ("trunk", "branch"):
        raise faults.unsupported(f"elastinet does not support the interface type {name}.")
    if name not in (None, "interface", *efa.EFA_TYPES):
        raise faults.invalid(name, "interfaceType")
    return name
