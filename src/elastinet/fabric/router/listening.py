"""Sockets that instances are answered on by the engine: opened in a namespace by its worker."""

import socket
from typing import Literal, NamedTuple

from elastinet.fabric.contract import names
from elastinet.fabric.contract.messages import Listener, Port

BACKLOG = 1024
Family = Literal["ipv4", "ipv6"]


class Place(NamedTuple):
    """What a socket is for, within its namespace."""

    family: Family
    port: Port
    udp: bool = False
    api: bool = False

    def told(self, namespace: str) -> Listener:
        """What the engine is told of the socket."""
        return Listener(namespace, self.port, self.family, self.udp, self.api)


METADATA6 = Place("ipv6", 80)
QUESTIONS = (Place("ipv4", 5365), Place("ipv4", 5365, udp=True))
QUESTIONS64 = (Place("ipv4", 5366), Place("ipv4", 5366, udp=True))
LOOPBACK = "127.0.0.1"
FAMILIES: dict[Family, int] = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
METADATA: dict[Family, str] = {"ipv4": names.METADATA_ADDRESS, "ipv6": names.METADATA_ADDRESS6}
PORTS: tuple[Port, ...] = (80, 443)
EVERYWHERE: dict[Family, str] = {"ipv4": "0.0.0.0", "ipv6": "::"}
"""All addresses of a namespace in which nobody else listens."""
Sockets = dict[Place, socket.socket]


def metadata(family: Family) -> Sockets:
    """Open the metadata service's socket."""
    return {Place(family, 80): _listen(family, METADATA[family], 80)}


def endpoints(address: str) -> Sockets:
    """Open the sockets of AWS's endpoints at an address of theirs."""
    family: Family = "ipv6" if ":" in address else "ipv4"
    return {Place(family, port, api=True): _listen(family, address, port) for port in PORTS}


def questions(places: tuple[Place, Place]) -> Sockets:
    """Open the sockets of a resolver's questions for names that it does not know."""
    stream, datagrams = places
    opened: Sockets = {stream: _listen(stream.family, LOOPBACK, stream.port)}
    try:
        opened[datagrams] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        opened[datagrams].bind((LOOPBACK, datagrams.port))
    except OSError:
        for one in opened.values():
            one.close()
        raise
    return opened


def _listen(family: Family, address: str, port: int) -> socket.socket:
    """Listen at an address in this thread's namespace, which may not be there yet."""
    listener = socket.socket(FAMILIES[family], socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IP, names.IP_FREEBIND, 1)
    if family == "ipv6":
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((address, port))
    listener.listen(BACKLOG)
    return listener
