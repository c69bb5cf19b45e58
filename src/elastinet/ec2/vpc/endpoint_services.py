"""The services that endpoints lead to, and AWS's own prefix lists of those with gateway endpoints."""

from elastinet.catalog import regions
from elastinet.catalog.endpoint_services import EndpointService, gateway_names, prefix_list_id, services
from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import page
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.prefix_list import PrefixList
from elastinet.model.view import StateView

SERVICE_FILTERS = paths(
    "owner service-name service-region",
    service_type="ServiceType.ServiceType",
    supported_ip_address_types="SupportedIpAddressTypes",
)
LIST_FILTERS = paths("prefix-list-id prefix-list-name")


def make_prefix_lists(tx: Transaction) -> None:
    """AWS's own lists, as an account finds them: empty here, and each counted as one rule or route."""
    for name in gateway_names(tx.region):
        tx.put(
            PrefixList(
                id=prefix_list_id(tx.owner, name),
                owner=tx.owner,
                region=tx.region,
                list_name=name,
                family="IPv4",
                max_entries=1,
                of_aws=True,
            )
        )


def describe_vpc_endpoint_services(tx: Transaction, request: Request) -> Answer:
    """The services by name or filter; one with endpoints of two types is two services."""
    there, wanted = services(tx.region), request.ids("ServiceNames")
    asked = filters.read(request, SERVICE_FILTERS)
    if unknown := next((name for name in wanted if name not in {s.name for s in there}), None):
        raise Fault("InvalidServiceName", f"The Vpc Endpoint Service '{unknown}' does not exist")
    if tx.region not in (request.ids("ServiceRegions") or [tx.region]):
        there = ()
    views = [(f"{s.name}/{s.kind}", _service(tx, s)) for s in there if not wanted or s.name in wanted]
    found = [(id, seen) for id, seen in views if filters.passes(seen, asked, SERVICE_FILTERS)]
    answer = page(found, page_size(request), request.get("NextToken"), "ServiceDetails")
    names = dict.fromkeys(seen["ServiceName"] for seen in answer["ServiceDetails"])
    return answer | {"ServiceNames": list(names)}


def _service(tx: Transaction, service: EndpointService) -> StateView:
    zones = regions.zones(tx.region)
    shown = StateView(
        ServiceName=service.name,
        ServiceId=service.id,
        ServiceType=[{"ServiceType": service.kind}],
        ServiceRegion=tx.region,
        AvailabilityZones=[zone.name for zone in zones],
        AvailabilityZoneIds=[zone.id for zone in zones],
        Owner="amazon",
        BaseEndpointDnsNames=[service.base],
        VpcEndpointPolicySupported=True,
        AcceptanceRequired=False,
        ManagesVpcEndpoints=False,
        SupportedIpAddressTypes=list(service.families),
        Tags=[],
    )
    if not (names := service.private_names):
        return shown
    return StateView(
        shown,
        PrivateDnsName=names[0],
        PrivateDnsNames=[{"PrivateDnsName": name} for name in names],
        PrivateDnsNameVerificationState="verified",
    )


def describe_prefix_lists(tx: Transaction, request: Request) -> Answer:
    """AWS's own lists by id or filter."""
    lists = {found.id: found for found in tx.mine(PrefixList) if found.of_aws}
    wanted = request.ids("PrefixListIds")
    if lost := [id for id in wanted if id not in lists]:
        for id in lost:
            faults.check_form("pl", id)
        raise faults.missing("pl", lost)
    asked = filters.read(request, LIST_FILTERS, tagged=False)
    views = [(id, StateView(PrefixListId=id, PrefixListName=lists[id].list_name)) for id in wanted or lists]
    found = [(id, seen) for id, seen in views if filters.passes(seen, asked, LIST_FILTERS)]
    for id, seen in found:
        seen["Cidrs"] = [entry.cidr for entry in lists[id].entries]
    return page(found, page_size(request), request.get("NextToken"), "PrefixLists")
