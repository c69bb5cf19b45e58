"""IAM's instance profiles, each of which has one role at the most."""

from typing import Any

from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.security import iam_words, roles
from elastinet.model.role import EVERYWHERE, InstanceProfile, Role
from elastinet.rules.profiles import profile_id

MOST_PROFILES = 1000


def _named(tx: Transaction, request: Request) -> InstanceProfile:
    name = request["InstanceProfileName"]
    profile = next(tx.state.where(InstanceProfile, "name", (tx.owner, name.lower())), None)
    if profile is None:
        raise iam_words.no_such(f"Instance Profile {name} cannot be found.")
    return profile


def _view(tx: Transaction, profile: InstanceProfile) -> dict[str, Any]:
    role = tx.state.get(Role, profile.role or "")
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.profile_name,
        "InstanceProfileId": profile_id(profile.id),
        "Arn": profile.id,
        "CreateDate": moment(profile.created),
        "Roles": [roles.view(role)] if role else [],
    }


def _whole(tx: Transaction, profile: InstanceProfile) -> dict[str, Any]:
    return _view(tx, profile) | ({"Tags": iam_words.tag_list(profile.tags)} if profile.tags else {})


def create_instance_profile(tx: Transaction, request: Request) -> Answer:
    """A new profile, without a role yet."""
    name, path = request["InstanceProfileName"], request.get("Path", "/")
    if tx.state.count(InstanceProfile, "name", (tx.owner, name.lower())):
        raise iam_words.exists(f"Instance Profile {name} already exists.")
    if tx.state.count(InstanceProfile, "owner", tx.owner) >= MOST_PROFILES:
        raise iam_words.exceeds("InstanceProfilesPerAccount", MOST_PROFILES)
    profile = InstanceProfile(
        id=f"arn:aws:iam::{tx.owner}:instance-profile{path}{name}",
        owner=tx.owner,
        region=EVERYWHERE,
        tags=iam_words.tagged((), request.get("Tags") or ()),
        profile_name=name,
        path=path,
        created=tx.now,
    )
    return {"InstanceProfile": _whole(tx, tx.put(profile))}


def get_instance_profile(tx: Transaction, request: Request) -> Answer:
    """One profile by its name."""
    return {"InstanceProfile": _whole(tx, _named(tx, request))}


def list_instance_profiles(tx: Transaction, request: Request) -> Answer:
    """The account's profiles below a path."""
    prefix = request.get("PathPrefix", "/")
    mine = tx.state.where(InstanceProfile, "owner", tx.owner)
    return _listed(tx, request, [profile for profile in mine if profile.path.startswith(prefix)])


def list_instance_profiles_for_role(tx: Transaction, request: Request) -> Answer:
    """The profiles that have a role."""
    role = roles.named(tx, request["RoleName"])
    return _listed(tx, request, [*tx.state.where(InstanceProfile, "role", role.id)])


def _listed(tx: Transaction, request: Request, found: list[InstanceProfile]) -> Answer:
    views = [_view(tx, profile) for profile in found]
    return iam_words.listed(request, "InstanceProfiles", [p.profile_name for p in found], views)


def delete_instance_profile(tx: Transaction, request: Request) -> None:
    """Remove a profile that has no role; instances that have it keep its name."""
    profile = _named(tx, request)
    if profile.role:
        raise iam_words.in_use("remove roles from instance profile")
    tx.drop(profile)


def add_role_to_instance_profile(tx: Transaction, request: Request) -> None:
    """Give a profile its role."""
    profile, role = _named(tx, request), roles.named(tx, request["RoleName"])
    if profile.role:
        raise iam_words.exceeds("InstanceSessionsPerInstanceProfile", 1)
    tx.put(profile.but(role=role.id))


def remove_role_from_instance_profile(tx: Transaction, request: Request) -> None:
    """Take its role from a profile."""
    profile, name = _named(tx, request), request["RoleName"]
    role = roles.named(tx, name)
    if profile.role != role.id:
        raise iam_words.no_such(f"Role with name {name} is not in instance profile {profile.profile_name}.")
    tx.put(profile.but(role=None))


def tag_instance_profile(tx: Transaction, request: Request) -> None:
    """Give a profile tags."""
    profile = _named(tx, request)
    tx.put(profile.but(tags=iam_words.tagged(profile.tags, request["Tags"])))


def untag_instance_profile(tx: Transaction, request: Request) -> None:
    """Take tags from a profile."""
    profile = _named(tx, request)
    tx.put(profile.but(tags=iam_words.untagged(profile.tags, request["TagKeys"])))


def list_instance_profile_tags(tx: Transaction, request: Request) -> Answer:
    """A profile's tags."""
    tags = _named(tx, request).tags
    return iam_words.listed(request, "Tags", [key for key, _ in tags], iam_words.tag_list(tags))
