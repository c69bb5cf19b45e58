"""Launch templates and their versions: made, described, given another default, deleted."""

from typing import Any

import pytest

from elastinet.catalog.settings import Quotas
from refused import refused

NONE = "lt-00000000000000000"
DATA = {"ImageId": "ami-abc123", "InstanceType": "t3.micro"}
HOW_TO_ASK = "To describe the launch template data for all your launch templates"


def make(ec2: Any, name: str = "web", data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    asked = {"LaunchTemplateName": name, "LaunchTemplateData": DATA if data is None else data}
    return dict(ec2.create_launch_template(**asked | more)["LaunchTemplate"])


def add(ec2: Any, data: dict[str, Any], name: str = "web", **more: Any) -> dict[str, Any]:
    asked = {"LaunchTemplateName": name, "LaunchTemplateData": data}
    return dict(ec2.create_launch_template_version(**asked | more)["LaunchTemplateVersion"])


def numbers(ec2: Any, **asked: Any) -> list[int]:
    found = ec2.describe_launch_template_versions(**asked)["LaunchTemplateVersions"]
    return [one["VersionNumber"] for one in found]


@pytest.fixture
def three(ec2):
    """A template of three versions."""
    made = make(ec2)
    add(ec2, {"ImageId": "ami-def456"}, VersionDescription="new image")
    add(ec2, {"InstanceType": "t3.small"})
    return made


def test_create(ec2):
    tags = [{"ResourceType": "launch-template", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = make(ec2, VersionDescription="first", TagSpecifications=tags)
    assert made["LaunchTemplateId"].startswith("lt-")
    assert (made["DefaultVersionNumber"], made["LatestVersionNumber"]) == (1, 1)
    assert made["Tags"] == tags[0]["Tags"]
    assert made["CreatedBy"].endswith(":root")
    assert ec2.describe_launch_templates()["LaunchTemplates"] == [made]
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"] == DATA
    assert (version["VersionDescription"], version["DefaultVersion"]) == ("first", True)
    assert version["LaunchTemplateId"] == made["LaunchTemplateId"]


@pytest.mark.parametrize("name", ["ab", "a" * 129, "two words", "ümlaut", "a*c"])
def test_names(ec2, name):
    make(ec2, "(a)-b_c.d/e")
    with refused("InvalidLaunchTemplateName.MalformedException", "between 3 and 128 characters"):
        make(ec2, name)


def test_a_name_is_used_once(ec2):
    make(ec2)
    with refused("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use."):
        make(ec2)
    ec2.delete_launch_template(LaunchTemplateName="web")
    make(ec2)


def test_tokens(ec2):
    assert make(ec2, ClientToken="t") == make(ec2, ClientToken="t")
    with refused("IdempotentParameterMismatch"):
        make(ec2, "other", ClientToken="t")
    one, other = (add(ec2, {"ImageId": "ami-1"}, ClientToken="v" * 128) for _ in range(2))
    assert one == other
    change = {"LaunchTemplateName": "web", "DefaultVersion": "2", "ClientToken": "m"}
    assert ec2.modify_launch_template(**change)["LaunchTemplate"]["DefaultVersionNumber"] == 2
    ec2.modify_launch_template(LaunchTemplateName="web", DefaultVersion="1")
    assert ec2.modify_launch_template(**change)["LaunchTemplate"]["DefaultVersionNumber"] == 1


def test_what_is_taken_is_what_a_launch_judges(ec2):
    """EC2 says so itself: parameters are not fully validated, and are shown as they were given."""
    data = {
        "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.1"}},
        "InstanceRequirements": {"VCpuCount": {"Min": 2}, "MemoryMiB": {"Min": 4, "Max": 8}},
        "UserData": "no base64",
        "EnclaveOptions": {"Enabled": True},
        "RamDiskId": "ari-1",
        "LicenseSpecifications": [{"LicenseConfigurationArn": "arn"}],
        "SecurityGroupIds": ["sg-nowhere"],
    }
    make(ec2, data=data)
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"] == data


REFUSED_DATA: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({}, "MissingParameter", "LaunchTemplateData"),
    ({"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}]},
     "InvalidParameterValue", "'vpc' is not a valid taggable resource type"),
    ({"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "aws:a", "Value": "b"}]}]},
     "InvalidParameterValue", "reserved"),
    ({"MetadataOptions": {"HttpTokens": "sometimes"}}, "InvalidParameterValue", "HttpTokens"),
)  # fmt: skip


@pytest.mark.parametrize(("data", "code", "sentence"), REFUSED_DATA)
def test_what_is_not_taken(ec2, data, code, sentence):
    with refused(code, sentence):
        make(ec2, data=data)
    with refused("InvalidParameterValue", "versionDescription"):
        make(ec2, VersionDescription="x" * 256)
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []


def test_versions_stand_alone_or_on_another(ec2):
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9, "SnapshotId": "snap-1"}}
    place = {"AvailabilityZone": "us-east-1a", "Tenancy": "dedicated"}
    make(ec2, data=DATA | {"BlockDeviceMappings": [disk], "Placement": place, "SecurityGroups": ["a"]})
    assert add(ec2, {"InstanceType": "t3.large"})["LaunchTemplateData"] == {"InstanceType": "t3.large"}
    over = {
        "InstanceType": "t3.large",
        "Placement": {"AvailabilityZoneId": "use1-az1"},
        "SecurityGroupIds": ["sg-1"],
    }
    based = add(ec2, over, SourceVersion="1")
    assert (based["VersionNumber"], based["DefaultVersion"]) == (3, False)
    assert based["LaunchTemplateData"] == {
        "ImageId": "ami-abc123",
        "InstanceType": "t3.large",
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9}}],
        "Placement": {"AvailabilityZoneId": "use1-az1", "Tenancy": "dedicated"},
        "SecurityGroupIds": ["sg-1"],
    }
    latest = add(ec2, {"KeyName": "k"}, SourceVersion="$Latest")["LaunchTemplateData"]
    assert latest == based["LaunchTemplateData"] | {"KeyName": "k"}
    with refused("InvalidLaunchTemplateId.VersionNotFound", "Launch template version does not exist."):
        add(ec2, DATA, SourceVersion="9")


def test_describe_templates(ec2, three):
    other = make(ec2, "other")
    (first,) = ec2.describe_launch_templates(LaunchTemplateNames=["web"])["LaunchTemplates"]
    assert first == three | {"LatestVersionNumber": 3}
    (found,) = ec2.describe_launch_templates(LaunchTemplateIds=[other["LaunchTemplateId"]])["LaunchTemplates"]
    assert found == other
    asked = [{"Name": "launch-template-name", "Values": ["oth*"]}]
    assert ec2.describe_launch_templates(Filters=asked)["LaunchTemplates"] == [other]
    pages = ec2.get_paginator("describe_launch_templates").paginate(PaginationConfig={"PageSize": 1})
    assert sum(len(page["LaunchTemplates"]) for page in pages) == 2
    sentence = "At least one of the launch templates specified in the request does not exist."
    with refused("InvalidLaunchTemplateName.NotFoundException", sentence):
        ec2.describe_launch_templates(LaunchTemplateNames=["web", "missing"])
    with refused("InvalidLaunchTemplateId.NotFound", NONE):
        ec2.describe_launch_templates(LaunchTemplateIds=[NONE])
    with refused("InvalidLaunchTemplateId.Malformed"):
        ec2.describe_launch_templates(LaunchTemplateIds=["web"])


def test_describe_versions(ec2, three):
    web = {"LaunchTemplateName": "web"}
    assert numbers(ec2, **web) == [3, 2, 1]
    assert numbers(ec2, LaunchTemplateId=three["LaunchTemplateId"], Versions=["1", "3"]) == [1, 3]
    assert numbers(ec2, **web, Versions=["$Latest", "$Default"]) == [3, 1]
    assert numbers(ec2, **web, Versions=["$Default", "1"]) == [1]
    assert numbers(ec2, **web, MinVersion="2") == [3, 2]
    assert numbers(ec2, **web, MaxVersion="2") == [2, 1]
    assert numbers(ec2, **web, MinVersion="2", MaxVersion="2") == [2]
    assert numbers(ec2, **web, Filters=[{"Name": "image-id", "Values": ["ami-d*"]}]) == [2]
    assert numbers(ec2, **web, Filters=[{"Name": "is-default-version", "Values": ["true"]}]) == [1]
    pages = ec2.get_paginator("describe_launch_template_versions").paginate(
        **web, PaginationConfig={"PageSize": 2}
    )
    found = [[one["VersionNumber"] for one in page["LaunchTemplateVersions"]] for page in pages]
    assert found == [[3, 2], [1]]
    missing = (
        f"Could not find the specified version 4 for the launch template with ID {three['LaunchTemplateId']}."
    )
    with refused("InvalidLaunchTemplateId.VersionNotFound", missing):
        numbers(ec2, **web, Versions=["4"])
    with refused("InvalidParameterValue", "newest"):
        numbers(ec2, **web, Versions=["newest"])
    with refused("InvalidParameterCombination"):
        numbers(ec2, **web, Versions=["1"], MinVersion="1")
    with refused("InvalidParameterValue", "less than 200"):
        numbers(ec2, **web, MaxResults=201)


def test_describe_versions_of_all_templates(ec2, three):
    make(ec2, "other")
    assert sorted(numbers(ec2, Versions=["$Latest"])) == [1, 3]
    assert sorted(numbers(ec2, Versions=["$Latest", "$Default"])) == [1, 1, 3]
    with refused("MissingParameter", HOW_TO_ASK):
        numbers(ec2)
    with refused("InvalidParameterValue", HOW_TO_ASK):
        numbers(ec2, Versions=["1"])


def test_an_alias_is_resolved_for_those_who_ask(ec2, three):
    alias = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    image = add(ec2, {"ImageId": alias}, ResolveAlias=True)["LaunchTemplateData"]["ImageId"]
    assert ec2.describe_images(ImageIds=[image])["Images"][0]["Name"].startswith("al2023-ami-2023")

    def shown(**options):
        asked = {"LaunchTemplateName": "web", "Versions": ["4"]} | options
        (version,) = ec2.describe_launch_template_versions(**asked)["LaunchTemplateVersions"]
        return version["LaunchTemplateData"]["ImageId"]

    assert (shown(), shown(ResolveAlias=False), shown(ResolveAlias=True)) == (alias, alias, image)
    launched = ec2.run_instances(
        LaunchTemplate={"LaunchTemplateName": "web", "Version": "4"}, MinCount=1, MaxCount=1
    )
    assert launched["Instances"][0]["ImageId"] == image
    add(ec2, {"ImageId": "resolve:ssm:/my/image"}, ResolveAlias=False)
    with refused("InvalidParameterValue", "There is no such parameter."):
        numbers(ec2, LaunchTemplateName="web", ResolveAlias=True)


def test_modify(ec2, three):
    changed = ec2.modify_launch_template(LaunchTemplateName="web", DefaultVersion="2")["LaunchTemplate"]
    assert changed == three | {"DefaultVersionNumber": 2, "LatestVersionNumber": 3}
    shown = ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"]
    assert [one["DefaultVersion"] for one in shown] == [False, True, False]
    sentence = "The launch template version 9 is not found for the specified launch template."
    with refused("InvalidLaunchTemplateId.VersionNotFound", sentence):
        ec2.modify_launch_template(LaunchTemplateName="web", DefaultVersion="9")
    with refused("MissingParameter", "SetDefaultVersion"):
        ec2.modify_launch_template(LaunchTemplateName="web")
    with refused("InvalidParameterCombination", "launch template name to modify the template."):
        ec2.modify_launch_template(LaunchTemplateName="web", LaunchTemplateId=NONE, DefaultVersion="2")


def test_delete_versions(ec2, three):
    asked = {"LaunchTemplateName": "web", "Versions": ["1", "3", "9"]}
    answer = ec2.delete_launch_template_versions(**asked)
    named = {"LaunchTemplateId": three["LaunchTemplateId"], "LaunchTemplateName": "web"}
    assert answer["SuccessfullyDeletedLaunchTemplateVersions"] == [named | {"VersionNumber": 3}]
    failed = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert [(one["VersionNumber"], one["ResponseError"]["Code"]) for one in failed] == [
        (1, "unexpectedError"),
        (9, "launchTemplateVersionDoesNotExist"),
    ]
    assert numbers(ec2, LaunchTemplateName="web") == [2, 1]
    (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
    assert template["LatestVersionNumber"] == 2
    assert add(ec2, DATA)["VersionNumber"] == 4  # a number is never given twice
    with refused("InvalidParameterValue", "$Latest"):
        ec2.delete_launch_template_versions(LaunchTemplateName="web", Versions=["$Latest"])
    with refused("InvalidParameterValue", "200"):
        many = [str(n) for n in range(1, 202)]
        ec2.delete_launch_template_versions(LaunchTemplateName="web", Versions=many)


def test_delete(ec2, three):
    gone = ec2.delete_launch_template(LaunchTemplateId=three["LaunchTemplateId"])["LaunchTemplate"]
    assert gone == three | {"LatestVersionNumber": 3}
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []
    sentence = "The specified launch template, with template name web, does not exist."
    for call in (ec2.delete_launch_template, ec2.describe_launch_template_versions):
        with refused("InvalidLaunchTemplateName.NotFoundException", sentence):
            call(LaunchTemplateName="web")
    sentence = f"The specified launch template, with template ID {NONE}, does not exist."
    with refused("InvalidLaunchTemplateId.NotFound", sentence):
        ec2.delete_launch_template(LaunchTemplateId=NONE)
    with refused("MissingParameter", "launch template ID or launch template name"):
        ec2.delete_launch_template()


def test_tags(ec2):
    id = make(ec2)["LaunchTemplateId"]
    ec2.create_tags(Resources=[id], Tags=[{"Key": "a", "Value": "b"}])
    (tag,) = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["launch-template"]}])["Tags"]
    assert (tag["ResourceId"], tag["Key"]) == (id, "a")
    asked = [{"Name": "tag:a", "Values": ["b"]}]
    assert len(ec2.describe_launch_templates(Filters=asked)["LaunchTemplates"]) == 1
    ec2.delete_tags(Resources=[id])
    assert ec2.describe_launch_templates(Filters=asked)["LaunchTemplates"] == []


def test_an_accounts_templates_are_its_own(server):
    one, other = server.client(), server.client()
    make(one)
    assert other.describe_launch_templates()["LaunchTemplates"] == []
    make(other)
    assert server.client(region="eu-west-1").describe_launch_templates()["LaunchTemplates"] == []


def test_quotas(serve):
    ec2 = serve(quotas={"launch_templates": 2, "versions_per_launch_template": 3}).client()
    make(ec2, "one")
    make(ec2, "two")
    with refused("MaxTemplateLimitExceeded"):
        make(ec2, "three")
    for _ in range(2):
        add(ec2, DATA, "one")
    with refused("MaxTemplateVersionLimitExceeded"):
        add(ec2, DATA, "one")
    ec2.delete_launch_template_versions(LaunchTemplateName="one", Versions=["2"])
    assert add(ec2, DATA, "one")["VersionNumber"] == 4
    assert (Quotas().launch_templates, Quotas().versions_per_launch_template) == (5000, 10_000)


def test_another_process_reads_them(serve, tmp_path):
    (folder := tmp_path / "state").mkdir(0o700)
    server = serve(state=str(folder))
    account = "123123123123"
    ec2 = server.client(account=account)
    make(ec2, data=DATA | {"InstanceMarketOptions": {"SpotOptions": {"ValidUntil": "2027-01-01T00:00:00Z"}}})
    add(ec2, {"KeyName": "k"}, SourceVersion="1")
    before = ec2.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"]
    server.process.kill()
    server.process.wait(30)
    server.start()
    after = server.client(account=account)
    assert (
        after.describe_launch_template_versions(LaunchTemplateName="web")["LaunchTemplateVersions"] == before
    )
    assert add(after, DATA)["VersionNumber"] == 3
