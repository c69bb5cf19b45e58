"""Subnet CIDR reservations."""

from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.cidrs import read_block, read_ipv6_block
from elastinet.ec2.core.describe import page
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.model.prefixes import SIZES
from elastinet.model.reservation import SubnetReservation
from elastinet.model.view import StateView
from elastinet.model.vpc import Subnet
from elastinet.rules.reservations import block, blocks, is_set_aside

FILTERS = {"reservationType": "ReservationType", "subnet-id": "SubnetId"}


def _view(found: SubnetReservation) -> StateView:
    described = {"Description": found.description} if found.description else {}
    return StateView(
        SubnetCidrReservationId=found.id,
        SubnetId=found.subnet_id,
        Cidr=found.cidr,
        ReservationType=found.use,
        OwnerId=found.owner,
        Tags=tag_set(found),
        **described,
    )


def create_subnet_cidr_reservation(tx: Transaction, request: Request) -> Answer:
    """Set a block of a subnet aside."""
    subnet, kind = need(tx, Subnet, "subnet", request["SubnetId"]), request["ReservationType"]
    made = tx.new(
        SubnetReservation,
        "scr",
        subnet_id=subnet.id,
        cidr=_cidr(tx, subnet, request["Cidr"], kind),
        use=kind,
        description=request.get("Description", ""),
        tags=tags_for(tx, request, "subnet-cidr-reservation"),
    )
    return {"SubnetCidrReservation": _view(made)}


def _cidr(tx: Transaction, subnet: Subnet, text: str, kind: str) -> str:
    cidr = str(read_ipv6_block(text, "Cidr") if ":" in text else read_block(text, "Cidr"))
    wanted = block(cidr)
    own = [block(one) for one in (subnet.cidr, subnet.cidr6) if one and (":" in one) == (":" in cidr)]
    if not any(wanted.subnet_of(one) for one in own):  # type: ignore[arg-type]
        raise faults.invalid(cidr, "Cidr", f"It is not within the subnet {subnet.id}.")
    if is_set_aside(blocks(tx.state, subnet), cidr):
        raise faults.invalid(cidr, "Cidr", "It overlaps with another reservation of the subnet.")
    if kind == "prefix" and wanted.prefixlen > SIZES[wanted.version]:
        raise faults.invalid(cidr, "Cidr", f"A prefix has a size of /{SIZES[wanted.version]}.")
    return cidr


def delete_subnet_cidr_reservation(tx: Transaction, request: Request) -> Answer:
    """Let a block be given like every other; what is in use stays so."""
    found = need(tx, SubnetReservation, "scr", request["SubnetCidrReservationId"])
    tx.drop(found)
    return {"DeletedSubnetCidrReservation": _view(found)}


def get_subnet_cidr_reservations(tx: Transaction, request: Request) -> Answer:
    """The reservations of a subnet, by family."""
    subnet = need(tx, Subnet, "subnet", request["SubnetId"])
    asked = filters.read(request, FILTERS)
    views = [(r.id, _view(r)) for r in tx.where(SubnetReservation, "subnet-id", subnet.id)]
    found = [(id, seen) for id, seen in views if filters.passes(seen, asked, FILTERS)]
    answer = page(found, page_size(request), request.get("NextToken"), "all")
    shown = answer.pop("all")
    return answer | {
        "SubnetIpv4CidrReservations": [seen for seen in shown if ":" not in seen["Cidr"]],
        "SubnetIpv6CidrReservations": [seen for seen in shown if ":" in seen["Cidr"]],
    }


def forget_reservations(tx: Transaction, subnet: Subnet) -> None:
    """Drop the reservations of a subnet that is to go."""
    for found in tx.where(SubnetReservation, "subnet-id", subnet.id):
        tx.drop(found)
