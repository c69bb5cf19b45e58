"""Sockets that instances are answered on by the engine: opened in a namespace by its worker."""

import socket
from typing import Literal

from elastinet.fabric.contract import names
from elastinet.fabric.contract.messages import Port

BACKLOG = 1024
Family = Literal["ipv4", "ipv6"]
Place = tuple[Family, Port]
METADATA6: Place = ("ipv6", 80)
FAMILIES: dict[Family, int] = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
METADATA: dict[Family, str] = {"ipv4": names.METADATA_ADDRESS, "ipv6": names.METADATA_ADDRESS6}
PORTS: tuple[Port, ...] = (80, 443)
Sockets = dict[Place, socket.socket]


def metadata(family: Family) -> Sockets:
    """Open the metadata service's socket."""
    return {(family, 80): _listen(family, METADATA[family], 80)}


def endpoints(address: str) -> Sockets:
    """Open the sockets of AWS's endpoints at an address of theirs."""
    family: Family = "ipv6" if ":" in address else "ipv4"
    return {(family, port): _listen(family, address, port) for port in PORTS}


def _listen(family: Family, address: str, port: int) -> socket.socket:
    """Listen at an address in this thread's namespace, which may not be there yet."""
    listener = socket.socket(FAMILIES[family], socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IP, names.IP_FREEBIND, 1)
    listener.bind((address, port))
    listener.listen(BACKLOG)
    return listener
