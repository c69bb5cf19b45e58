"""Resources of any kind that a path may speak of, by id or ARN."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from elastinet.ec2.core import faults
from elastinet.ec2.core.namings import NAMINGS, Naming
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.acl import NetworkAcl
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fault import Fault
from elastinet.model.ids import prefix_of
from elastinet.model.insights import Component
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway, Subnet, Vpc
from elastinet.rules.naming import arn

KINDS: dict[str, tuple[type[Noun], str]] = {
    "acl": (NetworkAcl, "network-acl"),
    "eni": (NetworkInterface, "network-interface"),
    "i": (Instance, "instance"),
    "igw": (InternetGateway, "internet-gateway"),
    "nat": (NatGateway, "natgateway"),
    "pcx": (Peering, "vpc-peering-connection"),
    "pl": (PrefixList, "prefix-list"),
    "rtb": (RouteTable, "route-table"),
    "sg": (SecurityGroup, "security-group"),
    "subnet": (Subnet, "subnet"),
    "vpc": (Vpc, "vpc"),
    "vpce": (VpcEndpoint, "vpc-endpoint"),
}
"""What paths are made of, by the prefix of its ids: its noun, and its word in an ARN."""
ENDS = ("eni", "i", "igw", "pcx", "vpce")
"""What may be the source or the destination of a path."""
ABSENT = {
    naming.prefix: naming
    for naming in (
        Naming("tgw", "InvalidTransitGatewayID.NotFound", "", "transitGateway ID"),
        Naming("tgw-attach", "InvalidTransitGatewayAttachmentID.NotFound", "", "transitGatewayAttachment ID"),
        Naming("vgw", "InvalidVpnGatewayID.NotFound", "", "vpnGateway ID"),
        Naming("vpce-svc", "InvalidVpcEndpointServiceId.NotFound", "", "vpcEndpointService ID"),
    )
}
"""Ends that EC2 takes, too, of which there are none here."""
_ARN = re.compile(r"arn:aws[a-z-]*:ec2:([a-z0-9-]+):([0-9]{12}):([a-z-]+)/([a-z0-9-]+)", re.ASCII)


class Resource(NamedTuple):
    """A resource that a request names."""

    id: str
    arn: str


def named_id(text: str) -> str:
    """The id that an id or an ARN names."""
    return text.rpartition("/")[2]


def component(state: State, id: str) -> Component:
    """A resource with its ARN and its name, as they are now."""
    noun = _noun(state, id)
    if noun is None:
        return Component(id)
    kind = KINDS[prefix_of(id) or ""][1]
    return Component(id, arn(noun.region, noun.owner, kind, id), noun.name or "")


def owner_of(state: State, id: str) -> str:
    """The account that has a resource, "" for what is not there."""
    noun = _noun(state, id)
    return noun.owner if noun else ""


def _noun(state: State, id: str) -> Noun | None:
    kind = KINDS.get(prefix_of(id) or "")
    return state.get(kind[0], id) if kind else None


def end(tx: Transaction, text: str, parameter: str) -> Resource:
    """The end of a path that a request names; one of another account by its ARN only."""
    return resource(tx, text, parameter, ENDS, "the end of a path", others=True)


def resource(
    tx: Transaction, text: str, parameter: str, prefixes: Sequence[str], place: str, *, others: bool = False
) -> Resource:
    """A resource of some kinds that a request names; one of `others` by its ARN, if at all."""
    if text.startswith("arn:"):
        return _by_arn(tx, text, parameter, prefixes, place, others=others)
    prefix = prefix_of(text) or ""
    if prefix in ABSENT:
        raise faults.missing(ABSENT[prefix], [text])
    if prefix not in prefixes:
        raise _misplaced(text, parameter, place)
    noun = tx.get(KINDS[prefix][0], text)
    if noun is None:
        faults.check_form(prefix, text)
        raise faults.missing(prefix, [text])
    return Resource(text, arn(noun.region, noun.owner, KINDS[prefix][1], text))


def _misplaced(text: str, parameter: str, place: str) -> Fault:
    return faults.invalid(text, parameter, f"It is not a resource that can be {place}.")


def _by_arn(
    tx: Transaction, text: str, parameter: str, prefixes: Sequence[str], place: str, *, others: bool
) -> Resource:
    region, owner, kind, id = read_arn(text, parameter)
    if region != tx.region:
        raise faults.invalid(text, parameter, "It is not in this region.")
    prefix = prefix_of(id) or ""
    if prefix not in prefixes or KINDS[prefix][1] != kind:
        raise _misplaced(text, parameter, place)
    noun = tx.state.get(KINDS[prefix][0], id)
    if noun is None or (owner, region) not in noun.scopes or not (others or owner == tx.owner):
        raise faults.missing(NAMINGS[prefix], [id])
    return Resource(id, text)


def read_arn(text: str, parameter: str) -> tuple[str, str, str, str]:
    """The region, the account, the kind and the id of an ARN of EC2."""
    match = _ARN.fullmatch(text)
    if match is None:
        raise faults.invalid(text, parameter, "It is not the ARN of a resource of EC2.")
    return match[1], match[2], match[3], match[4]
