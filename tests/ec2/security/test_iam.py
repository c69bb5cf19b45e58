"""IAM's roles and instance profiles: kept, shown, given to instances; no policy is asked."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from elastinet.engine import Engine
from elastinet.imds.tree import find, root
from elastinet.model.instance import Instance
from elastinet.store import MemoryJournal
from place import launch, make_place
from refused import refused
from served import Served

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
MANAGED = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
IN_FOLDER = "arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM"


def make_role(iam: Any, name: str = "web", **more: Any) -> dict[str, Any]:
    given = {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(TRUST)} | more
    made: dict[str, Any] = iam.create_role(**given)["Role"]
    return made


def test_a_role(iam: Any, account: str) -> None:
    made = make_role(
        iam, Path="/apps/", Description="d", MaxSessionDuration=7200, Tags=[{"Key": "a", "Value": "b"}]
    )
    assert made["Arn"] == f"arn:aws:iam::{account}:role/apps/web"
    assert made["RoleId"].startswith("AROA")
    assert len(made["RoleId"]) == 21
    assert made["AssumeRolePolicyDocument"] == TRUST
    shown = iam.get_role(RoleName="web")["Role"]
    assert shown == made
    assert (shown["Path"], shown["Description"], shown["MaxSessionDuration"]) == ("/apps/", "d", 7200)
    assert shown["Tags"] == [{"Key": "a", "Value": "b"}]
    iam.update_role(RoleName="web", Description="e", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName="web", PolicyDocument=POLICY)
    shown = iam.get_role(RoleName="WEB")["Role"]
    assert (shown["Description"], shown["MaxSessionDuration"]) == ("e", 3600)
    assert shown["AssumeRolePolicyDocument"] == json.loads(POLICY)
    iam.delete_role(RoleName="web")
    with refused("NoSuchEntity", "The role with name web cannot be found."):
        iam.get_role(RoleName="web")


def test_roles_are_of_no_region_and_of_one_account(server: Served, account: str) -> None:
    make_role(server.client("iam", "us-east-1", account))
    there = server.client("iam", "eu-west-1", account)
    assert [role["RoleName"] for role in there.list_roles()["Roles"]] == ["web"]
    assert server.client("iam").list_roles()["Roles"] == []


def test_lists_come_in_pages_and_by_path(iam: Any) -> None:
    for name in ("c", "a", "b"):
        make_role(iam, name, Path="/x/" if name == "b" else "/")
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2})
    assert [[role["RoleName"] for role in page["Roles"]] for page in pages] == [["a", "b"], ["c"]]
    assert [r["RoleName"] for r in iam.list_roles(PathPrefix="/x/")["Roles"]] == ["b"]
    with refused("ValidationError"):
        iam.list_roles(Marker="é")


def test_own_policies(iam: Any) -> None:
    make_role(iam)
    iam.put_role_policy(RoleName="web", PolicyName="one", PolicyDocument=POLICY)
    assert iam.list_role_policies(RoleName="web")["PolicyNames"] == ["one"]
    shown = iam.get_role_policy(RoleName="web", PolicyName="one")
    assert shown["PolicyDocument"] == json.loads(POLICY)
    with refused("DeleteConflict", "must delete policies first"):
        iam.delete_role(RoleName="web")
    iam.delete_role_policy(RoleName="web", PolicyName="one")
    for call in (iam.get_role_policy, iam.delete_role_policy):
        with refused("NoSuchEntity", "The role policy with name one cannot be found."):
            call(RoleName="web", PolicyName="one")
    iam.delete_role(RoleName="web")


def test_attached_policies(iam: Any) -> None:
    make_role(iam)
    for arn in (MANAGED, MANAGED, IN_FOLDER):
        iam.attach_role_policy(RoleName="web", PolicyArn=arn)
    shown = iam.list_attached_role_policies(RoleName="web")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in shown] == [MANAGED, IN_FOLDER]
    assert shown[0]["PolicyName"] == "AmazonSSMManagedInstanceCore"
    below = iam.list_attached_role_policies(RoleName="web", PathPrefix="/service-role/")
    assert [policy["PolicyArn"] for policy in below["AttachedPolicies"]] == [IN_FOLDER]
    with refused("DeleteConflict", "must detach all policies first"):
        iam.delete_role(RoleName="web")
    iam.detach_role_policy(RoleName="web", PolicyArn=IN_FOLDER)
    with refused("NoSuchEntity", "was not found"):
        iam.detach_role_policy(RoleName="web", PolicyArn=IN_FOLDER)
    with refused("InvalidInput", "is not valid"):
        iam.attach_role_policy(RoleName="web", PolicyArn="arn:aws:s3:::a-bucket-of-mine")


def test_profiles(iam: Any, account: str) -> None:
    made = iam.create_instance_profile(InstanceProfileName="p", Path="/x/")["InstanceProfile"]
    assert (made["Arn"], made["Roles"]) == (f"arn:aws:iam::{account}:instance-profile/x/p", [])
    make_role(iam)
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="web")
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="p")
    for shown in (
        iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"],
        *iam.list_instance_profiles(PathPrefix="/x/")["InstanceProfiles"],
        *iam.list_instance_profiles_for_role(RoleName="web")["InstanceProfiles"],
    ):
        assert shown["InstanceProfileId"] == made["InstanceProfileId"]
        assert [role["RoleName"] for role in shown["Roles"]] == ["web"]
    assert iam.list_instance_profiles(PathPrefix="/y/")["InstanceProfiles"] == []
    make_role(iam, "other")
    with refused("LimitExceeded", "InstanceSessionsPerInstanceProfile: 1"):
        iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="other")
    with refused("DeleteConflict", "must remove roles from instance profile first"):
        iam.delete_instance_profile(InstanceProfileName="p")
    with refused("DeleteConflict", "must remove roles from instance profile first"):
        iam.delete_role(RoleName="web")
    with refused("NoSuchEntity"):
        iam.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="other")
    iam.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="web")
    iam.delete_instance_profile(InstanceProfileName="p")
    with refused("NoSuchEntity", "Instance Profile p cannot be found."):
        iam.get_instance_profile(InstanceProfileName="p")


def test_tags(iam: Any) -> None:
    make_role(iam)
    iam.create_instance_profile(InstanceProfileName="p", Tags=[{"Key": "a", "Value": "1"}])
    kinds = [
        ({"RoleName": "web"}, ("tag_role", "untag_role", "list_role_tags")),
        (
            {"InstanceProfileName": "p"},
            ("tag_instance_profile", "untag_instance_profile", "list_instance_profile_tags"),
        ),
    ]
    for name, calls in kinds:
        tag, untag, list_tags = (getattr(iam, call) for call in calls)
        tag(**name, Tags=[{"Key": "A", "Value": "2"}, {"Key": "b", "Value": "3"}])
        assert list_tags(**name)["Tags"] == [{"Key": "A", "Value": "2"}, {"Key": "b", "Value": "3"}]
        untag(**name, TagKeys=["a"])
        assert list_tags(**name)["Tags"] == [{"Key": "b", "Value": "3"}]
        with refused("InvalidInput", "Duplicate tag keys"):
            tag(**name, Tags=[{"Key": "x", "Value": "2"}, {"Key": "X", "Value": "3"}])
        with refused("LimitExceeded"):
            tag(**name, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])
        with refused("InvalidInput"):
            tag(**name, Tags=[{"Key": "aws:x", "Value": ""}])


WRONG: list[tuple[str, dict[str, Any], str, int]] = [
    ("create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": POLICY}, "ValidationError", 400),
    ("create_role", {"RoleName": "a" * 65, "AssumeRolePolicyDocument": POLICY}, "ValidationError", 400),
    ("create_role", {"RoleName": "é", "AssumeRolePolicyDocument": POLICY}, "ValidationError", 400),
    ("create_role", {"RoleName": "a", "AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument", 400),
    ("create_role", {"RoleName": "a", "AssumeRolePolicyDocument": "[" * 9999}, "LimitExceeded", 409),
    ("create_role", {"RoleName": "a", "AssumeRolePolicyDocument": "[]"}, "MalformedPolicyDocument", 400),
    (
        "create_role",
        {"RoleName": "a", "AssumeRolePolicyDocument": POLICY, "Path": "x"},
        "ValidationError",
        400,
    ),
    (
        "create_role",
        {"RoleName": "a", "AssumeRolePolicyDocument": POLICY, "MaxSessionDuration": 60},
        "ValidationError",
        400,
    ),
    ("create_role", {"RoleName": "Web", "AssumeRolePolicyDocument": POLICY}, "EntityAlreadyExists", 409),
    (
        "create_role",
        {"RoleName": "a", "AssumeRolePolicyDocument": POLICY, "PermissionsBoundary": MANAGED},
        "UnsupportedOperation",
        400,
    ),
    (
        "put_role_policy",
        {
            "RoleName": "web",
            "PolicyName": "p",
            "PolicyDocument": json.dumps({"x": "y" * 10_240}),
        },
        "LimitExceeded",
        409,
    ),
    ("list_roles", {"MaxItems": 0}, "ValidationError", 400),
    ("get_role", {"RoleName": "none"}, "NoSuchEntity", 404),
    ("create_user", {"UserName": "x"}, "InvalidAction", 400),
]


@pytest.mark.parametrize(("call", "params", "code", "status"), WRONG)
def test_what_is_refused(iam: Any, call: str, params: dict[str, Any], code: str, status: int) -> None:
    make_role(iam)
    with pytest.raises(ClientError) as error:
        getattr(iam, call)(**params)
    answer = error.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["web"]


def test_no_more_policies_than_a_role_may_have(iam: Any) -> None:
    make_role(iam)
    for number in range(10):
        iam.attach_role_policy(RoleName="web", PolicyArn=f"arn:aws:iam::aws:policy/p{number}")
    with refused("LimitExceeded", "PoliciesPerRole: 10"):
        iam.attach_role_policy(RoleName="web", PolicyArn=MANAGED)


def test_an_instance_has_the_profile_with_its_path(server: Served, iam: Any, account: str) -> None:
    ec2 = server.client(account=account)
    made = iam.create_instance_profile(InstanceProfileName="p", Path="/x/")["InstanceProfile"]
    (one,) = launch(ec2, make_place(ec2), IamInstanceProfile={"Name": "p"})
    assert one["IamInstanceProfile"] == {"Arn": made["Arn"], "Id": made["InstanceProfileId"]}


def test_an_instance_has_the_credentials_of_its_profiles_role(engine: Engine) -> None:
    owner, region = "123456789012", "us-east-1"

    def call(action: str, **params: Any) -> Any:
        return engine.call(owner, region, action, params)

    call("CreateInstanceProfile", InstanceProfileName="p")
    image = next(iter(call("DescribeImages")["Images"]))["ImageId"]
    launch = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "InstanceType": "m5.large"}
    made = call("RunInstances", **launch, IamInstanceProfile={"Name": "p"})["Instances"][0]

    def roles() -> list[str]:
        instance = engine.state.need(Instance, made["InstanceId"])
        tree = root(engine.state, instance, 0, b"secret", lambda: pytest.fail("no signature is asked for"))
        return [*find(tree, ["meta-data", "iam", "security-credentials"])]  # type: ignore[misc]

    assert roles() == []
    call("CreateRole", RoleName="web", AssumeRolePolicyDocument=POLICY)
    call("AddRoleToInstanceProfile", InstanceProfileName="p", RoleName="web")
    assert roles() == ["web"]
    call("RemoveRoleFromInstanceProfile", InstanceProfileName="p", RoleName="web")
    assert roles() == []


def test_roles_come_back_from_the_journal() -> None:
    journal = MemoryJournal()
    engine = Engine(journal)
    call = {"RoleName": "web", "AssumeRolePolicyDocument": POLICY}
    engine.call("123456789012", "us-east-1", "CreateRole", call)
    engine.call("123456789012", "us-east-1", "CreateInstanceProfile", {"InstanceProfileName": "p"})
    assert Engine(journal).state == engine.state
    found = Engine(journal).call("123456789012", "eu-west-1", "GetRole", {"RoleName": "web"})
    assert found == engine.call("123456789012", "us-west-2", "GetRole", {"RoleName": "web"})
