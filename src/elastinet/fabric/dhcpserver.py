"""The DHCP server of a VPC: one dnsmasq in the foreground, told of hosts through a folder it watches."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from elastinet.fabric import features, isolate, names
from elastinet.fabric.objects import Interface, Network

LEASE_SECONDS = 3600
MTU_OPTION = 26
START_SECONDS = 5.0
NTP_ADDRESS = "169.254.169.123"
SILENT = (
    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0),
    (os.POSIX_SPAWN_DUP2, 0, 1),
    (os.POSIX_SPAWN_DUP2, 0, 2),
)
FIXED = (
    "port=0",
    "no-resolv",
    "no-hosts",
    "no-ping",
    "quiet-dhcp",
    "dhcp-authoritative",
    "leasefile-ro",
    "user=root",
    "pid-file=",
    "dhcp-lease-max=100000",
)


def config(network: Network, folder: Path) -> str:
    """Write dnsmasq's configuration for a network. Pure."""
    lines = [
        *FIXED,
        f"except-interface={names.IGW_LINK}",
        f"dhcp-hostsdir={folder}/hosts",
        f"dhcp-option-force={MTU_OPTION},9001",
        f"dhcp-option=option:dns-server,{network.dns}",
        f"dhcp-option=option:ntp-server,{NTP_ADDRESS}",
    ]
    if network.domain:
        lines.append(f"dhcp-option=option:domain-name,{network.domain}")
    for number, subnet in enumerate(network.subnets):
        base, _, prefix = subnet.cidr.partition("/")
        lines.append(f"dhcp-range=set:s{number},{base},static,{_mask(int(prefix))},{LEASE_SECONDS}")
        lines.append(f"dhcp-option=tag:s{number},option:router,{subnet.gateway}")
    return "\n".join(lines) + "\n"


def _mask(prefix: int) -> str:
    bits = (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF
    return ".".join(str(bits >> shift & 255) for shift in (24, 16, 8, 0))


def host_line(interface: Interface) -> str:
    """What the server knows of an interface: its primary address, by its MAC."""
    address = interface.addresses[0]
    return f"{interface.mac},{address},ip-{address.replace('.', '-')},{LEASE_SECONDS}\n"


class DhcpServer:
    """A network's dnsmasq: its process, its configuration and the hosts it was told of.

    Its methods run in the network's worker thread, so that the process is born in that namespace.
    """

    def __init__(self, network: str) -> None:
        self.pid = 0
        self._folder = Path(isolate.PRIVATE, network)
        (self._folder / "hosts").mkdir(parents=True)
        self._config = ""
        self._hosts: dict[str, str] = {}
        self._asked: dict[str, str | None] = {}

    def keep(self, network: Network, interfaces: Mapping[str, Interface | None]) -> None:
        """Have the server run with this configuration and these changes of hosts."""
        self._asked |= {id: host_line(item) if item else None for id, item in interfaces.items()}
        if not _lives(self.pid):
            self.pid = 0
        text = config(network, self._folder)
        if text != self._config:
            self.stop()
        if self._tell() and self.pid:
            os.kill(self.pid, signal.SIGHUP)
        if not self.pid:
            self._start(text)

    def _tell(self) -> bool:
        """Write what changed; additions are noticed by themselves, true when something must be unlearnt."""
        unlearn = False
        while self._asked:
            id, line = next(iter(self._asked.items()))
            told = self._hosts.get(id)
            if line is None and told:
                (self._folder / "hosts" / id).unlink()
            elif line and line != told:
                fresh = self._folder / id
                fresh.write_text(line)
                fresh.rename(self._folder / "hosts" / id)
            unlearn |= bool(told) and line != told
            self._hosts[id] = line or ""
            del self._asked[id]
        return unlearn

    def _start(self, text: str) -> None:
        """Start the process and wait until it listens, so that no client asks in vain."""
        program = features.find("dnsmasq")
        if program is None:
            raise OSError("dnsmasq is not installed")
        path = self._folder / "dnsmasq.conf"
        path.write_text(text)
        self.pid = os.posix_spawn(program, [program, "-d", "-C", str(path)], {}, file_actions=SILENT)
        self._config = text
        pid = self.pid
        _wait(lambda: _listens() or not _lives(pid), "dnsmasq does not listen")
        if not _lives(pid):
            self.pid = 0
            raise OSError("dnsmasq ended at once")

    def stop(self) -> None:
        """End the process, and wait until its port is free for the next; the agent reaps it."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            _wait(lambda: not _listens(), "dnsmasq does not end")
        self.pid = 0

    def remove(self) -> None:
        """End the process and forget its files."""
        self.stop()
        shutil.rmtree(self._folder)


def _lives(pid: int) -> bool:
    """Whether a process runs, and is not only waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait(true: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise OSError(f"{complaint} within {START_SECONDS:.0f} s")
        time.sleep(0.002)


def _listens() -> bool:
    """Whether something in this namespace listens on the DHCP server's port."""
    sockets = Path("/proc/thread-self/net/udp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(":0043") for line in sockets)
