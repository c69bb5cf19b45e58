"""Quotas of the vCPUs that an account runs in a region, by families of types."""

from elastinet.catalog.instance_types import InstanceType, instance_types
from elastinet.catalog.settings import UNLIMITED
from elastinet.catalog.vcpu_quotas import vcpu_quota
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance


def within_quota(tx: Transaction, kind: InstanceType, tenancy: str, least: int, most: int) -> int:
    """How many of `most` instances the quota of their family lets run; refuses if fewer than `least`.

    Each counts with the vCPUs of its type, whatever its CPU options are [inferred]. Instances on Dedicated
    Hosts count for none: hosts have a quota of their own.
    """
    name = vcpu_quota(kind.name)
    limit = UNLIMITED if name is None or tenancy == "host" else int(getattr(tx.settings.quotas, name))
    if limit >= UNLIMITED:
        return most
    room = max(0, limit - _running(tx, name)) // kind.vcpus
    if room < least:
        raise Fault(
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the "
            "instance bucket that the specified instance type belongs to. Please visit "
            "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
        )
    return min(room, most)


def _running(tx: Transaction, quota: str | None) -> int:
    """The vCPUs of a quota's families that are pending or running."""
    there = (i for state in ("pending", "running") for i in tx.where(Instance, "instance-state-name", state))
    counting = (i for i in there if i.tenancy != "host" and vcpu_quota(i.instance_type) == quota)
    return sum(instance_types()[i.instance_type].vcpus for i in counting)
