"""The resolver of subnets with DNS64: a second dnsmasq, which knows an IPv6 address for every IPv4-only name.

A dnsmasq answers everybody alike. So the packet filter leads the questions of such subnets to this one, on a
port of its own (`compile.dns64`).
"""

from collections.abc import Mapping
from pathlib import Path

from elastinet.catalog.nat64 import embedded
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Interface, Network
from elastinet.fabric.router.daemon import Daemon, listening, wait
from elastinet.fabric.router.dhcpserver import ASKS_NOBODY, EVERYWHERE, name_lines, start

POWERS = ()
CONFIG = (*EVERYWHERE, *ASKS_NOBODY, f"port={names.DNS64_PORT}")


def name_lines64(interface: Interface) -> str:
    """The names of an interface as everybody has them, and NAT64's addresses of those without IPv6."""
    has_ipv6 = {name for name, address in interface.names if ":" in address}
    given = [(name, address) for name, address in interface.names if name not in has_ipv6]
    return name_lines(interface) + "".join(f"{embedded(address)} {name}\n" for name, address in given)


def config(folder: Path) -> str:
    """Write dnsmasq's configuration for this resolver. Pure."""
    return "\n".join((*CONFIG, f"hostsdir={folder}/names")) + "\n"


class Resolver64:
    """A network's second resolver, there while a subnet has DNS64.

    Its methods run in the network's worker thread.
    """

    def __init__(self, network: str, user: int | None = None) -> None:
        self.daemon = Daemon(network, "dns64", POWERS, user)
        self.daemon.make_folder("names")

    def keep(self, network: Network, interfaces: Mapping[str, Interface | None]) -> None:
        """Have it run, if a subnet of the network asks it, and know these changes of names."""
        self.daemon.ask({f"names/{id}": name_lines64(one) if one else "" for id, one in interfaces.items()})
        if not network.dns64:
            self.daemon.stop()
            return
        self.daemon.tell()
        if not self.daemon.lives:
            wait(lambda: names.DNS64_PORT not in listening(), "dnsmasq for DNS64 does not end")
            start(self.daemon, config(self.daemon.folder), {names.DNS64_PORT})
