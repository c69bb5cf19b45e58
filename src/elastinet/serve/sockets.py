"""Listening sockets of the agent's; an open one keeps a namespace alive, so each is closed in time."""

import asyncio
import socket
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

BACKLOG = 4096
"""So many may ask for a connection at once: one guest's many leave room for the others of its VPC."""
K = TypeVar("K", bound=Hashable)


class Sockets(Generic[K]):
    """Those that are answered on, by what each is for."""

    def __init__(self) -> None:
        self._servers: dict[K, asyncio.Server] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, key: K, listener: socket.socket, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Answer on a socket from now on, and no more on the one that was there for the same."""
        self.close(lambda known: known == key)
        task = asyncio.get_running_loop().create_task(self._serve(key, listener, protocol))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, key: K, listener: socket.socket, protocol: Callable[[], asyncio.Protocol]) -> None:
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        self._servers[key] = await loop.create_server(protocol, sock=listener, backlog=BACKLOG)

    def close(self, is_meant: Callable[[K], bool]) -> None:
        """Answer no more on some of them."""
        for key in [key for key in self._servers if is_meant(key)]:
            self._servers.pop(key).close()
