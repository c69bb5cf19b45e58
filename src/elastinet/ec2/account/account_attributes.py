"""Attributes of an account in a region."""

from typing import Any

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.vpc.account import default_vpc

# The figure that EC2 has given since its quotas count vCPUs; it limits nothing, there or here.
_MAX_INSTANCES = 20


def describe_account_attributes(tx: Transaction, request: Request) -> Answer:
    """The account's attributes, or those that are named."""
    values = _values(tx)
    wanted = request.ids("AttributeNames") or list(values)
    for name in wanted:
        if name not in values:
            raise faults.invalid(name, "attributeName")
    return {"AccountAttributes": [_attribute(name, values[name]) for name in dict.fromkeys(wanted)]}


def _values(tx: Transaction) -> dict[str, object]:
    quotas = tx.settings.quotas
    return {
        "supported-platforms": "VPC",
        "default-vpc": vpc.id if (vpc := default_vpc(tx)) else "none",
        "max-instances": _MAX_INSTANCES,
        "vpc-max-security-groups-per-interface": quotas.security_groups_per_interface,
        "max-elastic-ips": quotas.elastic_ips,
        "vpc-max-elastic-ips": quotas.elastic_ips,
    }


def _attribute(name: str, value: object) -> dict[str, Any]:
    return {"AttributeName": name, "AttributeValues": [{"AttributeValue": str(value)}]}
