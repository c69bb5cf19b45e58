"""Limits on the addresses and prefixes of one interface, by instance type (facts sheet, section 1.4)."""

from functools import cache
from typing import NamedTuple

from elastinet.catalog.instance_types import InstanceType, instance_types
from elastinet.ec2.core import faults
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface


class Load(NamedTuple):
    """Number of an interface's addresses and prefixes, by family, and of the prefixes of both."""

    ipv4: int
    ipv6: int
    prefixes: int


def load_of(interface: NetworkInterface) -> Load:
    """The number of addresses and prefixes that an interface has."""
    prefixes = len(interface.prefixes), len(interface.prefixes6)
    ipv4, ipv6 = len(interface.addresses) + prefixes[0], len(interface.addresses6) + prefixes[1]
    return Load(ipv4, ipv6, sum(prefixes))


def check_load(kind: InstanceType, load: Load, over: Fault) -> None:
    """Refuse what a type does not bear; `over` is the refusal where it is only too much."""
    if load.ipv6 and not kind.flag("ipv6_supported"):
        raise faults.combination(f"The instance type {kind.name} does not support IPv6 addresses.")
    if load.ipv6 and not load.ipv4 and not kind.nitro:
        sentence = f"The instance type {kind.name} is not built on Nitro and needs an IPv4 address."
        raise faults.combination(sentence)
    if load.prefixes and not kind.nitro:
        sentence = f"The instance type {kind.name} is not built on Nitro and does not support prefixes."
        raise faults.combination(sentence)
    if load.ipv4 > kind.ipv4_per_interface or load.ipv6 > kind.ipv6_per_interface:
        raise over


@cache
def most_borne() -> Load:
    """The most addresses and prefixes of any type, which also limit an interface that is in no instance."""
    kinds = instance_types().values()
    ipv4, ipv6 = max(k.ipv4_per_interface for k in kinds), max(k.ipv6_per_interface for k in kinds)
    return Load(ipv4, ipv6, ipv4 + ipv6)


def check_count(count: int) -> None:
    """Refuse a number of addresses or prefixes that no interface bears, before one of them is looked for."""
    if count > max(most_borne()[:2]):
        raise _over("")


def _over(id: str) -> Fault:
    sentence = "Number of private addresses will exceed limit."
    return Fault("PrivateIpAddressLimitExceeded", f"{id}: {sentence}" if id else sentence)


def check_bears(name: str, interface: NetworkInterface) -> None:
    """Refuse an interface with more than an instance type bears."""
    check_load(instance_types()[name], load_of(interface), _over(interface.id))


def check_limit(tx: Transaction, interface: NetworkInterface) -> None:
    """The same, if the interface is in an instance; else refuse more than any type bears."""
    if (attachment := interface.attachment) is not None and (
        instance := tx.get(Instance, attachment.instance_id)
    ) is not None:
        check_bears(instance.instance_type, interface)
        return
    load, most = load_of(interface), most_borne()
    if load.ipv4 > most.ipv4 or load.ipv6 > most.ipv6:
        raise _over(interface.id)
