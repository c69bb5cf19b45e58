"""The policies of roles, their own and attached ones: kept as they came, and never asked."""

from urllib.parse import quote

from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.security import iam_words, managed_policies
from elastinet.ec2.security.roles import named
from elastinet.model.fault import Fault
from elastinet.model.role import Role

MOST_ATTACHED, MOST_INLINE_CHARS = 10, 10_240
OF_AWS = ":iam::aws:policy/"
"""What is in the ARN of a policy of AWS's own."""


def put_role_policy(tx: Transaction, request: Request) -> None:
    """Give a role a policy of its own, or another one in its place."""
    role, name = named(tx, request["RoleName"]), request["PolicyName"]
    policies = dict(role.inline) | {name: iam_words.check_policy(request["PolicyDocument"])}
    if sum(len("".join(text.split())) for text in policies.values()) > MOST_INLINE_CHARS:
        sentence = f"Maximum policy size of {MOST_INLINE_CHARS} bytes exceeded for role {role.role_name}"
        raise Fault("LimitExceeded", sentence, iam_words.CONFLICT)
    tx.put(role.but(inline=tuple(policies.items())))


def _need_policy(role: Role, name: str) -> str:
    document = dict(role.inline).get(name)
    if document is None:
        raise iam_words.no_such(f"The role policy with name {name} cannot be found.")
    return document


def get_role_policy(tx: Transaction, request: Request) -> Answer:
    """One of a role's own policies."""
    role, name = named(tx, request["RoleName"]), request["PolicyName"]
    document = quote(_need_policy(role, name), safe="")
    return {"RoleName": role.role_name, "PolicyName": name, "PolicyDocument": document}


def list_role_policies(tx: Transaction, request: Request) -> Answer:
    """The names of a role's own policies."""
    names = [name for name, _ in named(tx, request["RoleName"]).inline]
    return iam_words.listed(request, "PolicyNames", names, names)


def delete_role_policy(tx: Transaction, request: Request) -> None:
    """Remove one of a role's own policies."""
    role, gone = named(tx, request["RoleName"]), request["PolicyName"]
    _need_policy(role, gone)
    tx.put(role.but(inline=tuple((name, text) for name, text in role.inline if name != gone)))


def attach_role_policy(tx: Transaction, request: Request) -> None:
    """Attach one of the account's policies, or one of AWS's own: which those are, only AWS knows."""
    role, arn = named(tx, request["RoleName"]), iam_words.check_arn(request["PolicyArn"])
    if OF_AWS not in arn and managed_policies.find(tx, arn) is None:
        raise iam_words.no_such(f"Policy {arn} does not exist or is not attachable.")
    if arn in role.attached:
        return
    if len(role.attached) >= MOST_ATTACHED:
        raise iam_words.exceeds("PoliciesPerRole", MOST_ATTACHED)
    tx.put(role.but(attached=(*role.attached, arn)))


def detach_role_policy(tx: Transaction, request: Request) -> None:
    """Detach a policy."""
    role, arn = named(tx, request["RoleName"]), iam_words.check_arn(request["PolicyArn"])
    if arn not in role.attached:
        raise iam_words.no_such(f"Policy {arn} was not found.")
    tx.put(role.but(attached=tuple(one for one in role.attached if one != arn)))


def list_attached_role_policies(tx: Transaction, request: Request) -> Answer:
    """The policies that are attached to a role, below a path."""
    prefix = request.get("PathPrefix", "/")
    arns = [
        arn for arn in named(tx, request["RoleName"]).attached if iam_words.path_of(arn).startswith(prefix)
    ]
    views = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in arns]
    return iam_words.listed(request, "AttachedPolicies", arns, views)
