"""IAM's managed policies of an account: kept, shown and attached; no policy is ever asked."""

from typing import Any

from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.security import iam_words
from elastinet.model.fault import Fault
from elastinet.model.managed_policy import ManagedPolicy, PolicyVersion
from elastinet.model.role import EVERYWHERE, Role

MOST_POLICIES, MOST_CHARS = 1500, 6144


def find(tx: Transaction, arn: str) -> ManagedPolicy | None:
    """The account's own policy of this ARN."""
    policy = tx.state.get(ManagedPolicy, arn)
    return policy if policy is not None and policy.owner == tx.owner else None


def need_policy(tx: Transaction, request: Request) -> ManagedPolicy:
    """The account's policy that a request names."""
    arn = iam_words.check_arn(request["PolicyArn"])
    if (policy := find(tx, arn)) is None:
        raise iam_words.no_such(f"Policy {arn} was not found.")
    return policy


def attached_to(tx: Transaction, arn: str) -> list[Role]:
    """The account's roles that have a policy."""
    return list(tx.state.where(Role, "attached", (tx.owner, arn)))


def view(tx: Transaction, policy: ManagedPolicy) -> dict[str, Any]:
    """A policy in the shape of the API."""
    return {
        "PolicyName": policy.policy_name,
        "PolicyId": policy.policy_id,
        "Arn": policy.id,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default}",
        "AttachmentCount": len(attached_to(tx, policy.id)),
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": moment(policy.created),
        "UpdateDate": moment(policy.updated),
    }


def _whole(tx: Transaction, policy: ManagedPolicy) -> dict[str, Any]:
    tags = {"Tags": iam_words.tag_list(policy.tags)} if policy.tags else {}
    told = {} if policy.description is None else {"Description": policy.description}
    return view(tx, policy) | told | tags


def check_document(text: str) -> str:
    """A policy's document as it came, if it is not too long."""
    if len("".join(text.split())) > MOST_CHARS:
        raise iam_words.exceeds("PolicySize", MOST_CHARS)
    return iam_words.check_policy(text)


def create_policy(tx: Transaction, request: Request) -> Answer:
    """A new policy, with its first version."""
    name, path = request["PolicyName"], request.get("Path", "/")
    if tx.state.count(ManagedPolicy, "name", (tx.owner, name.lower())):
        raise iam_words.exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    if tx.state.count(ManagedPolicy, "owner", tx.owner) >= MOST_POLICIES:
        raise iam_words.exceeds("PoliciesPerAccount", MOST_POLICIES)
    policy = ManagedPolicy(
        id=f"arn:aws:iam::{tx.owner}:policy{path}{name}",
        owner=tx.owner,
        region=EVERYWHERE,
        tags=iam_words.tagged((), request.get("Tags") or ()),
        policy_name=name,
        policy_id=iam_words.new_id(tx, "ANPA"),
        path=path,
        created=tx.now,
        updated=tx.now,
        description=request.get("Description"),
        versions=(PolicyVersion(1, check_document(request["PolicyDocument"]), tx.now),),
    )
    shown = view(tx, tx.put(policy))
    return {"Policy": shown | ({"Tags": iam_words.tag_list(policy.tags)} if policy.tags else {})}


def get_policy(tx: Transaction, request: Request) -> Answer:
    """One policy by its ARN."""
    return {"Policy": _whole(tx, need_policy(tx, request))}


def list_policies(tx: Transaction, request: Request) -> Answer:
    """The account's own policies below a path; AWS's own are not here to be told."""
    scope, prefix = request.get("Scope", "All"), request.get("PathPrefix", "/")
    mine = [] if scope == "AWS" else [*tx.state.where(ManagedPolicy, "owner", tx.owner)]
    found = [policy for policy in mine if policy.path.startswith(prefix)]
    if request.get("PolicyUsageFilter") == "PermissionsBoundary":
        found = []
    if request.get("OnlyAttached"):
        found = [policy for policy in found if attached_to(tx, policy.id)]
    names, views = [policy.policy_name for policy in found], [view(tx, policy) for policy in found]
    return iam_words.listed(request, "Policies", names, views)


def delete_policy(tx: Transaction, request: Request) -> None:
    """Remove a policy that is attached to nobody and has one version."""
    policy = need_policy(tx, request)
    if attached_to(tx, policy.id):
        sentence = "Cannot delete a policy attached to entities."
        raise Fault("DeleteConflict", sentence, iam_words.CONFLICT)
    if len(policy.versions) > 1:
        sentence = (
            "This policy has more than one version. Before you delete a policy, you must delete the policy's "
            "versions. The default version is deleted with the policy."
        )
        raise Fault("DeleteConflict", sentence, iam_words.CONFLICT)
    tx.drop(policy)


def list_entities_for_policy(tx: Transaction, request: Request) -> Answer:
    """The roles that a policy is attached to; there are no users and groups."""
    arn, prefix = iam_words.check_arn(request["PolicyArn"]), request.get("PathPrefix", "/")
    kind, use = request.get("EntityFilter", "Role"), request.get("PolicyUsageFilter", "PermissionsPolicy")
    wanted = kind == "Role" and use == "PermissionsPolicy"
    found = [role for role in attached_to(tx, arn) if wanted and role.path.startswith(prefix)]
    views = [{"RoleName": role.role_name, "RoleId": role.role_id} for role in found]
    names = [role.role_name for role in found]
    return iam_words.listed(request, "PolicyRoles", names, views) | {"PolicyUsers": [], "PolicyGroups": []}


def tag_policy(tx: Transaction, request: Request) -> None:
    """Give a policy tags."""
    policy = need_policy(tx, request)
    tx.put(policy.but(tags=iam_words.tagged(policy.tags, request["Tags"])))


def untag_policy(tx: Transaction, request: Request) -> None:
    """Take tags from a policy."""
    policy = need_policy(tx, request)
    tx.put(policy.but(tags=iam_words.untagged(policy.tags, request["TagKeys"])))


def list_policy_tags(tx: Transaction, request: Request) -> Answer:
    """A policy's tags."""
    tags = need_policy(tx, request).tags
    return iam_words.listed(request, "Tags", [key for key, _ in tags], iam_words.tag_list(tags))
