"""Reading the nouns of EC2 that elastinet does not have: there are none, and the answer says so.

A rule over the whole service model. An operation that reads, and that nobody has built, answers an empty
list, and refuses ids: what has none of these nouns has none with that id.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, partial

from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import open_token
from elastinet.ec2.core.namings import Naming
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.noun import Noun
from elastinet.model.outline import Outline
from elastinet.model.placement import DedicatedHost
from elastinet.model.routes import RouteTable
from elastinet.model.volume import Volume
from elastinet.model.vpc import Vpc
from elastinet.rules.images import find_image

Read = Callable[[Transaction, Request], Answer]

READS = ("Describe", "Get", "List", "Search")
OTHER_SIDES = frozenset(
    (
        *("DescribeIdFormat", "DescribeIdentityIdFormat", "DescribeImageReferences"),
        *("DescribeInstanceImageMetadata", "DescribeMacHosts"),
        *("DescribeVpcClassicLink", "DescribeVpcClassicLinkDnsSupport", "GetAwsNetworkPerformanceData"),
        *("GetImageAncestry", "GetInstanceTypesFromInstanceRequirements", "GetSpotPlacementScores"),
        "GetVpcResourcesBlockingEncryptionEnforcement",
    )
)
"""They show what elastinet has from another side: an empty list would say that it is not there."""

HAD: dict[str, tuple[type[Noun], str]] = {
    "Host": (DedicatedHost, "h"),
    "Instance": (Instance, "i"),
    "RouteTable": (RouteTable, "rtb"),
    "Volume": (Volume, "vol"),
    "Vpc": (Vpc, "vpc"),
    "VpcEndpoint": (VpcEndpoint, "vpce"),
}
"""Nouns that are here, whose ids an operation about another noun takes, and the prefix of their words."""

NO_NOUNS = frozenset(
    (
        *("AvailabilityZoneId", "CapacityAvailabilityZoneIds", "DeltaId", "OwnerIds", "ResourceId"),
        *("RestorableByUserIds", "VpnConnectionDeviceTypeId"),
    )
)
"""Parameters that name nothing that could be missing."""

IN_FULL = {
    "DescribeDeclarativePoliciesReports.ReportIds": "DeclarativePoliciesReport",
    "DescribePublicIpv4Pools.PoolIds": "PublicIpv4Pool",
    "DescribeClientVpnTargetNetworks.AssociationIds": "ClientVpnAssociation",
    "ExclusionIds": "VpcBlockPublicAccessExclusion",
    "FcaPolicyIds": "FlexCostAllocationPolicy",
    "OfferingId": "HostReservationOffering",
    "ReservedInstanceIds": "ReservedInstances",
    "ServiceId": "VpcEndpointService",
    "ServiceIds": "VpcEndpointService",
}
"""The nouns of parameters that leave out a part of the name."""

CAPITAL = frozenset(
    """
    Association Bundle CarrierGateway CustomerGateway ElasticGpu ExportTask FpgaImage Pool PublicIpv4Pool
    SpotInstanceRequest TransitGateway TransitGatewayAttachment TransitGatewayConnectPeer VpnConnection
    VpnGateway
    """.split()
)
"""Nouns, mostly older ones, whose code says "ID", not "Id"."""

CODES = {
    "ClientVpnAssociation": "InvalidClientVpnAssociationIdNotFound",
    "ConnectionNotification": "InvalidConnectionNotification",
    "ConversionTask": "InvalidConversionTaskId",
    "ReservedInstances": "InvalidReservedInstancesId",
    "ReservedInstancesOffering": "InvalidReservedInstancesOfferingId",
    "ScheduledInstance": "InvalidScheduledInstance",
    "Snapshot": "InvalidSnapshot.NotFound",
    "TransitGatewayRouteTable": "InvalidRouteTableID.NotFound",
}
"""Codes that no rule gives: EC2's page of error codes, and what Terraform's provider goes by."""

SINGLE = {
    "DescribeSpotDatafeedSubscription": (
        "InvalidSpotDatafeed.NotFound",
        "Spot datafeed subscription does not exist.",
    ),
}
"""Operations that show one noun without asking for its id."""

OFF: dict[str, dict[str, object]] = {
    "GetAllowedImagesSettings": {"State": "disabled", "ImageCriteria": [], "ManagedBy": "account"},
    "GetEbsDefaultKmsKeyId": {"KmsKeyId": "alias/aws/ebs"},
    "GetEbsEncryptionByDefault": {"EbsEncryptionByDefault": False, "SseType": "none"},
    "GetImageBlockPublicAccessState": {"ImageBlockPublicAccessState": "unblocked", "ManagedBy": "account"},
    "GetSerialConsoleAccessStatus": {"SerialConsoleAccessEnabled": False, "ManagedBy": "account"},
    "GetSnapshotBlockPublicAccessState": {"State": "unblocked", "ManagedBy": "account"},
}
"""Settings of an account, by the operation that shows each: nobody can turn one on here, so they are off."""

_ID = re.compile("(?<=[a-z0-9])Id(s|Set)?$")


@cache
def operation(action: str, outlines: Callable[[str], Outline | None]) -> Read | None:
    """The function of an action that reads what is absent; None for every other action."""
    if not action.startswith(READS) or action in OTHER_SIDES or (outline := outlines(action)) is None:
        return None
    if action in SINGLE:
        return partial(_none_at_all, action)
    if action in OFF:
        return lambda tx, request: OFF[action]
    asked = dict(_nouns(action, outline))
    if any(noun not in HAD and noun != "Image" and name in outline.required for name, noun in asked.items()):
        return partial(_read, outline, asked)
    listed = all(
        kind == "list" or name in ("NextToken", "MaxResults") for name, kind in outline.gives.items()
    )
    return partial(_read, outline, asked) if listed and outline.gives else None


def _nouns(action: str, outline: Outline) -> Iterator[tuple[str, str]]:
    """The parameters that take ids, each with its noun."""
    for name in outline.takes:
        if _ID.search(name) and name not in NO_NOUNS:
            yield name, IN_FULL.get(f"{action}.{name}") or IN_FULL.get(name) or _ID.sub("", name)


def _read(outline: Outline, asked: dict[str, str], tx: Transaction, request: Request) -> Answer:
    if not outline.bounded:
        page_size(request)
    filters.read(request, None)
    if token := request.get("NextToken"):
        open_token(token)
    for name, noun in asked.items():
        _check(tx, noun, request.get(name) or ())
    request.accept_all()  # what else there is says which of none are meant
    return {name: [] for name, kind in outline.gives.items() if kind == "list"}


def _check(tx: Transaction, noun: str, given: str | list[str] | tuple[str, ...]) -> None:
    ids = [given] if isinstance(given, str) else given
    if lost := [id for id in ids if not _is_there(tx, noun, id)]:
        raise faults.missing(_words(noun), lost)


def _is_there(tx: Transaction, noun: str, id: str) -> bool:
    if noun == "Image":
        return find_image(tx.state, tx.scope, tx.settings.images, id) is not None
    return noun in HAD and tx.get(HAD[noun][0], id) is not None


def _words(noun: str) -> str | Naming:
    if noun == "Image":
        return "ami"
    if noun in HAD:
        return HAD[noun][1]
    end = "ID" if noun in CAPITAL else "Id"
    code = CODES.get(noun, f"Invalid{noun}{end}.NotFound")
    return Naming("", code, "", f"{noun[0].lower()}{noun[1:]} ID")


def _none_at_all(action: str, tx: Transaction, request: Request) -> Answer:
    raise Fault(*SINGLE[action])
