"""Interfaces that carry EFA traffic only: nothing that needs an IP address is for them."""

from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.rules.efa import efa

OF_ADDRESSES = (
    "PrivateIpAddress", "PrivateIpAddresses", "SecondaryPrivateIpAddressCount", "Ipv4Prefixes",
    "Ipv4PrefixCount", "Ipv6Addresses", "Ipv6AddressCount", "Ipv6Prefixes", "Ipv6PrefixCount",
    "AssociatePublicIpAddress", "EnablePrimaryIpv6", "PrimaryIpv6",
)  # fmt: skip
"""The parameters about a new interface's addresses, which an EFA-only one may not have."""


def without_addresses(request: Request) -> None:
    """Refuse addresses to a new EFA-only interface; to ask for none of a kind is all right."""
    for name in OF_ADDRESSES:
        if request.get(name):
            raise _no_addresses()


def check_carries_ip(interface: NetworkInterface) -> None:
    """Refuse to do to an EFA-only interface what needs an address."""
    if not efa.carries_ip(interface):
        raise _no_addresses()


def _no_addresses() -> Fault:
    return faults.combination("EFA-only network interfaces do not support IP addresses.")
