"""Private DNS of interface endpoints, and what else a request says of their names."""

from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.vpc.gateway_endpoints import ONLY_INBOUND
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fault import Fault
from elastinet.model.vpc import Vpc
from elastinet.rules.endpoints import private_names, service_of

RECORDS = {
    "ipv4": ("ipv4", "service-defined"),
    "dualstack": ("ipv4", "dualstack", "ipv6", "service-defined"),
    "ipv6": ("ipv6", "service-defined"),
}
"""The records that names may have, by the IP address type of their endpoint."""


def by_default(endpoint: VpcEndpoint) -> bool:
    """True if a new endpoint has private DNS without a word about it: where that needs no other endpoint."""
    return bool(service_of(endpoint).private_names) and not _has_gateways(endpoint)


def _has_gateways(endpoint: VpcEndpoint) -> bool:
    return service_of(endpoint).short_name == "s3"


def with_dns(tx: Transaction, request: Request, endpoint: VpcEndpoint, private: bool) -> VpcEndpoint:
    """The endpoint with the names that a request asks for; `private` holds where it does not say."""
    options = request.get("DnsOptions") or Request({})
    endpoint = endpoint.but(record_ip_type=_records(options, endpoint))
    wanted = request.get("PrivateDnsEnabled", private)
    is_new = wanted and not endpoint.private_dns
    only = options.get(ONLY_INBOUND, _has_gateways(endpoint) if is_new else endpoint.only_inbound)
    if is_new:
        _check_can_be_private(tx, endpoint)
    if only and not endpoint.only_inbound:
        _check_has_gateway(tx, endpoint)
    return endpoint.but(private_dns=wanted, only_inbound=only)


def _records(options: Request, endpoint: VpcEndpoint) -> str:
    possible = RECORDS[endpoint.ip_address_type]
    usual = endpoint.record_ip_type if endpoint.record_ip_type in possible else endpoint.ip_address_type
    asked: str = options.get("DnsRecordIpType", usual)
    if asked not in possible:
        sentence = f"DnsRecordIpType {asked} is not compatible with IpAddressType {endpoint.ip_address_type}."
        raise Fault("InvalidParameter", sentence)
    return asked


def _check_can_be_private(tx: Transaction, endpoint: VpcEndpoint) -> None:
    names = service_of(endpoint).private_names
    if not names:
        sentence = f"Private DNS can't be enabled because the service {endpoint.service_name} does not"
        raise Fault("InvalidParameter", f"{sentence} provide a private DNS name.")
    vpc = tx.need(Vpc, endpoint.vpc_id)
    if not (vpc.dns_support and vpc.dns_hostnames):
        sentence = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes"
        raise Fault("InvalidParameter", f"{sentence} set to true for {vpc.id}")
    for other in tx.where(VpcEndpoint, "vpc-id", vpc.id):
        if other.id != endpoint.id and {*names} & {*private_names(other)}:
            sentence = "private-dns-enabled cannot be set because there is already a conflicting DNS domain"
            raise Fault("InvalidParameter", f"{sentence} for {names[0]} in the VPC {vpc.id}")


def _check_has_gateway(tx: Transaction, endpoint: VpcEndpoint) -> None:
    others = tx.where(VpcEndpoint, "vpc-id", endpoint.vpc_id)
    if not any(o.kind == "Gateway" and o.service_name == endpoint.service_name for o in others):
        sentence = f"To set {ONLY_INBOUND} to true, the VPC {endpoint.vpc_id} must have a Gateway endpoint"
        raise Fault("InvalidParameter", f"{sentence} for the service.")
