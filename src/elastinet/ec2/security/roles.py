"""IAM's roles: kept and shown, and given to instances by their profiles. No policy is ever asked."""

from typing import Any
from urllib.parse import quote

from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.security import iam_words
from elastinet.model.role import EVERYWHERE, InstanceProfile, Role

MOST_ROLES, MOST_TRUST_CHARS = 1000, 2048


def named(tx: Transaction, name: str) -> Role:
    """The account's role of this name."""
    role = next(tx.state.where(Role, "name", (tx.owner, name.lower())), None)
    if role is None:
        raise iam_words.no_such(f"The role with name {name} cannot be found.")
    return role


def view(role: Role) -> dict[str, Any]:
    """A role in the shape of the API; documents are quoted as in a URL."""
    shown: dict[str, Any] = {
        "Path": role.path,
        "RoleName": role.role_name,
        "RoleId": role.role_id,
        "Arn": role.id,
        "CreateDate": moment(role.created),
        "AssumeRolePolicyDocument": quote(role.trust_policy, safe=""),
        "MaxSessionDuration": role.max_session_seconds,
    }
    return shown | ({"Description": role.description} if role.description is not None else {})


def _whole(role: Role) -> dict[str, Any]:
    tags = {"Tags": iam_words.tag_list(role.tags)} if role.tags else {}
    return view(role) | {"RoleLastUsed": {}} | tags


def _trust(text: str) -> str:
    if len("".join(text.split())) > MOST_TRUST_CHARS:
        raise iam_words.exceeds("ACLSizePerRole", MOST_TRUST_CHARS)
    return iam_words.check_policy(text)


def create_role(tx: Transaction, request: Request) -> Answer:
    """A new role."""
    name, path = request["RoleName"], request.get("Path", "/")
    if tx.state.count(Role, "name", (tx.owner, name.lower())):
        raise iam_words.exists(f"Role with name {name} already exists.")
    if tx.state.count(Role, "owner", tx.owner) >= MOST_ROLES:
        raise iam_words.exceeds("RolesPerAccount", MOST_ROLES)
    role = Role(
        id=f"arn:aws:iam::{tx.owner}:role{path}{name}",
        owner=tx.owner,
        region=EVERYWHERE,
        tags=iam_words.tagged((), request.get("Tags") or ()),
        role_name=name,
        role_id=iam_words.new_id(tx, "AROA"),
        path=path,
        trust_policy=_trust(request["AssumeRolePolicyDocument"]),
        created=tx.now,
        description=request.get("Description"),
        max_session_seconds=request.get("MaxSessionDuration", 3600),
    )
    return {"Role": _whole(tx.put(role))}


def get_role(tx: Transaction, request: Request) -> Answer:
    """One role by its name."""
    return {"Role": _whole(named(tx, request["RoleName"]))}


def list_roles(tx: Transaction, request: Request) -> Answer:
    """The account's roles below a path."""
    prefix = request.get("PathPrefix", "/")
    found = [role for role in tx.state.where(Role, "owner", tx.owner) if role.path.startswith(prefix)]
    return iam_words.listed(request, "Roles", [role.role_name for role in found], [*map(view, found)])


def delete_role(tx: Transaction, request: Request) -> None:
    """Remove a role that has no policies and is in no profile."""
    role = named(tx, request["RoleName"])
    if tx.state.count(InstanceProfile, "role", role.id):
        raise iam_words.in_use("remove roles from instance profile")
    if role.attached:
        raise iam_words.in_use("detach all policies")
    if role.inline:
        raise iam_words.in_use("delete policies")
    tx.drop(role)


def update_role(tx: Transaction, request: Request) -> Answer:
    """Change what a role says of itself."""
    role = named(tx, request["RoleName"])
    seconds = request.get("MaxSessionDuration", role.max_session_seconds)
    tx.put(role.but(description=request.get("Description", role.description), max_session_seconds=seconds))
    return {}


def update_assume_role_policy(tx: Transaction, request: Request) -> None:
    """Change who may take a role; here everybody may all the same."""
    role = named(tx, request["RoleName"])
    tx.put(role.but(trust_policy=_trust(request["PolicyDocument"])))


def tag_role(tx: Transaction, request: Request) -> None:
    """Give a role tags."""
    role = named(tx, request["RoleName"])
    tx.put(role.but(tags=iam_words.tagged(role.tags, request["Tags"])))


def untag_role(tx: Transaction, request: Request) -> None:
    """Take tags from a role."""
    role = named(tx, request["RoleName"])
    tx.put(role.but(tags=iam_words.untagged(role.tags, request["TagKeys"])))


def list_role_tags(tx: Transaction, request: Request) -> Answer:
    """A role's tags."""
    tags = named(tx, request["RoleName"]).tags
    return iam_words.listed(request, "Tags", [key for key, _ in tags], iam_words.tag_list(tags))
