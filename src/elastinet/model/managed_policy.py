"""IAM's managed policies of an account, as modules make them for an instance's role."""

from typing import ClassVar

import msgspec

from elastinet.model.noun import Index, Noun


class PolicyVersion(msgspec.Struct, frozen=True):
    """A document of a policy by its number, and the time it came, in seconds since 1970."""

    number: int
    document: str
    created: float

    @property
    def id(self) -> str:
        """The version as IAM names it."""
        return f"v{self.number}"


class ManagedPolicy(Noun, frozen=True, kw_only=True):
    """A policy that roles may have attached; its id is its ARN. Nobody asks what it says.

    `default` is the number of the version that counts, `numbered` that of the next one.
    """

    policy_name: str
    policy_id: str
    path: str
    created: float
    updated: float
    description: str | None = None
    versions: tuple[PolicyVersion, ...]
    default: int = 1
    numbered: int = 2

    INDEXES: ClassVar[dict[str, Index]] = {
        "name": lambda p: ((p.owner, p.policy_name.lower()),),
        "owner": lambda p: (p.owner,),
    }
