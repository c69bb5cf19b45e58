"""The DHCP server and resolver of a VPC: one dnsmasq, told of hosts through folders that it watches."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from elastinet.catalog.network import JUMBO_MTU
from elastinet.deletion import remove_tree
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Interface, Network
from elastinet.fabric.kernel import features, isolate, kernel, privileges

LEASE_SECONDS = 3600
MTU_OPTION = 26
DNS_PORT, DHCP_PORT, DHCP6_PORT = "0035", "0043", "0223"
DUID = "1,00:01"
START_SECONDS = 5.0
MOST_LEFT = 10_000
POWERS = ("net_admin", "net_raw", "net_bind_service")
NTP_ADDRESS = "169.254.169.123"
SILENT = (
    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0),
    (os.POSIX_SPAWN_DUP2, 0, 1),
    (os.POSIX_SPAWN_DUP2, 0, 2),
)
FIXED = (
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


def config(network: Network, folder: Path, *, on_link: bool) -> str:
    """Write dnsmasq's configuration for a network; `on_link` if neighbours are found in IPv6. Pure."""
    lines = [
        *FIXED,
        f"except-interface={names.IGW_LINK}",
        f"dhcp-hostsdir={folder}/hosts",
        f"dhcp-option-force={MTU_OPTION},{JUMBO_MTU}",
        f"dhcp-option=option:dns-server,{network.dns}".rstrip(","),
        f"dhcp-option=option:ntp-server,{network.ntp or NTP_ADDRESS}",
        *_resolver(network, folder),
    ]
    if network.domain:
        lines.append(f"dhcp-option=option:domain-name,{network.domain}")
    for number, subnet in enumerate(network.subnets):
        base, _, prefix = subnet.cidr.partition("/")
        lines.append(f"dhcp-range=set:s{number},{base},static,{_mask(int(prefix))},{LEASE_SECONDS}")
        lines.append(f"dhcp-option=tag:s{number},option:router,{subnet.gateway}")
    return "\n".join([*lines, *_ipv6(network, on_link)]) + "\n"


def _ipv6(network: Network, on_link: bool) -> Iterator[str]:
    """Router advertisements and DHCPv6: addresses are told, and whether a subnet's others are on the link."""
    blocks = [subnet.cidr6 for subnet in network.subnets if subnet.cidr6]
    if not network.cidrs6 or not blocks:
        return
    yield from ("enable-ra", "quiet-ra", "quiet-dhcp6", f"dhcp-duid={DUID}")
    if network.resolver:
        yield f"dhcp-option=option6:dns-server,[{names.RESOLVER_ADDRESS6}]"
    if network.domain:
        yield f"dhcp-option=option6:domain-search,{network.domain}"
    for block in blocks:
        base, _, prefix = block.partition("/")
        yield f"dhcp-range={base},static,{'' if on_link else 'off-link,'}{prefix},{LEASE_SECONDS}"


def _resolver(network: Network, folder: Path) -> tuple[str, ...]:
    """The resolver knows its network's names, and of every other name that there is none: it asks nobody."""
    if not network.resolver:
        return ("port=0",)
    known = (f"hostsdir={folder}/names", "local=/#/", "local-ttl=60")
    return known if network.cidrs6 else (*known, "filter-AAAA")


def _mask(prefix: int) -> str:
    bits = (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF
    return ".".join(str(bits >> shift & 255) for shift in (24, 16, 8, 0))


def host_line(interface: Interface) -> str:
    """The line of dnsmasq's DHCP hosts for an interface: primary addresses, by its MAC on its link."""
    address, link = interface.addresses[0], names.host_link(interface.id)
    known = [interface.mac, f"tag:{link}", address, *(f"[{six}]" for six in interface.addresses6[:1])]
    return f"{','.join(known)},ip-{address.replace('.', '-')},{LEASE_SECONDS}\n"


def name_lines(interface: Interface) -> str:
    """The lines of dnsmasq's hosts file for an interface, which also serve reverse lookups."""
    return "".join(f"{address} {name}\n" for name, address in interface.names)


def _files(id: str, interface: Interface | None) -> dict[str, str]:
    """The files about an interface; an empty one is none."""
    return {
        f"hosts/{id}": host_line(interface) if interface else "",
        f"names/{id}": name_lines(interface) if interface else "",
    }


class Leases:
    """Addresses that a process may have leased to interfaces which are gone.

    It lets nobody else have them until the lease is over, and forgets a lease only when it ends itself.
    """

    def __init__(self) -> None:
        self._known: dict[str, Interface] = {}
        self._left: dict[str, str] = {}
        self.withhold = False

    def change(self, interfaces: Mapping[str, Interface | None]) -> None:
        """Note who came, went and changed, and whether an address that somebody has left is now another's."""
        for before in [self._known.pop(id) for id in interfaces if id in self._known]:
            self._left |= dict.fromkeys(_leased(before), before.mac)
        for id, interface in interfaces.items():
            if interface is not None:
                self._known[id] = interface
                owners = {self._left.get(address, interface.mac) for address in _leased(interface)}
                self.withhold |= owners != {interface.mac}
        self.withhold |= len(self._left) > MOST_LEFT

    def forget(self) -> None:
        """Begin anew, as the process does."""
        self._left.clear()
        self.withhold = False


def _leased(interface: Interface) -> tuple[str, ...]:
    """The addresses that an interface is leased: its first of each family."""
    return (*interface.addresses[:1], *interface.addresses6[:1])


class DhcpServer:
    """A network's dnsmasq: its process, its configuration, the hosts and the names it was told of.

    Its methods run in the network's worker thread, so that the process is born in that namespace. It has an
    id of its own if there is one, and of all powers those over its network.
    """

    def __init__(self, network: str, user: int | None = None) -> None:
        self.pid = 0
        self._user = user
        self._folder = Path(isolate.PRIVATE, network)
        for folder in ("hosts", "names"):
            (self._folder / folder).mkdir(parents=True, exist_ok=True)
            self._give(self._folder / folder)
        self._give(self._folder)
        self._config = ""
        self._leases = Leases()
        self._told: dict[str, str] = {}
        self._asked: dict[str, str] = {}

    def keep(self, network: Network, interfaces: Mapping[str, Interface | None], *, on_link: bool) -> None:
        """Have the server run with this configuration and these changes of hosts."""
        for id, interface in interfaces.items():
            self._asked |= _files(id, interface)
        self._leases.change(interfaces)
        if not _lives(self.pid):
            self.pid = 0
        text = config(network, self._folder, on_link=on_link)
        if text != self._config or self._leases.withhold:
            self.stop()
        if self._tell() and self.pid:
            os.kill(self.pid, signal.SIGHUP)
        if not self.pid:
            self._start(text)

    def _tell(self) -> bool:
        """Write what changed; additions are noticed by themselves, true when something must be unlearnt."""
        unlearn = False
        while self._asked:
            path, text = next(iter(self._asked.items()))
            told = self._told.pop(path, "")
            if text and text != told:
                fresh = self._folder / "fresh"
                fresh.write_text(text)
                self._give(fresh)
                fresh.rename(self._folder / path)
            elif told and not text:
                (self._folder / path).unlink()
            unlearn |= bool(told) and text != told
            if text:
                self._told[path] = text
            del self._asked[path]
        return unlearn

    def _give(self, path: Path) -> None:
        """Let the process, and nobody else, read a file or a folder."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self._user is not None:
            os.chown(path, self._user, self._user)

    def _start(self, text: str) -> None:
        """Start the process and wait until it listens, so that no client asks in vain."""
        program = features.find("dnsmasq")
        if program is None:
            raise OSError("dnsmasq is not installed")
        path = self._folder / "dnsmasq.conf"
        path.write_text(text + _silence(program))
        self._give(path)
        command = [*privileges.confined(POWERS, self._user), program, "-d", "-C", str(path)]
        self.pid = os.posix_spawn(command[0], command, {}, file_actions=SILENT)
        self._config = text
        pid = self.pid
        ports = {DHCP_PORT} | ({DNS_PORT} if "port=0" not in text else set())
        ports |= {DHCP6_PORT} if "enable-ra" in text else set()
        _wait(lambda: ports <= _listening() or not _lives(pid), "dnsmasq does not listen")
        if not _lives(pid):
            self.pid = 0
            raise OSError("dnsmasq ended at once")
        self._leases.forget()

    def stop(self) -> None:
        """End the process, and wait until its port is free for the next; the agent reaps it."""
        if self.pid:
            kernel.end(self.pid)
            _wait(lambda: DHCP_PORT not in _listening(), "dnsmasq does not end")
        self.pid = 0

    def remove(self) -> None:
        """End the process and forget its files."""
        try:
            self.stop()
        finally:
            remove_tree(self._folder)


@cache
def _silence(program: str) -> str:
    """Have dnsmasq tell nobody what it is and what it has been asked, if it is one that can be told so.

    The names of its options are in its file; one before 2.87 would not start with this one.
    """
    return "no-ident\n" if b"no-ident" in Path(program).read_bytes() else ""


def _lives(pid: int) -> bool:
    """True if a process runs and is not a zombie."""
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


def _listening() -> set[str]:
    """The UDP ports on which something in this namespace listens, as the kernel writes them."""
    files = [path for name in ("udp", "udp6") if (path := Path("/proc/thread-self/net", name)).exists()]
    sockets = [line for path in files for line in path.read_text().splitlines()[1:]]
    return {line.split()[1].rpartition(":")[2] for line in sockets}
