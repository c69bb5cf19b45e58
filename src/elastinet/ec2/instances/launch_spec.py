"""The interfaces and the zone of a launch as a request describes them, before anything is looked up."""

from typing import Self

import msgspec

from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request
from elastinet.ec2.interfaces.interface_spec import AttachmentSpec, InterfaceSpec, interface_type
from elastinet.model.fault import Fault

MOST = 10_000
"""Number of instances that a call may ask for."""

OF_INSTANCE = {
    "SubnetId": "an instance-level subnet ID",
    "SecurityGroupIds": "an instance-level security groups",
    "SecurityGroups": "an instance-level security groups",
    "PrivateIpAddress": "an instance-level private IP address",
    "Ipv6Addresses": "an instance-level IPv6 address",
    "Ipv6AddressCount": "an instance-level IPv6 address count",
    "EnablePrimaryIpv6": "an instance-level primary IPv6 address",
}
"""The parameters of a launch about its only interface, which exclude a list of interfaces."""

OF_NEW = (
    "Description", "Groups", "PrivateIpAddress", "PrivateIpAddresses", "SecondaryPrivateIpAddressCount",
    "SubnetId", "Ipv4Prefixes", "Ipv4PrefixCount", "Ipv6Addresses", "Ipv6AddressCount", "Ipv6Prefixes",
    "Ipv6PrefixCount", "PrimaryIpv6", "ConnectionTrackingSpecification",
)  # fmt: skip
"""The members of an item of NetworkInterfaces that describe a new interface only."""


NOTHING = (None, False, 0)
"""What a parameter says that asks for nothing."""


class ExistingInterface(msgspec.Struct, frozen=True):
    """An interface that is there already; its type is None where the request does not say it."""

    id: str
    interface_type: str | None

    @classmethod
    def parse(cls, item: Request, id: str) -> Self:
        """Read an item of NetworkInterfaces that has an id."""
        for name in OF_NEW:
            if item.get(name) not in NOTHING:
                raise faults.combination(
                    f"A network interface may not specify both a network interface ID and {name}"
                )
        if item.get("DeleteOnTermination"):
            sentence = "It may be set at launch for new interfaces only."
            raise faults.invalid("true", "deleteOnTermination", sentence)
        if item.get("AssociatePublicIpAddress"):
            raise faults.combination("A public address can be asked for a new network interface only.")
        return cls(id, interface_type(item))


class LaunchInterface(msgspec.Struct, frozen=True):
    """An interface of each instance of a launch, new or there already, and its place."""

    interface: InterfaceSpec | ExistingInterface
    attachment: AttachmentSpec

    @classmethod
    def parse(cls, item: Request) -> Self:
        """Read an item of NetworkInterfaces."""
        attachment = AttachmentSpec.parse(item)
        if attachment.device_index is None:
            raise faults.missing_parameter("NetworkInterface.DeviceIndex")
        if (id := item.get("NetworkInterfaceId")) is not None:
            return cls(ExistingInterface.parse(item, id), attachment)
        return cls(InterfaceSpec.parse(item), attachment)


class LaunchSpec(msgspec.Struct, frozen=True):
    """The number of instances of a launch, their interfaces, and their zone by name or by id."""

    least: int
    most: int
    interfaces: tuple[LaunchInterface, ...]
    zone: str | None = None
    zone_id: str | None = None

    @classmethod
    def parse(cls, request: Request) -> Self:
        """Read RunInstances; raises Fault for what no launch can be."""
        least, most = _counts(request)
        zone, zone_id = _zone(request.get("Placement") or Request({}))
        return cls(least, most, _interfaces(request), zone, zone_id)


def _counts(request: Request) -> tuple[int, int]:
    least, most = request["MinCount"], request["MaxCount"]
    if least < 1:
        raise faults.invalid(least, "minCount", "Expecting a value of at least 1.")
    if most < least:
        raise faults.invalid(most, "maxCount", "Expecting a value not below minCount.")
    if most > MOST:
        sentence = f"You have requested more instances ({most}) than a call may launch."
        raise Fault("InstanceLimitExceeded", sentence)
    return int(least), int(most)


def _zone(placement: Request) -> tuple[str | None, str | None]:
    """The zone that a launch names; Terraform sends empty names."""
    name, id = placement.get("AvailabilityZone") or None, placement.get("AvailabilityZoneId") or None
    if name is not None and id is not None:
        raise faults.combination("Only one of availabilityZone and availabilityZoneId may be specified.")
    return name, id


def _interfaces(request: Request) -> tuple[LaunchInterface, ...]:
    items = request.get("NetworkInterfaces")
    if not items:
        if request.get("SubnetId") is not None and request.get("SecurityGroups"):
            raise faults.combination("The parameter groupName cannot be used with the parameter subnet")
        return (LaunchInterface(InterfaceSpec.parse(request), AttachmentSpec(0)),)
    for name, words in OF_INSTANCE.items():
        if request.get(name) not in NOTHING:
            sentence = f"Network interfaces and {words} may not be specified on the same request"
            raise faults.combination(sentence)
    if len(items) > 1 and any(item.get("AssociatePublicIpAddress") for item in items):
        raise faults.combination(
            "The associatePublicIPAddress parameter cannot be specified when launching with "
            "multiple network interfaces."
        )
    return tuple(map(LaunchInterface.parse, items))
