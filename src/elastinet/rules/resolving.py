"""Names in a VPC's resolver (Route 53 Resolver), and its DHCP server's options (facts sheet, section 2)."""

from collections.abc import Iterator
from typing import NamedTuple

from elastinet.model.dhcp import AMAZON_DNS, DhcpOptions
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.model.vpc import Vpc
from elastinet.rules import addressing, naming
from elastinet.rules.interfaces import addresses_of, instance_id_of


class Lease(NamedTuple):
    """DHCP options of a lease beside addresses; servers are separated by commas."""

    dns: str
    domain: str
    ntp: str


def lease(state: State, vpc: Vpc) -> Lease:
    """The options that a VPC's DHCP server (IPv4) hands out."""
    options = state.get(DhcpOptions, vpc.dhcp_options_id)
    own = addressing.resolver(vpc.cidrs[0])
    if options is None:
        return Lease("", "", "")
    asked = _ipv4(options, "domain-name-servers")
    servers = [own if server == AMAZON_DNS else server for server in asked]
    domain = " ".join(options.values("domain-name"))
    return Lease(",".join(servers), domain, ",".join(_ipv4(options, "ntp-servers")))


def _ipv4(options: DhcpOptions, key: str) -> list[str]:
    return [server for server in options.values(key) if ":" not in server]


def resolver(vpc: Vpc) -> str:
    """The address of a VPC's own resolver, "" where it is turned off."""
    return addressing.resolver(vpc.cidrs[0]) if vpc.dns_support else ""


def names(state: State, interface: NetworkInterface) -> Iterator[tuple[str, str]]:
    """The (name, address) pairs that its VPC's resolver has of an interface; addresses are private."""
    vpc = state.need(Vpc, interface.vpc_id)
    if not vpc.dns_support:
        return
    yield from ((naming.private_dns(a, interface.region), a) for a in interface.addresses)
    yield from _by_resource(state, interface)
    if vpc.dns_hostnames:
        leading = {private: a.public_ip for private, a in addresses_of(state, interface).items()}
        if interface.public_ip:
            leading.setdefault(interface.primary, interface.public_ip)
        for private, public in leading.items():
            yield naming.public_dns(public, interface.region), private


def _by_resource(state: State, interface: NetworkInterface) -> Iterator[tuple[str, str]]:
    """An instance's name after its id leads to its primary interface, if it is to have one."""
    id, attachment = instance_id_of(interface), interface.attachment
    instance = state.get(Instance, id) if id else None
    if instance is None or attachment is None or (attachment.network_card, attachment.device_index) != (0, 0):
        return
    name = f"{instance.id}.{naming.private_domain(interface.region)}"
    if instance.resource_name_a_record and interface.addresses:
        yield name, interface.primary
    if instance.resource_name_aaaa_record and interface.addresses6:
        yield name, interface.addresses6[0]
