"""Interfaces that carry EFA traffic only: nothing that needs an IP address is for them."""

from elastinet.ec2.core import faults
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.rules.efa import efa


def check_carries_ip(interface: NetworkInterface) -> None:
    """Refuse to do to an EFA-only interface what needs an address."""
    if not efa.carries_ip(interface):
        raise no_addresses()


def no_addresses() -> Fault:
    """The refusal of addresses to an EFA-only interface."""
    return faults.combination("EFA-only network interfaces do not support IP addresses.")
