"""The metadata service's sockets: one per VPC and family, opened by the agent inside the VPC's namespace."""

import socket
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from elastinet.imds.service import MetadataService, application
from elastinet.serve.connections import Bounds, Connections
from elastinet.serve.guarded import GuardedProtocol
from elastinet.serve.sockets import Sockets

HOPS = {
    socket.AF_INET: (socket.IPPROTO_IP, socket.IP_TTL),
    socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
}


class MetadataProtocol(GuardedProtocol):
    """HTTP on one connection of an instance; the hop limit is the IP TTL of what is sent over it."""

    def __init__(
        self, service: MetadataService, vpc_id: str, config: uvicorn.Config, room: Connections
    ) -> None:
        super().__init__(config, ServerState(), {}, room=room)
        self._service, self._vpc_id = service, vpc_id

    def connection_made(self, transport: Any) -> None:
        """Answer this connection by the VPC that it came from."""

        def hop(limit: int) -> None:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(*HOPS[connection.family], limit)

        self.app = application(self._service, self._vpc_id, hop)
        self.caller = self._who(transport.get_extra_info("peername"))
        super().connection_made(transport)

    def _who(self, peer: tuple[str, int] | None) -> str:
        """The instance at the other end, whichever of its addresses it has come by, or the VPC."""
        instance = self._service.caller(self._vpc_id, peer[0]) if peer else None
        return instance.id if instance else self._vpc_id


class Listeners:
    """The open sockets by VPC and family."""

    def __init__(self, service: MetadataService, bounds: Bounds) -> None:
        self._service = service
        self._room = Connections(bounds)
        self._sockets: Sockets[tuple[str, str]] = Sockets()
        self._config = uvicorn.Config(
            application, lifespan="off", log_config=None, access_log=False, server_header=False, ws="none"
        )
        self._config.load()

    def open(self, vpc_id: str, family: str, listener: socket.socket) -> None:
        """Serve a VPC's instances from a listening socket."""

        def protocol() -> MetadataProtocol:
            return MetadataProtocol(self._service, vpc_id, self._config, self._room)

        self._sockets.open((vpc_id, family), listener, protocol)

    def close(self, vpc_id: str) -> None:
        """Stop serving a VPC."""
        self._sockets.close(lambda key: key[0] == vpc_id)

    def close_all(self) -> None:
        """Stop serving everybody."""
        self._sockets.close(lambda _: True)
