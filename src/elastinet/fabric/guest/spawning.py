"""The agent's side of the spawner: requests out, and who waits for which process."""

import itertools
import json
import os
import socket
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from elastinet.fabric.contract.protocol import SPACE, attach, received
from elastinet.fabric.guest import rootfs, spawner
from elastinet.fabric.guest.contents import Contents
from elastinet.fabric.guest.room import GuestLimits
from elastinet.fabric.kernel.loop import Call, Concern, Lost, complain

Told = Callable[[dict[str, Any]], None]
"""Gets each fact about a process: its pid, the stages of its start, an error, its exit status.

One fact is of descriptors, `fds`: the other ends of the program's, which belong to who gets them.
"""


RELAY = -1
"""The tag of all relays: nobody waits for one, and it tells errors only."""


def fork_spawner(image: rootfs.RootImage, contents: Contents, work: spawner.Work) -> socket.socket:
    """Fork the spawner; call this before anything large is imported."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, spawner.BUFFER)
    if not os.fork():
        ours.close()
        spawner.main(theirs, image, contents, work)
    theirs.close()
    return ours


def _call(call: Call, about: Concern) -> None:
    call()


class Spawning:
    """Requests to the spawner, and the callbacks of those who asked."""

    def __init__(self, connection: socket.socket, attempt: Callable[[Call, Concern], object] = _call) -> None:
        """`attempt` calls back, and sees to a fault of whom the call is about."""
        self.connection = connection
        self._buffer = bytearray(spawner.BUFFER)
        self._attempt = attempt
        self._tags = itertools.count(1)
        self._waiting: dict[int, tuple[Told, Concern]] = {}
        self._tags_by_pid: dict[int, int] = {}

    def boot(
        self,
        disk: str,
        hostname: str,
        own_names: str,
        room: GuestLimits,
        told: Told,
        pids: float = 0,
        about: Concern = None,
        user: str = "",
        key: str = "",
        layers: Sequence[str] = (),
        first: str = "auto",
    ) -> None:
        """Start a guest's init on a disk; `pids` is the share of all process ids below its own.

        `own_names` is its line of hosts(5), for a new disk, as is the `key` that opens the `user`'s account;
        `layers` are the contents of its image, `first` is the first process that it asks for.
        """
        named = {
            "hostname": hostname,
            "own_names": own_names,
            "user": user,
            "key": key,
            "layers": list(layers),
            "first": first,
        }
        self._ask(told, (), about, disk=disk, **named, room=room.told(), pids=pids)

    def run(
        self,
        init: int,
        argv: Sequence[str],
        kinds: Sequence[str],
        told: Told,
        sent: Sequence[int] = (),
        about: Concern = None,
        **options: Any,
    ) -> None:
        """Start a program inside the guest whose init is given; `ends` says what its descriptors are."""
        self._ask(told, sent, about, init=init, argv=list(argv), ends=list(kinds), **options)

    def relay(self, fds: Sequence[int]) -> None:
        """Start a relay between two ends; its end is seen by what goes with it. Any thread may ask."""
        self.connection.sendmsg([json.dumps({"tag": RELAY, "relay": True}).encode()], attach(tuple(fds)))

    def share(self, init: int, leave: str, join: str, layers: Iterable[str], told: Told) -> None:
        """Take the guest whose init is given out of the memory at one path and into that at another.

        `layers` are the overlays that it was born with.
        """
        self._ask(told, (), None, share=[init, leave, join, list(layers)])

    def work(self, asked: dict[str, Any], fds: Sequence[int], told: Told) -> None:
        """Start a process that makes the content of an image."""
        self._ask(told, fds, None, work=asked)

    def _ask(self, told: Told, fds: Sequence[int], about: Concern, **request: Any) -> None:
        tag = next(self._tags)
        self._waiting[tag] = told, about
        data = json.dumps({"tag": tag, **request}).encode()
        try:
            self.connection.sendmsg([data], attach(tuple(fds)))
        except OSError as error:
            del self._waiting[tag]
            told({"error": f"the request was refused: {error.strerror}"})

    def hear(self) -> None:
        """Take one fact from the spawner and give it to who waits for it."""
        size, ancillary, _, _ = self.connection.recvmsg_into([self._buffer], SPACE, socket.MSG_CMSG_CLOEXEC)
        if not size:
            raise Lost("the spawner has ended")
        fact = json.loads(self._buffer[:size])
        if "ends" in fact:
            fact["fds"] = received(ancillary)
        if fact.get("tag") == RELAY:
            complain(f"a relay: {fact['error']}")
            return
        tag = self._tags_by_pid.pop(fact["exit"], 0) if "exit" in fact else fact["tag"]
        told, about = self._waiting.get(tag, (None, None))
        if "pid" in fact:
            self._tags_by_pid[fact["pid"]] = tag
        elif "exit" in fact or (tag not in self._tags_by_pid.values() and "error" in fact):
            self._waiting.pop(tag, None)
        if told:
            self._attempt(partial(told, fact), about)
        else:
            for fd in fact.get("fds", ()):  # who would have had them has ended meanwhile
                os.close(fd)
