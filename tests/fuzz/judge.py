"""What must be as before, whatever a door is sent: processes, log, memory, the state, and what a neighbour gets."""

import contextlib
import random
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from elastinet.fabric.contract.client import AgentGone
from elastinet.serve.logs import path_of
from elastinet.serve.places import runtime_folder
from family import children
from frames import address, received
from fuzz.dns_door import labels
from fuzz.place import METADATA, Place
from leases import DISCOVER, SOLICIT, answer, message, message6
from region_seen import differences, everything

COMPLAINTS = ("Traceback", "has a fault", "is started again")
MOST_LOG_BYTES, SPARE_BYTES = 256 << 10, 48 << 20
PATIENCE_SECONDS = 30


class Part(NamedTuple):
    """A process of the server: its name, and what tells it from another with the same id."""

    name: str
    pid: int
    began: str


class Judge:
    """Remembers how it was at the beginning, and compares."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.log = path_of(place.world.state, runtime_folder(place.world.port))
        self.parts = parts(place.world.pid)
        names = {part.name for part in self.parts}
        assert {"engine", "agent", "dnsmasq"} <= names, names
        self.memory = {part: resident(part.pid) for part in self.parts}
        self.region = everything(place.world.ec2)
        self.check()
        self.logged = self.log.stat().st_size

    def check(self) -> None:
        """All parts live and are the same, and the neighbour is served as ever."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (now := parts(self.place.world.pid)) != self.parts:  # one may be overlooked, none comes back
            assert time.monotonic() < end, (self.parts ^ now, self._log()[-4000:])
            time.sleep(0.05)
        said = self._log()
        assert not any(word in said for word in COMPLAINTS), said[-8000:]
        self._serve_the_neighbour()

    def check_whole(self) -> str:
        """What costs more, in the end; gives the figures."""
        self.check()
        assert not differences(self.region, everything(self.place.world.ec2))
        grown = self.log.stat().st_size - self.logged
        assert grown < MOST_LOG_BYTES, self._log()[-2000:]
        figures = []
        for part, before in sorted(self.memory.items()):
            now = resident(part.pid)
            assert now < 2 * before + SPARE_BYTES, (part, before, now)
            figures.append(f"{part.name} {before >> 20} to {now >> 20} MiB")
        return f"log + {grown} bytes; {', '.join(figures)}"

    def _log(self) -> str:
        return self.log.read_text(errors="replace")

    def _serve_the_neighbour(self) -> None:
        """Metadata, names, a lease and packets; what is lost on a busy machine is asked for again."""
        end = time.monotonic() + PATIENCE_SECONDS
        for service in (self._metadata, self._name, self._lease, self._lease6, self._packets):
            while not self._is_served(service):
                assert time.monotonic() < end, f"the neighbour has no {service.__name__.strip('_')} any more"
                time.sleep(0.2)

    def _is_served(self, service: Callable[[], bool]) -> bool:
        """Whether the neighbour has a service at the moment; who is not heard in time has none."""
        with contextlib.suppress(OSError, AgentGone):
            return service()
        return False

    def _metadata(self) -> bool:
        place = self.place
        with place.connected(place.neighbour, METADATA, 80) as asked:
            asked.sendall(b"GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: x\r\n\r\n")
            found = b"".join(iter(lambda: asked.recv(65536), b""))
        return found.startswith(b"HTTP/1.1 200") and found.endswith(place.neighbour.id.encode())

    def _name(self) -> bool:
        place, id = self.place, random.randbytes(2)
        name = labels(f"ip-{place.hostile.ip.replace('.', '-')}.ec2.internal")
        with place.connected(place.neighbour, place.resolver, 53, udp=True) as asked:
            asked.settimeout(2)
            asked.send(id + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1))
            return asked.recv(4096).endswith(socket.inet_aton(place.hostile.ip))

    def _lease(self) -> bool:
        place = self.place
        with place.link(place.neighbour) as link:
            link.send(message(DISCOVER, place.neighbour.mac, place.neighbour.mac))
            offered = answer(link, 2)
        return offered is not None and offered[0] == place.neighbour.ip

    def _lease6(self) -> bool:
        place = self.place
        with place.link(place.neighbour) as link:
            link.send(message6(SOLICIT, place.neighbour.local, place.neighbour.mac))
            return address(place.neighbour.ip6) in b"".join(received(link, 0.3))

    def _packets(self) -> bool:
        own, others = self.place.neighbour, self.place.hostile
        script = f"ping -n -c1 -W2 {others.ip} && ping -n -c1 -W2 {others.ip6}"
        return bool(self.place.world.sh(own.id, script).returncode == 0)


def parts(supervisor: int) -> set[Part]:
    """The engine, the agent and all dnsmasq of a server; what they fork for a moment is not counted."""
    found = set()
    waiting = [(supervisor, "")]
    while waiting:
        pid, parent = waiting.pop()
        try:
            words = Path(f"/proc/{pid}/cmdline").read_text()
            began = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
            waiting += [(child, _name_of(words)) for child in children(pid)]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if (name := _name_of(words)) not in ("", parent):
            found.add(Part(name, pid, began))
    return found


def _name_of(words: str) -> str:
    known = {
        "elastinet.serve.server": "engine",
        "elastinet.fabric.agent.agent": "agent",
        "dnsmasq.conf": "dnsmasq",
    }
    return next((name for word, name in known.items() if word in words), "")


def resident(pid: int) -> int:
    """How much memory a process has, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) << 10
