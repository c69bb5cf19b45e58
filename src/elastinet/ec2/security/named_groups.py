"""Security groups by name, which only those of the default VPC can be asked for by."""

from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.vpc.account import default_vpc
from elastinet.model.fault import Fault
from elastinet.model.security import SecurityGroup


def by_name(tx: Transaction, name: str) -> SecurityGroup:
    """The group of this name in the default VPC."""
    vpc = default_vpc(tx)
    if vpc is None:
        raise Fault("VPCIdNotSpecified", "No default VPC for this user. GroupName is only supported for it.")
    group = next(tx.where(SecurityGroup, "name", (vpc.id, name)), None)
    if group is None:
        sentence = f"The security group '{name}' does not exist in default VPC '{vpc.id}'"
        raise Fault("InvalidGroup.NotFound", sentence)
    return group


def named(tx: Transaction, request: Request) -> SecurityGroup:
    """The group that a request speaks of: by id, or by name in the default VPC."""
    if (id := request.get("GroupId")) is not None:
        return need(tx, SecurityGroup, "sg", id)
    if (name := request.get("GroupName")) is not None:
        return by_name(tx, name)
    raise Fault("MissingParameter", "The request must contain the parameter groupName or groupId")


def groups_by_name(tx: Transaction, names: list[str]) -> list[str]:
    """The ids of groups of the default VPC, by name."""
    return [by_name(tx, name).id for name in names]
