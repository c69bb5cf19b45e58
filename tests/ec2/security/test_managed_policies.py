"""IAM's managed policies of an account, as fck-nat's and other modules make them for an instance's role."""

import json
from typing import Any

from refused import refused
from served import Served

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
OTHER = {"Version": "2012-10-17", "Statement": []}


def make_policy(iam: Any, name: str = "nat", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(POLICY), **more)
    return made["Policy"]


def test_a_policy(iam: Any, account: str) -> None:
    made = make_policy(iam, Path="/apps/", Description="d", Tags=[{"Key": "a", "Value": "b"}])
    assert made["Arn"] == f"arn:aws:iam::{account}:policy/apps/nat"
    assert (made["PolicyId"][:4], len(made["PolicyId"])) == ("ANPA", 21)
    assert (made["DefaultVersionId"], made["AttachmentCount"], made["IsAttachable"]) == ("v1", 0, True)
    shown = iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert shown == made | {"Description": "d"}
    version = iam.get_policy_version(PolicyArn=made["Arn"], VersionId="v1")["PolicyVersion"]
    assert (version["Document"], version["IsDefaultVersion"]) == (POLICY, True)
    assert [one["Arn"] for one in iam.list_policies(Scope="Local")["Policies"]] == [made["Arn"]]
    assert iam.list_policies(Scope="AWS")["Policies"] == iam.list_policies(PathPrefix="/x/")["Policies"] == []
    with refused("EntityAlreadyExists", "A policy called nat already exists"):
        make_policy(iam)
    iam.delete_policy(PolicyArn=made["Arn"])
    with refused("NoSuchEntity", f"Policy {made['Arn']} was not found."):
        iam.get_policy(PolicyArn=made["Arn"])


def test_a_policy_and_its_roles(iam: Any) -> None:
    arn = make_policy(iam)["Arn"]
    iam.create_role(RoleName="nat", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="nat", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert [one["PolicyName"] for one in iam.list_policies(OnlyAttached=True)["Policies"]] == ["nat"]
    told = iam.list_entities_for_policy(PolicyArn=arn)
    assert [role["RoleName"] for role in told["PolicyRoles"]] == ["nat"]
    assert told["PolicyUsers"] == told["PolicyGroups"] == []
    assert iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="User")["PolicyRoles"] == []
    with refused("DeleteConflict", "Cannot delete a policy attached to entities."):
        iam.delete_policy(PolicyArn=arn)
    iam.detach_role_policy(RoleName="nat", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    with refused("NoSuchEntity", "does not exist or is not attachable"):
        iam.attach_role_policy(RoleName="nat", PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName="nat")["AttachedPolicies"] == []


def test_versions(iam: Any) -> None:
    arn = make_policy(iam)["Arn"]
    for number in range(2, 6):
        document, first = json.dumps(OTHER), number == 2
        made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=first)
        assert made["PolicyVersion"]["VersionId"] == f"v{number}"
    with refused("LimitExceeded", "up to 5 versions"):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(OTHER))
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    with refused("DeleteConflict", "Cannot delete the default version of a policy."):
        iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    with refused("DeleteConflict", "more than one version"):
        iam.delete_policy(PolicyArn=arn)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    for number in range(2, 6):
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
    assert [v["VersionId"] for v in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v1"]
    again = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(OTHER))
    assert again["PolicyVersion"]["VersionId"] == "v6"
    with refused("NoSuchEntity", "version v2 does not exist"):
        iam.get_policy_version(PolicyArn=arn, VersionId="v2")


def test_tags(iam: Any) -> None:
    arn = make_policy(iam)["Arn"]
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Tags"] == [{"Key": "b", "Value": "2"}]


def test_refusals(server: Served, iam: Any) -> None:
    arn = make_policy(iam)["Arn"]
    with refused("MalformedPolicyDocument"):
        iam.create_policy(PolicyName="x", PolicyDocument="{")
    with refused("LimitExceeded", "PolicySize: 6144"):
        iam.create_policy(PolicyName="x", PolicyDocument=json.dumps(OTHER | {"Id": "x" * 6144}))
    with refused("InvalidInput", "is not valid"):
        iam.get_policy(PolicyArn="arn:aws:s3:::a-bucket-of-mine")
    with refused("NoSuchEntity"):
        server.client("iam").get_policy(PolicyArn=arn)  # another account's
    assert [one["PolicyName"] for one in iam.list_policies()["Policies"]] == ["nat"]
