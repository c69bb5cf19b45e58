"""AWS's endpoints, on the internet and in VPCs: calls of the API, no page of elastinet's own."""

import asyncio
import socket
import uuid
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from elastinet.fabric.contract.messages import Listener
from elastinet.serve.admission import Admission
from elastinet.serve.api import Api, Asked
from elastinet.serve.bodies import Receive
from elastinet.serve.connections import Bounds, Connections
from elastinet.serve.one_write import api_protocol
from elastinet.serve.reply import Scope, Send, send_reply
from elastinet.serve.sockets import Sockets
from elastinet.serve.tls import behind

HTTPS = 443


class EndpointApplication:
    """The ASGI application: it has calls that an instance's role has signed, and no pages."""

    def __init__(self, api: Api, admission: Admission) -> None:
        self._api, self._admission = api, admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request_id = str(uuid.uuid4())
        try:
            answer = await self._api.answer(Asked(scope, request_id), receive, self._admission)
        except ConnectionAbortedError:
            return
        await send_reply(send, answer, request_id)


class Endpoints:
    """The sockets that the agent has opened for them, with TLS and without."""

    def __init__(self, application: EndpointApplication, tls: Path, bounds: Bounds) -> None:
        self._config = uvicorn.Config(
            application, lifespan="off", log_config=None, access_log=False, server_header=False, ws="none",
            proxy_headers=False, timeout_keep_alive=75,
        )  # fmt: skip
        self._config.load()
        self._tls, self._room = tls, Connections(bounds)
        self._sockets: Sockets[tuple[str, str, int]] = Sockets()

    def open(self, fact: Listener, listener: socket.socket) -> None:
        """Answer on a socket; callers at two endpoints are two, though they may have the same address."""
        protocol: Any = api_protocol(self._room, fact.network)
        if fact.port == HTTPS:
            protocol = behind(protocol, self._tls, self._room, fact.network)

        def made() -> asyncio.Protocol:
            connection: asyncio.Protocol = protocol(self._config, ServerState(), {})
            return connection

        self._sockets.open((fact.network, fact.family, fact.port), listener, made)

    def close(self, network: str) -> None:
        """Answer no more at an interface endpoint."""
        self._sockets.close(lambda key: key[0] == network)

    def close_all(self) -> None:
        """Answer nobody any more."""
        self._sockets.close(lambda _: True)
