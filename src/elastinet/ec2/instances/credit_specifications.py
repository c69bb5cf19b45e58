"""CPU credit specifications of burstable instances: recorded only, for no CPU is limited here."""

from typing import Any

from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import by_id, page
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.once import once
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.instances import INSTANCES
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.view import StateView

FILTERS = {"instance-id": "InstanceId"}


def _is_burstable(instance: Instance) -> bool:
    return instance_types()[instance.instance_type].row["burstable"] == "True"


def _check_burstable(instance: Instance) -> None:
    if not _is_burstable(instance):
        sentence = f"The instance '{instance.id}' is not a burstable performance instance."
        raise Fault("InstanceCreditSpecification.NotSupported", sentence)


def read_option(specification: Request) -> str:
    """The option that a credit specification asks for, at launch or later."""
    option: str = specification.get("CpuCredits")
    if option not in ("standard", "unlimited"):
        raise faults.invalid(option, "CpuCredits")
    return option


def credit_option(instance: Instance) -> str:
    """The option asked for, or that of the type: T2 begins as standard, all others as unlimited."""
    usual = "standard" if instance.instance_type.startswith("t2.") else "unlimited"
    return instance.credit_specification or usual


def describe_instance_credit_specifications(tx: Transaction, request: Request) -> Answer:
    """The options of the instances named, or of all burstable ones that are unlimited."""
    asked, ids = filters.read(request, FILTERS, tagged=False), request.ids("InstanceIds")
    instances = _named(tx, ids) if ids else _unlimited(tx)
    views = [(i.id, StateView(InstanceId=i.id, CpuCredits=credit_option(i))) for i in instances]
    found = [(id, seen) for id, seen in views if filters.passes(seen, asked, FILTERS)]
    return page(found, page_size(request), request.get("NextToken"), "InstanceCreditSpecifications")


def _named(tx: Transaction, ids: list[str]) -> list[Instance]:
    found = [noun for noun in by_id(tx, INSTANCES, ids) if isinstance(noun, Instance)]
    for instance in found:
        _check_burstable(instance)
    return found


def _unlimited(tx: Transaction) -> list[Instance]:
    there = (i for i in tx.mine(Instance) if i.state != "terminated" and _is_burstable(i))
    return [instance for instance in there if credit_option(instance) == "unlimited"]


def modify_instance_credit_specification(tx: Transaction, request: Request) -> Answer:
    """Another option for some instances; those that cannot have it are listed."""
    asked = [(item.get("InstanceId") or "", read_option(item)) for item in _items(request)]
    once(tx, "ModifyInstanceCreditSpecification", request, lambda: "")
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for id, option in asked:
        try:
            done.append({"InstanceId": _modify(tx, id, option)})
        except Fault as fault:
            failed.append({"InstanceId": id, "Error": {"Code": fault.code, "Message": fault.message}})
    answer = "uccessfulInstanceCreditSpecifications"
    return {f"S{answer}": done, f"Uns{answer}": failed}


def _items(request: Request) -> list[Request]:
    return list(request["InstanceCreditSpecifications"])


def _modify(tx: Transaction, id: str, option: str) -> str:
    instance = need(tx, Instance, "i", id)
    _check_burstable(instance)
    if instance.state not in ("running", "stopped"):
        sentence = f"The instance '{id}' is not in the 'running' or 'stopped' states."
        raise Fault("IncorrectInstanceState", sentence)
    return tx.put(instance.but(credit_specification=option)).id
