"""Tags of resources that are there already."""

from collections.abc import Iterator
from typing import NamedTuple

from elastinet.catalog.images import images
from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import page
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.namings import OPTION_SET
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import check_key, is_reserved, merge
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.access_scope import AccessScope, AccessScopeAnalysis
from elastinet.model.acl import NetworkAcl
from elastinet.model.dhcp import DhcpOptions
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fault import Fault
from elastinet.model.fleet import Fleet
from elastinet.model.ids import prefix_of
from elastinet.model.image import MachineImage, Snapshot
from elastinet.model.insights import InsightsAnalysis, InsightsPath
from elastinet.model.instance import Instance, KeyPair
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.launch_template import LaunchTemplate
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.reservation import SubnetReservation
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.view import StateView
from elastinet.model.volume import Volume
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc
from elastinet.rules.metadata import check_tag_keys


class Taggable(NamedTuple):
    """A kind of resource that has tags, and what EC2 calls it."""

    kind: type[Noun]
    resource_type: str


TAGGABLES = {
    "vpc": Taggable(Vpc, "vpc"),
    "subnet": Taggable(Subnet, "subnet"),
    "igw": Taggable(InternetGateway, "internet-gateway"),
    "eigw": Taggable(EgressOnlyGateway, "egress-only-internet-gateway"),
    "rtb": Taggable(RouteTable, "route-table"),
    "acl": Taggable(NetworkAcl, "network-acl"),
    "nat": Taggable(NatGateway, "natgateway"),
    "vpce": Taggable(VpcEndpoint, "vpc-endpoint"),
    "scr": Taggable(SubnetReservation, "subnet-cidr-reservation"),
    "pl": Taggable(PrefixList, "prefix-list"),
    "pcx": Taggable(Peering, "vpc-peering-connection"),
    "dopt": Taggable(DhcpOptions, "dhcp-options"),
    "sg": Taggable(SecurityGroup, "security-group"),
    "sgr": Taggable(SecurityGroupRule, "security-group-rule"),
    "eni": Taggable(NetworkInterface, "network-interface"),
    "eipalloc": Taggable(Address, "elastic-ip"),
    "i": Taggable(Instance, "instance"),
    "ami": Taggable(MachineImage, "image"),
    "snap": Taggable(Snapshot, "snapshot"),
    "key": Taggable(KeyPair, "key-pair"),
    "vol": Taggable(Volume, "volume"),
    "lt": Taggable(LaunchTemplate, "launch-template"),
    "fleet": Taggable(Fleet, "fleet"),
    "nip": Taggable(InsightsPath, "network-insights-path"),
    "nia": Taggable(InsightsAnalysis, "network-insights-analysis"),
    "nis": Taggable(AccessScope, "network-insights-access-scope"),
    "nisa": Taggable(AccessScopeAnalysis, "network-insights-access-scope-analysis"),
}

_WORDS = {"dopt": OPTION_SET}
"""Kinds whose absence these operations tell in words of their own."""

MOST_RESOURCES = 1000


def create_tags(tx: Transaction, request: Request) -> None:
    """Put tags on resources: on all of them, or on none."""
    new = [(tag.get("Key"), tag.get("Value")) for tag in request["Tags"]]
    for noun in _resources(tx, request):
        if isinstance(noun, Instance) and noun.metadata.instance_tags == "enabled":
            check_tag_keys(key for key, _ in new if key)
        tx.put(noun.tagged(tx.scope, merge(tx, noun.tags_in(tx.scope), new)))


def delete_tags(tx: Transaction, request: Request) -> None:
    """Take tags off resources: by key, by key and value, or all but EC2's own."""
    given = request.get("Tags")
    gone = None if given is None else [(check_key(tag.get("Key")), tag.get("Value")) for tag in given]
    for noun in _resources(tx, request):
        there = noun.tags_in(tx.scope)
        kept = tuple(tag for tag in there if not _is_among(tag, gone))
        if kept != there:
            tx.put(noun.tagged(tx.scope, kept))


def _is_among(tag: tuple[str, str], gone: list[tuple[str, str | None]] | None) -> bool:
    key, value = tag
    if gone is None:
        return not is_reserved(key)
    return (key, value) in gone or (key, None) in gone


def _resources(tx: Transaction, request: Request) -> list[Noun]:
    ids = request.ids("Resources")
    if not ids:
        raise faults.missing_parameter("resourceIdSet")
    if len(ids) > MOST_RESOURCES:
        raise faults.invalid(len(ids), "resourceIdSet", f"Expecting up to {MOST_RESOURCES} resources.")
    return [_resource(tx, id) for id in dict.fromkeys(ids)]


def _resource(tx: Transaction, id: str) -> Noun:
    prefix = prefix_of(id)
    if prefix == "ami" and images(tx.region, tx.settings.images).get(id):
        raise faults.unsupported("elastinet does not support tags of published images.")
    if prefix is None or prefix not in TAGGABLES:
        raise Fault("InvalidID", f"The ID '{id}' is not valid")
    return need(tx, TAGGABLES[prefix].kind, _WORDS.get(prefix, prefix), id)


_FILTERS = paths("key resource-id resource-type value")


def describe_tags(tx: Transaction, request: Request) -> Answer:
    """The tags of all resources, or those that pass the filters."""
    asked = filters.read(request, _FILTERS)
    found = [
        (f"{tag['ResourceId']} {tag['Key']}", tag)
        for tag in _tags(tx, asked)
        if filters.passes(tag | {"Tags": [tag]}, asked, _FILTERS)
    ]
    return page(found, page_size(request), request.get("NextToken"), "Tags")


def _tags(tx: Transaction, asked: list[filters.Filter]) -> Iterator[StateView]:
    ids = next((one.exact for one in asked if one.name == "resource-id"), None)
    for kind, resource_type in TAGGABLES.values():
        nouns = tx.mine(kind) if ids is None else (noun for id in ids if (noun := tx.get(kind, id)))
        for noun in nouns:
            for key, value in noun.tags_in(tx.scope):
                yield StateView(ResourceId=noun.id, ResourceType=resource_type, Key=key, Value=value)
