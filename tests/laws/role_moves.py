"""What may be asked of IAM, beside a region."""

import json

from choice import Choice
from region_moves import Params, move

from elastinet.model.role import InstanceProfile, Role

POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
NAMES = ("web",)
"""One, so that roles, policies and profiles meet."""


def _role(c: Choice) -> Params:
    mine = [role.role_name for role in c.engine.state.where(Role, "owner", c.owner)]
    return {"RoleName": c.one(mine or NAMES)}


def _profile(c: Choice) -> Params:
    mine = [profile.profile_name for profile in c.engine.state.where(InstanceProfile, "owner", c.owner)]
    return {"InstanceProfileName": c.one(mine or NAMES)}


@move("CreateRole")
def make_role(c: Choice) -> Params:
    name = "other" if c.chance(6) else c.one(NAMES)
    return {"RoleName": name, "AssumeRolePolicyDocument": POLICY}


@move("PutRolePolicy")
def give_policy(c: Choice) -> Params:
    return _role(c) | {"PolicyName": "read", "PolicyDocument": POLICY}


@move("DeleteRolePolicy")
def take_policy(c: Choice) -> Params:
    return _role(c) | {"PolicyName": "read"}


@move("TagRole")
def tag_role(c: Choice) -> Params:
    return _role(c) | {"Tags": [{"Key": f"k{c.number(3)}", "Value": "v"}]}


def _policy(c: Choice) -> Params:
    return {"PolicyArn": f"arn:aws:iam::{c.owner}:policy/read"}


@move("CreatePolicy")
def make_policy(c: Choice) -> Params:
    return {"PolicyName": c.one(("read", "write")), "PolicyDocument": POLICY}


@move("CreatePolicyVersion")
def change_policy(c: Choice) -> Params:
    return _policy(c) | {"PolicyDocument": POLICY, "SetAsDefault": True}


@move("DeletePolicyVersion")
def forget_version(c: Choice) -> Params:
    return _policy(c) | {"VersionId": f"v{1 + c.number(3)}"}


@move("AttachRolePolicy")
def attach_policy(c: Choice) -> Params:
    return _role(c) | _policy(c)


@move("DetachRolePolicy")
def detach_policy(c: Choice) -> Params:
    arn = _policy(c)["PolicyArn"]
    having = [role.role_name for role in c.engine.state.where(Role, "owner", c.owner) if arn in role.attached]
    return {"RoleName": c.one(having or NAMES), "PolicyArn": arn}


@move("DeletePolicy")
def end_policy(c: Choice) -> Params:
    return _policy(c)


@move("CreateInstanceProfile")
def make_profile(c: Choice) -> Params:
    return {"InstanceProfileName": c.one(NAMES)}


@move("AddRoleToInstanceProfile")
def fill_profile(c: Choice) -> Params:
    return _profile(c) | _role(c)


@move("RemoveRoleFromInstanceProfile")
def empty_profile(c: Choice) -> Params:
    return _profile(c) | {"RoleName": c.one(NAMES)}


@move("DeleteInstanceProfile")
def delete_profile(c: Choice) -> Params:
    return _profile(c)


@move("DeleteRole")
def delete_role(c: Choice) -> Params:
    return _role(c)
