"""Sockets that instances are answered on by the engine: opened in a namespace by its worker."""

import socket
from collections.abc import Callable
from typing import Literal

from elastinet.fabric.compile.items import LinkAddress
from elastinet.fabric.contract import names
from elastinet.fabric.contract.messages import Port
from elastinet.fabric.kernel import sysctls

IP_FREEBIND = 15
BACKLOG = 1024
Family = Literal["ipv4", "ipv6"]
Place = tuple[Family, Port]
METADATA6: Place = ("ipv6", 80)
FAMILIES: dict[Family, int] = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
METADATA: dict[Family, str] = {"ipv4": names.METADATA_ADDRESS, "ipv6": names.METADATA_ADDRESS6}
ENDPOINTS: dict[Family, tuple[str, int]] = {
    "ipv4": (names.API_ADDRESS, 32),
    "ipv6": (names.API_ADDRESS6, 128),
}
PORTS: tuple[Port, ...] = (80, 443)
Sockets = dict[Place, socket.socket]


def metadata(family: Family) -> Sockets:
    """Open the metadata service's socket."""
    return {(family, 80): _listen(family, METADATA[family], 80)}


def endpoints(give: Callable[[LinkAddress], None]) -> Sockets:
    """Give the namespace the addresses of AWS's endpoints, and open their sockets; all or none."""
    opened: Sockets = {}
    try:
        for family in _families():
            address, prefix = ENDPOINTS[family]
            give(LinkAddress("lo", address, prefix))
            opened |= {(family, port): _listen(family, address, port) for port in PORTS}
    except OSError:
        for listener in opened.values():
            listener.close()
        raise
    return opened


def _families() -> list[Family]:
    """The families that this kernel has."""
    return ["ipv4", "ipv6"] if sysctls.read("ipv6/conf/all/disable_ipv6") else ["ipv4"]


def _listen(family: Family, address: str, port: int) -> socket.socket:
    """Listen at an address in this thread's namespace, which may not be there yet."""
    listener = socket.socket(FAMILIES[family], socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    listener.bind((address, port))
    listener.listen(BACKLOG)
    return listener
