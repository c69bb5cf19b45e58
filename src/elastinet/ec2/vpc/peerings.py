"""VPC peering connections, in and across accounts and regions (facts sheet, section 6.5)."""

import ipaddress
from typing import TYPE_CHECKING

from elastinet.catalog.regions import REGIONS
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.peering import Peering, PeeringSide
from elastinet.model.view import StateView
from elastinet.model.vpc import Vpc
from elastinet.rules.peerings import between, open_peerings

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        VpcPeeringConnectionOptionsDescriptionTypeDef,
        VpcPeeringConnectionTypeDef,
        VpcPeeringConnectionVpcInfoTypeDef,
    )

DAY = 86_400
PENDING_SECONDS = 7 * DAY
SHOWN_SECONDS = {"deleted": 7200, "rejected": 7200, "failed": 7200, "expired": 2 * DAY}
"""Seconds for which each final status is shown (user guide: about two hours, two days for expired ones)."""

MISTAKEN = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"
NO_OPTIONS: "VpcPeeringConnectionOptionsDescriptionTypeDef" = {
    "AllowDnsResolutionFromRemoteVpc": False,
    "AllowEgressFromLocalClassicLinkToRemoteVpc": False,
    "AllowEgressFromLocalVpcToRemoteClassicLink": False,
}


def view(tx: Transaction, peering: Peering) -> StateView:
    """A peering connection in the shape of the API, as the asking side sees it."""
    ours = peering.scope == tx.scope
    return tx.views.of(peering, (ours,), lambda: _view(tx, peering))


def _view(tx: Transaction, peering: Peering) -> "VpcPeeringConnectionTypeDef":
    shown: VpcPeeringConnectionTypeDef = {
        "VpcPeeringConnectionId": peering.id,
        "RequesterVpcInfo": _side(peering.requester, has_options=True),
        "AccepterVpcInfo": _side(peering.accepter, has_options=peering.status == "active"),
        "Status": {"Code": peering.status, "Message": peering.message},
        "Tags": [{"Key": key, "Value": value} for key, value in peering.tags_in(tx.scope)],
    }
    if peering.status == "pending-acceptance":
        shown["ExpirationTime"] = moment(peering.create_time + PENDING_SECONDS)
    return shown


def _side(side: PeeringSide, *, has_options: bool) -> "VpcPeeringConnectionVpcInfoTypeDef":
    shown: VpcPeeringConnectionVpcInfoTypeDef = {
        "VpcId": side.vpc_id,
        "OwnerId": side.owner,
        "Region": side.region,
    }
    if side.cidrs:
        shown |= {"CidrBlock": side.cidrs[0], "CidrBlockSet": [{"CidrBlock": cidr} for cidr in side.cidrs]}
    if side.cidrs6:
        shown["Ipv6CidrBlockSet"] = [{"Ipv6CidrBlock": cidr} for cidr in side.cidrs6]
    if has_options:
        shown["PeeringOptions"] = NO_OPTIONS
    return shown


PEERINGS = Describable(
    Peering,
    "pcx",
    "VpcPeeringConnections",
    "VpcPeeringConnectionIds",
    view,
    paths(
        """
        accepter-vpc-info.owner-id accepter-vpc-info.vpc-id requester-vpc-info.owner-id
        requester-vpc-info.vpc-id expiration-time vpc-peering-connection-id
        """,
        accepter_vpc_info__cidr_block="AccepterVpcInfo.CidrBlockSet.CidrBlock",
        requester_vpc_info__cidr_block="RequesterVpcInfo.CidrBlockSet.CidrBlock",
        status_code="Status.Code",
        status_message="Status.Message",
    ),
    {
        "status-code": "status-code",
        "accepter-vpc-info.vpc-id": "vpc-id",
        "requester-vpc-info.vpc-id": "vpc-id",
    },
)


def describe_vpc_peering_connections(tx: Transaction, request: Request) -> Answer:
    """Peering connections by id or filter: those asked for here, and those asked of VPCs here."""
    return describe(tx, request, PEERINGS)


def create_vpc_peering_connection(tx: Transaction, request: Request) -> Answer:
    """Ask the owner of another VPC to let packets pass between it and one's own."""
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    peer = _peer(tx, vpc, request)
    other = tx.state.get(Vpc, peer.vpc_id)
    if between(tx.state, vpc.id, peer.vpc_id):
        sentence = f"A VPC peering connection between {vpc.id} and {peer.vpc_id} already exists."
        raise Fault("VpcPeeringConnectionAlreadyExists", sentence)
    mine = PeeringSide(vpc.id, vpc.owner, vpc.region, vpc.cidrs, vpc.cidrs6)
    fields = {"requester": mine, "accepter": peer, "create_time": tx.now}
    fields |= {"tags": tags_for(tx, request, "vpc-peering-connection")}
    if other is None or other.scope != peer.scope or _overlap(vpc, other):
        fields |= {"status": "failed", "message": MISTAKEN, "end_time": tx.now}
    else:
        _check_outstanding(tx)
        message = f"Pending Acceptance by {peer.owner}"
        fields |= {"status": "pending-acceptance", "message": message}
    made = tx.new(Peering, "pcx", **fields)
    status = {"Code": "initiating-request", "Message": f"Initiating Request to {peer.owner}"}
    return {"VpcPeeringConnection": view(tx, made) | {"Status": status}}


def _peer(tx: Transaction, vpc: Vpc, request: Request) -> PeeringSide:
    if (id := request.get("PeerVpcId")) is None:
        raise faults.missing_parameter("peerVpcId")
    owner, region = request.get("PeerOwnerId", tx.owner), request.get("PeerRegion", tx.region)
    if region not in REGIONS:
        raise faults.invalid(region, "peerRegion")
    if (owner, region) == tx.scope:
        need(tx, Vpc, "vpc", id)  # only what is elsewhere is found missing later
    if id == vpc.id:
        raise faults.invalid(id, "peerVpcId", "A VPC cannot be peered with itself.")
    return PeeringSide(id, owner, region)


def _overlap(one: Vpc, other: Vpc) -> bool:
    theirs = [ipaddress.IPv4Network(cidr) for cidr in other.cidrs]
    return any(ipaddress.IPv4Network(cidr).overlaps(block) for cidr in one.cidrs for block in theirs)


def _check_outstanding(tx: Transaction) -> None:
    pending = tx.where(Peering, "status-code", "pending-acceptance")
    count = sum(1 for peering in pending if peering.scope == tx.scope)
    if count >= tx.settings.quotas.outstanding_peerings:
        raise faults.quota(
            "OutstandingVpcPeeringConnectionLimitExceeded", "outstanding VPC peering connections"
        )


def accept_vpc_peering_connection(tx: Transaction, request: Request) -> Answer:
    """Let packets pass, where routes on both sides send them."""
    peering = _asked_of_us(tx, request, "accept")
    _check_step(peering, "active")
    if _overlap(*(tx.need(Vpc, side.vpc_id) for side in (peering.requester, peering.accepter))):
        raise Fault("InvalidStateTransition", f"{peering.id} cannot be accepted: the VPCs overlap.")
    for side in (peering.requester, peering.accepter):
        active = sum(1 for p in open_peerings(tx.state, side.vpc_id) if p.status == "active")
        if active >= tx.settings.quotas.peerings_per_vpc:
            code = "ActiveVpcPeeringConnectionPerVpcLimitExceeded"
            raise faults.quota(code, "active VPC peering connections per VPC")
    vpc = tx.need(Vpc, peering.accepter.vpc_id)
    accepter = PeeringSide(vpc.id, vpc.owner, vpc.region, vpc.cidrs, vpc.cidrs6)
    made = tx.put(peering.but(status="active", message="Active", accepter=accepter))
    status = {"Code": "provisioning", "Message": "Provisioning"}
    return {"VpcPeeringConnection": view(tx, made) | {"Status": status}}


def reject_vpc_peering_connection(tx: Transaction, request: Request) -> Answer:
    """Refuse what the owner of another VPC has asked for."""
    peering = _asked_of_us(tx, request, "reject")
    _check_step(peering, "rejected")
    tx.put(_ended(tx, peering, "rejected", f"Rejected by {tx.owner}"))
    return {"Return": True}


def _asked_of_us(tx: Transaction, request: Request, what: str) -> Peering:
    peering = need(tx, Peering, "pcx", request["VpcPeeringConnectionId"])
    accepter = peering.accepter
    if accepter.owner != tx.owner:
        raise Fault("OperationNotPermitted", f"User {tx.owner} cannot {what} peering {peering.id}")
    if accepter.region != tx.region:
        sentence = (
            f"Incorrect region ({tx.region}) specified for this request. VPC peering connection "
            f"{peering.id} must be {what}ed in region {accepter.region}"
        )
        raise Fault("OperationNotPermitted", sentence)
    return peering


def _check_step(peering: Peering, to: str, *, also: str = "pending-acceptance") -> None:
    if peering.status not in ("pending-acceptance", also):
        sentence = (
            f"Invalid state transition for {peering.id}, "
            f"attempted to transition from {peering.status} to {to}"
        )
        raise Fault("InvalidStateTransition", sentence)


def _ended(tx: Transaction, peering: Peering, status: str, message: str) -> Peering:
    return peering.but(status=status, message=message, end_time=tx.now)


def delete_vpc_peering_connection(tx: Transaction, request: Request) -> Answer:
    """End a peering connection, from either side; the accepter rejects one that is pending."""
    peering = need(tx, Peering, "pcx", request["VpcPeeringConnectionId"])
    _check_step(peering, "deleting", also="active")
    if peering.status == "pending-acceptance" and peering.requester.owner != tx.owner:
        raise Fault("OperationNotPermitted", f"User {tx.owner} cannot delete peering {peering.id}")
    tx.put(_ended(tx, peering, "deleted", f"Deleted by {tx.owner}"))
    return {"Return": True}


def modify_vpc_peering_connection_options(tx: Transaction, request: Request) -> Answer:
    """Nothing but what is so already: names of a peer's instances are not resolved to private ones."""
    peering = need(tx, Peering, "pcx", request["VpcPeeringConnectionId"])
    if peering.status != "active":
        raise Fault("InvalidStateTransition", f"{peering.id} is not active but {peering.status}.")
    sides = ("AccepterPeeringConnectionOptions", "RequesterPeeringConnectionOptions")
    given = [side for side in sides if request.get(side) is not None]
    if not given:
        raise faults.missing_parameter("accepterPeeringConnectionOptions")
    return dict.fromkeys(given, NO_OPTIONS)


def end_peerings(tx: Transaction, account: str) -> None:
    """End the connections of others to what an account no longer has."""
    for peering in tx.state.all(Peering):
        sides = (side for side in (peering.requester, peering.accepter) if side.owner == account)
        gone = any(tx.state.get(Vpc, side.vpc_id) is None for side in sides)
        if gone and peering.open and peering.owner != account:
            tx.put(_ended(tx, peering, "deleted", f"Deleted by {account}"))


def end_old(tx: Transaction) -> None:
    """Let expire what nobody accepted, and forget what ended long ago."""
    for peering in tx.mine(Peering):
        if peering.status == "pending-acceptance":
            if tx.now - peering.create_time > PENDING_SECONDS:
                tx.put(_ended(tx, peering, "expired", "Expired"))
        elif peering.end_time is not None and tx.now - peering.end_time > SHOWN_SECONDS[peering.status]:
            tx.drop(peering)
