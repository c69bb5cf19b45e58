"""The DHCP server and resolver of a VPC: one dnsmasq, told of hosts through folders that it watches."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from elastinet.catalog.aws_endpoints import DOMAINS
from elastinet.catalog.network import JUMBO_MTU
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Interface, Network
from elastinet.fabric.kernel import features
from elastinet.fabric.router.daemon import Daemon, listening, wait

Names = Iterable[tuple[str, str]]
"""Names with the address of each."""

LEASE_SECONDS = 3600
MTU_OPTION = 26
DNS_PORT, DHCP_PORT, DHCP6_PORT = 53, 67, 547
DUID = "1,00:01"
MOST_LEFT = 10_000
POWERS = ("net_admin", "net_raw", "net_bind_service")
EVERYWHERE = ("no-resolv", "no-hosts", "user=root", "pid-file=", f"except-interface={names.IGW_LINK}")
ASKS_NOBODY = ("local=/#/", "local-ttl=60")
OURS = ("internal", *DOMAINS)
"""Domains whose names are known here or nowhere."""
ASKS = (
    *(f"local=/{domain}/" for domain in OURS),
    "domain-needed",
    "bogus-priv",
    "local-ttl=60",
)
"""What nobody here has is asked of the machine's resolver, by the engine."""
ASKED_AT = "server=127.0.0.1#{}"
OTHERS = "names/others"
"""The file of the names that are not of interfaces in instances."""
FIXED = (
    *EVERYWHERE,
    "no-ping",
    "quiet-dhcp",
    "dhcp-authoritative",
    "leasefile-ro",
    "dhcp-lease-max=100000",
)


def config(network: Network, folder: Path, *, on_link: bool) -> str:
    """Write dnsmasq's configuration for a network; `on_link` if neighbours are found in IPv6. Pure."""
    lines = [
        *FIXED,
        f"dhcp-hostsdir={folder}/hosts",
        f"dhcp-option-force={MTU_OPTION},{JUMBO_MTU}",
        f"dhcp-option=option:dns-server,{network.dns}".rstrip(","),
        f"dhcp-option=option:ntp-server,{network.ntp or names.NTP_ADDRESS}",
        *_resolver(network, folder),
    ]
    if network.domain:
        lines.append(f"dhcp-option=option:domain-name,{network.domain}")
    for number, subnet in enumerate(subnet for subnet in network.subnets if subnet.cidr):
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
    """The resolver knows its network's names; of others it knows that there are none, or it asks."""
    if not network.resolver:
        return ("port=0",)
    asks = elsewhere(network, names.QUESTIONS_PORT)
    known = (f"hostsdir={folder}/names", *asks, *wild_lines(network.names))
    return known if network.cidrs6 else (*known, "filter-AAAA")


def elsewhere(network: Network, port: int) -> tuple[str, ...]:
    """How a resolver finds names that nobody here has: it asks the engine at a port, or there are none."""
    return (ASKED_AT.format(port), *ASKS) if network.asks else ASKS_NOBODY


def _mask(prefix: int) -> str:
    bits = (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF
    return ".".join(str(bits >> shift & 255) for shift in (24, 16, 8, 0))


def host_line(interface: Interface) -> str:
    """The line of dnsmasq's DHCP hosts for an interface: primary addresses, by its MAC on its link."""
    known = [interface.mac, f"tag:{names.host_link(interface.id)}"]
    known += [*interface.addresses[:1], *(f"[{six}]" for six in interface.addresses6[:1])]
    known += [f"ip-{address.replace('.', '-')}" for address in interface.addresses[:1]]
    return f"{','.join(known)},{LEASE_SECONDS}\n"


def name_lines(names: Names) -> str:
    """The lines of dnsmasq's hosts file for some names, which also serve reverse lookups."""
    return "".join(f"{address} {name}\n" for name, address in names if not name.startswith("*."))


def wild_lines(names: Names) -> Iterator[str]:
    """The lines of dnsmasq's configuration for names that stand for all names of a domain.

    That there is nothing else in the domain has to be said: else a question for the other family's address is
    answered as if the name were not there.
    """
    wild = [(name.removeprefix("*."), address) for name, address in names if name.startswith("*.")]
    yield from (f"address=/{domain}/{address}" for domain, address in wild)
    yield from (f"local=/{domain}/" for domain in dict.fromkeys(domain for domain, _ in wild))


def _files(id: str, interface: Interface | None) -> dict[str, str]:
    """The files about an interface; an empty one is none."""
    return {
        f"hosts/{id}": host_line(interface) if interface else "",
        f"names/{id}": name_lines(interface.names) if interface else "",
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
    """A network's dnsmasq: its configuration, the hosts and the names it was told of.

    Its methods run in the network's worker thread, so that the process is born in that namespace.
    """

    def __init__(self, network: str, user: int | None = None) -> None:
        self.daemon = Daemon(network, "dnsmasq", POWERS, user)
        for folder in ("hosts", "names"):
            self.daemon.make_folder(folder)
        self._config = ""
        self._ports: set[int] = set()
        self._leases = Leases()

    def keep(self, network: Network, interfaces: Mapping[str, Interface | None], *, on_link: bool) -> None:
        """Have the server run with this configuration and these changes of hosts."""
        for id, interface in interfaces.items():
            self.daemon.ask(_files(id, interface))
        self.daemon.ask({OTHERS: name_lines(network.names)})
        self._leases.change(interfaces)
        text = config(network, self.daemon.folder, on_link=on_link)
        if self.daemon.lives and (text != self._config or self._leases.withhold):
            self.stop()
        self.daemon.tell()
        if not self.daemon.lives:
            self._start(text)

    def _start(self, text: str) -> None:
        """Start the process and wait until it listens, so that no client asks in vain."""
        self._ports = {DHCP_PORT} if "dhcp-range=set:" in text else set()
        self._ports |= {DNS_PORT} if "port=0" not in text else set()
        self._ports |= {DHCP6_PORT} if "enable-ra" in text else set()
        start(self.daemon, text, self._ports)
        self._config = text
        self._leases.forget()

    def stop(self) -> None:
        """End the process, and wait until its ports are free for the next."""
        if self.daemon.lives:
            self.daemon.stop()
            wait(lambda: not self._ports & listening(), "dnsmasq does not end")

    def remove(self) -> None:
        """End the process and forget its files."""
        try:
            self.stop()
        finally:
            self.daemon.remove()


def start(daemon: Daemon, text: str, ports: set[int]) -> None:
    """Start a dnsmasq with a configuration, and wait until it listens on these UDP ports."""
    path = daemon.write("dnsmasq.conf", text + _silence(features.find("dnsmasq") or ""))
    daemon.start("dnsmasq", "-d", "-C", str(path))
    daemon.wait(lambda: ports <= listening(), "dnsmasq does not listen")


@cache
def _silence(program: str) -> str:
    """Have dnsmasq tell nobody what it is and what it has been asked, if it is one that can be told so.

    The names of its options are in its file; one before 2.87 would not start with this one.
    """
    return "no-ident\n" if program and b"no-ident" in Path(program).read_bytes() else ""
