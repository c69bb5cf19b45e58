"""The versions of IAM's managed policies: five at the most, one of which counts."""

from typing import Any
from urllib.parse import quote

from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.security import iam_words
from elastinet.ec2.security.managed_policies import check_document, need_policy
from elastinet.model.fault import Fault
from elastinet.model.managed_policy import ManagedPolicy, PolicyVersion

MOST_VERSIONS = 5


def _view(policy: ManagedPolicy, version: PolicyVersion) -> dict[str, Any]:
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.number == policy.default,
        "CreateDate": moment(version.created),
    }


def _version(policy: ManagedPolicy, request: Request) -> PolicyVersion:
    wanted = request["VersionId"]
    found = next((version for version in policy.versions if version.id == wanted), None)
    if found is None:
        sentence = f"Policy {policy.id} version {wanted} does not exist or is not attachable."
        raise iam_words.no_such(sentence)
    return found


def create_policy_version(tx: Transaction, request: Request) -> Answer:
    """A further version of a policy."""
    policy = need_policy(tx, request)
    if len(policy.versions) >= MOST_VERSIONS:
        sentence = (
            f"A managed policy can have up to {MOST_VERSIONS} versions. Before you create a new version, you "
            "must delete an existing version."
        )
        raise Fault("LimitExceeded", sentence, iam_words.CONFLICT)
    made = PolicyVersion(policy.numbered, check_document(request["PolicyDocument"]), tx.now)
    policy = policy.but(
        versions=(*policy.versions, made),
        numbered=made.number + 1,
        default=made.number if request.get("SetAsDefault") else policy.default,
        updated=tx.now,
    )
    return {"PolicyVersion": _view(tx.put(policy), made)}


def get_policy_version(tx: Transaction, request: Request) -> Answer:
    """One version, with its document."""
    policy = need_policy(tx, request)
    version = _version(policy, request)
    return {"PolicyVersion": _view(policy, version) | {"Document": quote(version.document, safe="")}}


def list_policy_versions(tx: Transaction, request: Request) -> Answer:
    """The versions of a policy, without their documents."""
    policy = need_policy(tx, request)
    views = [_view(policy, version) for version in policy.versions]
    return iam_words.listed(request, "Versions", [version.id for version in policy.versions], views)


def set_default_policy_version(tx: Transaction, request: Request) -> None:
    """Let another version count."""
    policy = need_policy(tx, request)
    tx.put(policy.but(default=_version(policy, request).number, updated=tx.now))


def delete_policy_version(tx: Transaction, request: Request) -> None:
    """Remove a version that does not count."""
    policy = need_policy(tx, request)
    gone = _version(policy, request)
    if gone.number == policy.default:
        sentence = "Cannot delete the default version of a policy."
        raise Fault("DeleteConflict", sentence, iam_words.CONFLICT)
    tx.put(policy.but(versions=tuple(one for one in policy.versions if one != gone), updated=tx.now))
