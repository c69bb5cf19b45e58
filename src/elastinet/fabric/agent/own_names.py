"""A guest's own names, where nobody else tells them: as a line of hosts(5)."""

from elastinet.fabric.contract.objects import Interface, Network

NO_ADDRESS = "127.0.1.1"
"""Stands for the address of a host that has none, as Debian has it."""


def own_line(hostname: str, interface: Interface | None, network: Network | None) -> str:
    """The line for a guest's own names, the full one first; "" where its VPC's resolver has them."""
    if interface and network and _is_asked(network, interface):
        return ""
    domain = network.domain.partition(" ")[0] if network else ""
    address = interface.addresses[0] if interface and interface.addresses else NO_ADDRESS
    return f"{address} {hostname}.{domain} {hostname}\n" if domain else f"{address} {hostname}\n"


def _is_asked(network: Network, interface: Interface) -> bool:
    """True if a guest asks its VPC's resolver, which knows its names."""
    return bool(network.resolver) and (not interface.addresses or network.resolver in network.dns.split(","))
