"""Instance profiles: those that IAM has here, and names that are taken on trust where it has none."""

import base64
import hashlib

from elastinet.model.role import InstanceProfile, Role
from elastinet.model.state import State


def profile_id(arn: str) -> str:
    """The unique id of the profile with this ARN."""
    return "AIPA" + _letters(arn)


def profile_arn(state: State, owner: str, name: str) -> str:
    """The ARN of an account's profile; of one that is not there, what it would be without a path."""
    found = next(state.where(InstanceProfile, "name", (owner, name.lower())), None)
    return found.id if found else f"arn:aws:iam::{owner}:instance-profile/{name}"


def role_id(state: State, owner: str, name: str) -> str:
    """The unique id of an account's role; of one on trust, what it would be."""
    found = next(state.where(Role, "name", (owner, name.lower())), None)
    return found.role_id if found else "AROA" + _letters(f"{owner}/{name}")


def role_name(state: State, arn: str) -> str | None:
    """The name of a profile's role, None if it has none; one on trust has a role of the same name."""
    profile = state.get(InstanceProfile, arn)
    if profile is None:
        return arn.rpartition("/")[2]
    role = state.get(Role, profile.role or "")
    return role.role_name if role else None


def _letters(of: str) -> str:
    return base64.b32encode(hashlib.sha256(of.encode()).digest()).decode()[:16]
