"""Start, stop, reboot, terminate (facts sheet, section 13.1)."""

from collections.abc import Callable
from functools import partial
from typing import Any

from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import by_id
from elastinet.ec2.core.functions import give_all
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.public_addresses import lend, take_back
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.instance_views import state_view
from elastinet.ec2.instances.instances import INSTANCES
from elastinet.ec2.instances.launch import check_architecture, check_ena, find_image
from elastinet.ec2.instances.placing import place_again
from elastinet.ec2.instances.vcpu_quotas import within_quota
from elastinet.ec2.interfaces.attachments import release_all
from elastinet.ec2.volumes import volume_attachments
from elastinet.model.fault import Fault
from elastinet.model.image import MachineImage
from elastinet.model.instance import Instance

Step = Callable[[Transaction, Instance], Instance]
USER = ("Client.UserInitiatedShutdown", "Client.UserInitiatedShutdown: User initiated shutdown")


def _named(tx: Transaction, request: Request) -> list[Instance]:
    ids = request.ids("InstanceIds")
    if not ids:
        raise faults.missing_parameter("InstanceId")
    return [noun for noun in by_id(tx, INSTANCES, ids) if isinstance(noun, Instance)]


def _each(tx: Transaction, request: Request, step: Step) -> list[dict[str, Any]]:
    """Do a step to each instance that a request names; all or none."""
    return [
        {
            "InstanceId": old.id,
            "PreviousState": state_view(old.state),
            "CurrentState": state_view(step(tx, old).state),
        }
        for old in _named(tx, request)
    ]


def start_instances(tx: Transaction, request: Request) -> Answer:
    """Start stopped instances, on new machines with their old disks and addresses."""
    return {"StartingInstances": _each(tx, request, _start)}


def _start(tx: Transaction, instance: Instance) -> Instance:
    if instance.alive:
        return instance
    if instance.state != "stopped":
        sentence = f"The instance '{instance.id}' is not in a state from which it can be started."
        raise Fault("IncorrectInstanceState", sentence)
    _check_type(tx, instance)
    volume_attachments.check_root(tx, instance)
    within_quota(tx, instance_types()[instance.instance_type], instance.tenancy, 1, 1)
    started = tx.put(
        place_again(tx, instance).but(
            state="pending",
            boot=instance.boot + 1,
            launch_time=tx.now,
            is_forced=False,
            state_reason=None,
            transition_reason="",
        )
    )
    give_all(tx, started)
    lend(tx, started)
    return started


def _check_type(tx: Transaction, instance: Instance) -> None:
    """Refuse a start on a type that was given to the instance, but that it cannot be on."""
    kind = instance_types()[instance.instance_type]
    if instance.file_system is None or tx.get(MachineImage, instance.image_id):  # it may be deregistered
        check_architecture(find_image(tx, instance.image_id), kind)
    advice = f"Ensure that your instance '{instance.id}' is enabled for ENA."
    check_ena(kind, instance.ena_support, advice)


def stop_instances(tx: Transaction, request: Request) -> Answer:
    """Stop instances; their lent public addresses are gone, all else stays."""
    return {"StoppingInstances": _each(tx, request, partial(_stop, forced=_is_forced(request)))}


def _is_forced(request: Request) -> bool:
    """True if an end gives an instance's programs no time."""
    return any([request.get("Force"), request.get("SkipOsShutdown")])


def _stop(tx: Transaction, instance: Instance, *, forced: bool) -> Instance:
    if instance.state == "stopping" and forced and not instance.is_forced:
        return tx.put(instance.but(is_forced=True))
    if instance.state in ("stopped", "stopping"):
        return instance
    if instance.state != "running":
        sentence = f"This instance '{instance.id}' is not in a state from which it can be stopped."
        raise Fault("IncorrectInstanceState", sentence)
    if instance.api_stop_disabled:
        raise protected(instance, "stopped", "disableApiStop")
    take_back(tx, instance.id)
    return tx.put(ended(tx, instance, "stopping", forced=forced))


def ended(tx: Transaction, instance: Instance, state: Any, *, forced: bool) -> Instance:
    """An instance whose user has asked for its end, for now or for good."""
    why = f"User initiated ({moment_text(tx.now)})"
    return instance.but(state=state, state_reason=USER, transition_reason=why, is_forced=forced)


def moment_text(seconds: float) -> str:
    """A time as reasons have it."""
    return moment(seconds).strftime("%Y-%m-%d %H:%M:%S GMT")


def protected(instance: Instance, what: str, attribute: str) -> Fault:
    """The refusal to end an instance that is protected from it."""
    return Fault(
        "OperationNotPermitted",
        f"The instance '{instance.id}' may not be {what}. "
        f"Modify its '{attribute}' instance attribute and try again.",
    )


def reboot_instances(tx: Transaction, request: Request) -> None:
    """Boot running instances again: addresses, disks and public addresses stay."""
    for instance in _named(tx, request):
        if instance.state != "running":
            sentence = f"This instance '{instance.id}' is not in a state from which it can be rebooted."
            raise Fault("IncorrectInstanceState", sentence)
        tx.put(instance.but(boot=instance.boot + 1))


def terminate_instances(tx: Transaction, request: Request) -> Answer:
    """End instances for good; doing so twice is no fault."""
    return {"TerminatingInstances": _each(tx, request, partial(terminate, forced=_is_forced(request)))}


def terminate(tx: Transaction, instance: Instance, *, forced: bool = False) -> Instance:
    """End an instance for good, unless it is protected from that."""
    if instance.state == "shutting-down" and forced and not instance.is_forced:
        return tx.put(instance.but(is_forced=True))
    if instance.state in ("terminated", "shutting-down"):
        return instance
    if instance.api_termination_disabled:
        raise protected(instance, "terminated", "disableApiTermination")
    take_back(tx, instance.id)
    was_up = instance.state in ("pending", "running", "stopping")
    going = tx.put(ended(tx, instance, "shutting-down", forced=forced))
    return going if was_up else finish(tx, going)


def finish(tx: Transaction, instance: Instance) -> Instance:
    """Let an instance be terminated: its interfaces go, or are free."""
    release_all(tx, instance.id)
    volume_attachments.release(tx, instance)
    return tx.put(instance.but(state="terminated", end_time=tx.now, private_ip="", host=None))
