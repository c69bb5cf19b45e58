"""The IPv6 block of a subnet, of which it has one at the most (facts sheet, section 4)."""

from typing import TYPE_CHECKING, Any

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.as_it_is import wants
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.vpc.subnets import OF_IPV6, ipv6_association, ipv6_fields
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.model.vpc import Subnet, Vpc, with_former

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import SubnetCidrBlockStateCodeType


def associate_subnet_cidr_block(tx: Transaction, request: Request) -> Answer:
    """Give a subnet an IPv6 block of its VPC's."""
    subnet = need(tx, Subnet, "subnet", request["SubnetId"])
    if (given := request.get("Ipv6CidrBlock")) is None:
        if name := next(wants(request), None):
            raise faults.unsupported(f"elastinet does not support {name} in AssociateSubnetCidrBlock.")
        raise faults.missing_parameter("ipv6CidrBlock")
    if subnet.cidr6:
        sentence = f"This subnet '{subnet.id}' has met its maximum number of allowed CIDRs: 1"
        raise Fault("CidrLimitExceeded", sentence)
    new = tx.put(subnet.but(**ipv6_fields(tx, tx.need(Vpc, subnet.vpc_id), given)))
    return _answer(new, "associating")


def disassociate_subnet_cidr_block(tx: Transaction, request: Request) -> Answer:
    """Take its IPv6 block from a subnet, once no interface has an address of it."""
    id = request["AssociationId"]
    subnet = next(tx.where(Subnet, "ipv6-association", id), None)
    if subnet is None:
        faults.check_form("subnet-cidr-assoc", id)
        raise faults.missing("subnet-cidr-assoc", [id])
    begun = f"The subnet IPv6 CIDR block with association ID {id} may not be disassociated, because "
    if name := next((name for field, name in OF_IPV6.items() if getattr(subnet, field)), None):
        raise Fault("InvalidCidrBlock.InUse", f"{begun}its subnet has {name} set to true.")
    if tx.state.count(NetworkInterface, "ipv6-subnet-id", subnet.id):
        raise Fault("InvalidCidrBlock.InUse", begun + "its subnet has IPv6 addresses in use.")
    former = with_former(subnet.former_blocks6, id, subnet.cidr6)
    tx.put(subnet.but(cidr6="", cidr6_association="", former_blocks6=former))
    return _answer(subnet, "disassociating")


def _answer(subnet: Subnet, state: "SubnetCidrBlockStateCodeType") -> dict[str, Any]:
    shown = ipv6_association(subnet.cidr6_association, subnet.cidr6, state)
    return {"SubnetId": subnet.id, "Ipv6CidrBlockAssociation": shown}
