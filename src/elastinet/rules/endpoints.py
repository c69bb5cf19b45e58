"""The names of interface endpoints, and the addresses that they lead to."""

from collections.abc import Iterator

from elastinet.catalog.aws_endpoints import SERVICES
from elastinet.catalog.endpoint_services import WILD, EndpointService, find
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.model.vpc import Subnet, Vpc


def service_of(endpoint: VpcEndpoint) -> EndpointService:
    """The service that an endpoint is for."""
    return find(endpoint.region, endpoint.service_name)[endpoint.kind]


def is_answered(endpoint: VpcEndpoint) -> bool:
    """True if something answers at an endpoint: there is something of its service here."""
    short = endpoint.service_name.removeprefix(f"com.amazonaws.{endpoint.region}.")
    return endpoint.kind == "Interface" and short in SERVICES


def own_names(state: State, endpoint: VpcEndpoint) -> dict[str, tuple[str, ...]]:
    """The names of an interface endpoint in its region, and those in one zone each, with the interfaces."""
    service = service_of(endpoint)
    wild = "*." if service.short_name in WILD else ""
    names = {"": tuple(subnet.interface for subnet in endpoint.subnets)}
    for subnet in endpoint.subnets:
        names[f"-{state.need(Subnet, subnet.id).zone}"] = (subnet.interface,)
    first = f"{wild}{endpoint.id}-{endpoint.label}"
    return {f"{first}{zone}.{service.base}": there for zone, there in names.items()}


def private_names(endpoint: VpcEndpoint) -> tuple[str, ...]:
    """The service's public names that private DNS has lead to the endpoint."""
    return service_of(endpoint).private_names if endpoint.private_dns else ()


def resolved(state: State, vpc: Vpc) -> Iterator[tuple[str, str]]:
    """The (name, address) pairs that a VPC's resolver has of its interface endpoints.

    Private names need the VPC's host names too; those for inbound endpoints alone it does not have.
    """
    if not vpc.dns_support:
        return
    for endpoint in sorted(state.where(VpcEndpoint, "vpc-id", vpc.id), key=lambda e: e.id):
        if endpoint.kind != "Interface" or endpoint.state == "deleting":
            continue
        names = own_names(state, endpoint)
        if vpc.dns_hostnames and not endpoint.only_inbound:
            everywhere = tuple(subnet.interface for subnet in endpoint.subnets)
            names |= dict.fromkeys(private_names(endpoint), everywhere)
        for name, there in names.items():
            yield from ((name, address) for id in there for address in _addresses(state, endpoint, id))


def _addresses(state: State, endpoint: VpcEndpoint, interface_id: str) -> Iterator[str]:
    """The addresses of one interface of which there are records."""
    interface = state.need(NetworkInterface, interface_id)
    records = endpoint.record_ip_type
    if records == "service-defined":
        records = endpoint.ip_address_type
    if records != "ipv6":
        yield from interface.addresses[:1]
    if records != "ipv4":
        yield from interface.addresses6[:1]
