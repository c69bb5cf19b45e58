"""Associations of instance profiles with instances."""

from collections.abc import Iterable
from typing import Any

from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import page
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.view import StateView
from elastinet.rules.profiles import profile_arn, profile_id

FILTERS = {"instance-id": "InstanceId", "state": "State"}
GOING = ("shutting-down", "terminated")


def read_profile(tx: Transaction, profile: Request) -> str:
    """The ARN of the profile that a request names, of either name."""
    arn, name = profile.get("Arn"), profile.get("Name")
    if (arn is None) == (name is None):
        raise faults.combination(
            "Exactly one of iamInstanceProfile.arn and iamInstanceProfile.name must be given."
        )
    return arn or profile_arn(tx.state, tx.owner, name)


def profile_view(arn: str) -> dict[str, str]:
    """A profile as answers show it."""
    return {"Arn": arn, "Id": profile_id(arn)}


def _view(instance: Instance, state: str) -> StateView:
    assert instance.profile_arn is not None
    return StateView(
        AssociationId=instance.profile_association,
        InstanceId=instance.id,
        IamInstanceProfile=profile_view(instance.profile_arn),
        State=state,
    )


def associate_iam_instance_profile(tx: Transaction, request: Request) -> Answer:
    """Give a running or stopped instance a role; it has one at the most."""
    instance = need(tx, Instance, "i", request["InstanceId"])
    arn = read_profile(tx, request["IamInstanceProfile"])
    if instance.state in GOING:
        sentence = f"The instance '{instance.id}' is not in the 'running' or 'stopped' states."
        raise Fault("IncorrectInstanceState", sentence)
    if instance.profile_arn:
        raise Fault("IncorrectState", f"There is an existing association for instance {instance.id}")
    return _bound(tx, instance, arn)


def _bound(tx: Transaction, instance: Instance, arn: str) -> dict[str, Any]:
    made = tx.put(instance.but(profile_arn=arn, profile_association=tx.new_id("iip-assoc")))
    return {"IamInstanceProfileAssociation": _view(made, "associating") | {"Timestamp": moment(tx.now)}}


def replace_iam_instance_profile_association(tx: Transaction, request: Request) -> Answer:
    """Give a running instance another role, under another association."""
    id = request["AssociationId"]
    (instance,) = _by_association(tx, [id])
    arn = read_profile(tx, request["IamInstanceProfile"])
    if instance.state != "running":
        raise Fault("IncorrectState", f"The association {id} is not the active association")
    return _bound(tx, instance, arn)


def disassociate_iam_instance_profile(tx: Transaction, request: Request) -> Answer:
    """Take its role from an instance."""
    (instance,) = _by_association(tx, [request["AssociationId"]])
    tx.put(instance.but(profile_arn=None, profile_association=None))
    return {"IamInstanceProfileAssociation": _view(instance, "disassociating")}


def describe_iam_instance_profile_associations(tx: Transaction, request: Request) -> Answer:
    """Associations by id or filter."""
    asked = filters.read(request, FILTERS, tagged=False)
    ids = request.ids("AssociationIds")
    instances = _by_association(tx, ids) if ids else tx.mine(Instance)
    views = [_view(i, "associated") for i in instances if i.profile_arn and i.state not in GOING]
    found = [(v["AssociationId"], v) for v in views if filters.passes(v, asked, FILTERS)]
    answer = "IamInstanceProfileAssociations"
    return page(found, page_size(request), request.get("NextToken"), answer)


def _by_association(tx: Transaction, ids: Iterable[str]) -> list[Instance]:
    found = []
    for id in ids:
        instance = next(tx.where(Instance, "profile-association", id), None)
        if instance is None or instance.state in GOING:
            raise Fault("InvalidAssociationID.NotFound", f"An invalid association-id of '{id}' was given")
        found.append(instance)
    return found
