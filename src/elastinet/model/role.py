"""IAM's roles and instance profiles, as far as an instance has one; they are of no region."""

from typing import ClassVar

from elastinet.model.noun import Index, Noun

EVERYWHERE = "aws-global"
"""The region of what an account has in all of them."""


class Role(Noun, frozen=True, kw_only=True):
    """A role; its id is its ARN. Policies are kept and never asked.

    `inline` has the names and documents of its own policies, `attached` the ARNs of others. Times are
    seconds since 1970.
    """

    role_name: str
    role_id: str
    path: str
    trust_policy: str
    created: float
    description: str | None = None
    max_session_seconds: int = 3600
    inline: tuple[tuple[str, str], ...] = ()
    attached: tuple[str, ...] = ()

    INDEXES: ClassVar[dict[str, Index]] = {
        "name": lambda r: ((r.owner, r.role_name.lower()),),
        "owner": lambda r: (r.owner,),
        "attached": lambda r: tuple((r.owner, arn) for arn in r.attached),
    }


class InstanceProfile(Noun, frozen=True, kw_only=True):
    """What gives an instance a role; its id is its ARN, `role` that of its role."""

    profile_name: str
    path: str
    created: float
    role: str | None = None

    INDEXES: ClassVar[dict[str, Index]] = {
        "name": lambda p: ((p.owner, p.profile_name.lower()),),
        "owner": lambda p: (p.owner,),
        "role": lambda p: (p.role,) if p.role else (),
    }
