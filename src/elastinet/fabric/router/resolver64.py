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
from elastinet.fabric.router.dhcpserver import (
    EVERYWHERE,
    OTHERS,
    Names,
    elsewhere,
    name_lines,
    start,
    wild_lines,
)

POWERS = ()
CONFIG = (*EVERYWHERE, f"port={names.DNS64_PORT}")


def names64(known: Names) -> list[tuple[str, str]]:
    """Names as everybody has them, and NAT64's addresses of those without IPv6."""
    pairs = list(known)
    has_ipv6 = {name for name, address in pairs if ":" in address}
    return pairs + [(name, embedded(address)) for name, address in pairs if name not in has_ipv6]


def config(network: Network, folder: Path) -> str:
    """Write dnsmasq's configuration for this resolver. Pure."""
    wild = wild_lines(names64(network.names))
    asks = elsewhere(network, names.QUESTIONS64_PORT)
    return "\n".join((*CONFIG, *asks, f"hostsdir={folder}/names", *wild)) + "\n"


class Resolver64:
    """A network's second resolver, there while a subnet has DNS64.

    Its methods run in the network's worker thread.
    """

    def __init__(self, network: str, user: int | None = None) -> None:
        self.daemon = Daemon(network, "dns64", POWERS, user)
        self.daemon.make_folder("names")
        self._config = ""

    def keep(self, network: Network, interfaces: Mapping[str, Interface | None]) -> None:
        """Have it run, if a subnet of the network asks it, and know these changes of names."""
        known = {f"names/{id}": one.names if one else () for id, one in interfaces.items()}
        known[OTHERS] = network.names
        self.daemon.ask({file: name_lines(names64(pairs)) for file, pairs in known.items()})
        if not network.dns64:
            self.daemon.stop()
            return
        text = config(network, self.daemon.folder)
        if text != self._config:
            self.daemon.stop()
        self.daemon.tell()
        if not self.daemon.lives:
            wait(lambda: names.DNS64_PORT not in listening(), "dnsmasq for DNS64 does not end")
            start(self.daemon, text, {names.DNS64_PORT})
            self._config = text
