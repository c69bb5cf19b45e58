"""RunInstances over a launch template: what comes from where, and what an instance shows of it."""

from typing import Any

import pytest

from place import instances, make_place
from refused import refused

ID, VERSION = "aws:ec2launchtemplate:id", "aws:ec2launchtemplate:version"


@pytest.fixture
def place(ec2):
    return make_place(ec2)


@pytest.fixture
def template(ec2, place):
    """Makes a template called web, or another version of it, and gives its id."""
    made: list[str] = []

    def make(**data: Any) -> str:
        asked = {"LaunchTemplateName": "web", "LaunchTemplateData": {"ImageId": place.image} | data}
        if made:
            ec2.create_launch_template_version(**asked)
        else:
            made.append(ec2.create_launch_template(**asked)["LaunchTemplate"]["LaunchTemplateId"])
        return made[0]

    return make


def run(ec2: Any, version: str | None = None, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    named = {"LaunchTemplateName": "web"} | ({} if version is None else {"Version": version})
    asked = {"LaunchTemplate": named, "MinCount": count, "MaxCount": count}
    ids = [one["InstanceId"] for one in ec2.run_instances(**asked | more)["Instances"]]
    return instances(ec2, *ids)


def tags(instance: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def test_the_template_alone(ec2, place, template):
    interface = {"DeviceIndex": 0, "SubnetId": place.other, "Groups": [place.group]}
    id = template(InstanceType="t3.small", NetworkInterfaces=[interface])
    (instance,) = run(ec2)
    assert (instance["ImageId"], instance["InstanceType"]) == (place.image, "t3.small")
    assert (instance["SubnetId"], instance["SecurityGroups"][0]["GroupId"]) == (place.other, place.group)
    assert tags(instance) == {ID: id, VERSION: "1"}


def test_versions(ec2, place, template):
    id = template(InstanceType="t3.small")
    template(InstanceType="t3.large")
    for version, kind, number in (
        (None, "t3.small", "1"),
        ("2", "t3.large", "2"),
        ("$Latest", "t3.large", "2"),
    ):
        (instance,) = run(ec2, version, SubnetId=place.subnet)
        assert (instance["InstanceType"], tags(instance)[VERSION]) == (kind, number)
    ec2.modify_launch_template(LaunchTemplateId=id, DefaultVersion="2")
    for version in (None, "$Default"):
        assert run(ec2, version, SubnetId=place.subnet)[0]["InstanceType"] == "t3.large"
    asked = [{"Name": f"tag:{VERSION}", "Values": ["2"]}]
    assert len(ec2.describe_instances(Filters=asked)["Reservations"]) == 4


def test_by_id(ec2, place, template):
    asked = {"MinCount": 1, "MaxCount": 1, "SubnetId": place.subnet}
    id = template(InstanceType="t3.small")
    ec2.run_instances(LaunchTemplate={"LaunchTemplateId": id, "Version": "1"}, **asked)
    with refused("InvalidParameterCombination"):
        ec2.run_instances(LaunchTemplate={"LaunchTemplateId": id, "LaunchTemplateName": "web"}, **asked)
    with refused("MissingParameter", "launch template ID"):
        ec2.run_instances(LaunchTemplate={"Version": "1"}, **asked)
    with refused(
        "InvalidLaunchTemplateId.VersionNotFound",
        f"the specified version 7 for the launch template with ID {id}.",
    ):
        run(ec2, "7")


def test_the_request_comes_first(ec2, place, template):
    template(
        InstanceType="t3.small",
        InstanceInitiatedShutdownBehavior="terminate",
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 3},
        Placement={"Tenancy": "dedicated", "AvailabilityZone": "us-east-1a"},
        IamInstanceProfile={"Name": "mine"},
        Monitoring={"Enabled": True},
    )
    (instance,) = run(
        ec2,
        InstanceType="m5.large",
        SubnetId=place.subnet,
        MetadataOptions={"HttpPutResponseHopLimit": 5},
        Placement={"AvailabilityZone": "", "GroupName": ""},  # as Terraform sends it
        IamInstanceProfile={"Arn": "arn:aws:iam::000000000000:instance-profile/other"},
    )
    assert (instance["InstanceType"], instance["SubnetId"]) == ("m5.large", place.subnet)
    options = instance["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 5)
    assert instance["Placement"]["Tenancy"] == "dedicated"
    assert instance["IamInstanceProfile"]["Arn"].endswith("/other")
    assert instance["Monitoring"]["State"] == "enabled"


def test_tags_come_together(ec2, place, template):
    def specs(kind: str, **tags: str) -> dict[str, Any]:
        return {"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}

    id = template(
        InstanceType="t3.small", TagSpecifications=[specs("instance", a="1", b="1"), specs("volume", v="1")]
    )
    (instance,) = run(ec2, SubnetId=place.subnet, TagSpecifications=[specs("instance", b="2", c="2")])
    assert tags(instance) == {"a": "1", "b": "2", "c": "2", ID: id, VERSION: "1"}
    (volume,) = ec2.describe_volumes()["Volumes"]
    assert volume["Tags"] == [{"Key": "v", "Value": "1"}]


def test_interfaces_are_one_parameter(ec2, place, template):
    """A list of the request is in place of the template's; and an instance's subnet excludes both."""
    template(
        InstanceType="t3.small",
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": place.other, "Groups": [place.group]}],
    )
    (instance,) = run(ec2)
    assert (instance["SubnetId"], instance["SecurityGroups"][0]["GroupName"]) == (place.other, "web")
    (instance,) = run(ec2, NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": place.subnet}])
    assert (instance["SubnetId"], instance["SecurityGroups"][0]["GroupName"]) == (place.subnet, "default")
    with refused("InvalidParameterCombination", "an instance-level subnet ID may not be specified"):
        run(ec2, SubnetId=place.subnet)
    with refused("InvalidParameterCombination", "an instance-level security groups may not be specified"):
        run(ec2, SecurityGroupIds=[place.group])


def test_groups_by_either_word(ec2, place, template):
    template(InstanceType="t3.small", SecurityGroups=["default"])
    (instance,) = run(ec2, SubnetId=place.subnet, SecurityGroupIds=[place.group])
    assert instance["SecurityGroups"][0]["GroupId"] == place.group


REFUSED: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"InstanceMarketOptions": {"MarketType": "spot"}}, "UnsupportedOperation", "InstanceMarketOptions.MarketType in RunInstances"),
    ({"InstanceRequirements": {"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}}}, "UnsupportedOperation", "InstanceRequirements"),
    ({"EnclaveOptions": {"Enabled": True}}, "UnsupportedOperation", "EnclaveOptions.Enabled"),
    ({"RamDiskId": "ari-1"}, "UnsupportedOperation", "RamdiskId"),
    ({"UserData": "no base64"}, "InvalidUserData.Malformed", "BASE64"),
    ({"InstanceType": "t9.huge"}, "InvalidParameterValue", "t9.huge"),
    ({"ImageId": "ami-12345678"}, "InvalidAMIID.NotFound", "ami-12345678"),
    ({"KeyName": "nobody"}, "InvalidKeyPair.NotFound", "nobody"),
    ({"TagSpecifications": [{"ResourceType": "spot-instances-request", "Tags": [{"Key": "a", "Value": "b"}]}]},
     "InvalidParameterValue", "You cannot specify tags for Spot instances requests if there are no Spot"),
)  # fmt: skip


@pytest.mark.parametrize(("data", "code", "sentence"), REFUSED)
def test_what_the_launch_refuses(ec2, place, template, data, code, sentence):
    """The template is taken; the launch tells what is wrong, and nothing is left of it."""
    template(**{"InstanceType": "t3.small"} | data)
    with refused(code, sentence):
        run(ec2, SubnetId=place.subnet)
    assert ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_what_is_so_already_is_taken(ec2, place, template):
    off = {"EnclaveOptions": {"Enabled": False}, "InstanceMarketOptions": {"MarketType": "on-demand"}}
    template(InstanceType="t3.small", **off)
    assert len(run(ec2, SubnetId=place.subnet)) == 1


def test_without_an_image(ec2, place):
    data = {"InstanceType": "t3.small"}
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    with refused("MissingParameter", "ImageId"):
        run(ec2, SubnetId=place.subnet)
    assert len(run(ec2, SubnetId=place.subnet, ImageId=place.image)) == 1


def test_a_token_launches_once(ec2, place, template):
    template(InstanceType="t3.small")
    asked = {"SubnetId": place.subnet, "ClientToken": "once"}
    (first,) = run(ec2, "$Latest", **asked)
    template(InstanceType="t3.large")
    assert [one["InstanceId"] for one in run(ec2, "$Latest", **asked)] == [first["InstanceId"]]
    assert first["ClientToken"] == "once"


def test_ec2s_own_tags_stay(ec2, place, template):
    """They count for no quota, and neither DeleteTags nor CreateTags reaches them."""
    id = template(InstanceType="t3.small")
    own = {"ResourceType": "instance", "Tags": [{"Key": f"k{n}", "Value": "v"} for n in range(50)]}
    (instance,) = run(ec2, SubnetId=place.subnet, TagSpecifications=[own])
    assert len(instance["Tags"]) == 52
    with refused("TagLimitExceeded"):
        ec2.create_tags(Resources=[instance["InstanceId"]], Tags=[{"Key": "more", "Value": "v"}])
    ec2.delete_tags(Resources=[instance["InstanceId"]])
    assert tags(instances(ec2, instance["InstanceId"])[0]) == {ID: id, VERSION: "1"}
    for call in (ec2.create_tags, ec2.delete_tags):
        with refused("InvalidParameterValue", "reserved"):
            call(Resources=[instance["InstanceId"]], Tags=[{"Key": ID, "Value": "x"}])
    ec2.delete_launch_template(LaunchTemplateId=id)
    assert tags(instances(ec2, instance["InstanceId"])[0])[ID] == id


def test_metadata_shows_them(ec2, place, template):
    """The pattern of keys that the metadata service can show allows them."""
    template(InstanceType="t3.small", MetadataOptions={"InstanceMetadataTags": "enabled"})
    assert len(run(ec2, SubnetId=place.subnet)) == 1


OF_ONE = ("NetworkInterfaceId", "PrivateIpAddress", "PrivateIpAddresses")
"""What no second instance can have."""
ALIKE = (
    "CpuOptions",
    "MetadataOptions",
    "MaintenanceOptions",
    "IamInstanceProfile",
    "InstanceType",
    "Placement",
)


def test_the_template_of_an_instance(ec2, place):
    """An instance that is launched from an instance's data shows what that one shows."""
    disks = [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9, "VolumeType": "gp2"}},
        {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 9, "VolumeType": "io2", "Iops": 500}},
    ]
    asked = {
        "InstanceType": "t3.large",
        "SubnetId": place.subnet,
        "SecurityGroupIds": [place.group],
        "UserData": "#!/bin/sh\n",
        "DisableApiStop": True,
        "BlockDeviceMappings": disks,
        "IamInstanceProfile": {"Name": "mine"},
        "MetadataOptions": {"HttpTokens": "required"},
        "MaintenanceOptions": {"AutoRecovery": "disabled"},
        "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 1},
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
    }
    made = ec2.run_instances(ImageId=place.image, MinCount=1, MaxCount=1, **asked)["Instances"][0][
        "InstanceId"
    ]
    data = ec2.get_launch_template_data(InstanceId=made)["LaunchTemplateData"]
    (interface,) = data["NetworkInterfaces"]
    assert (interface["Groups"], interface["SubnetId"]) == ([place.group], place.subnet)
    assert data["UserData"] == "IyEvYmluL3NoCg=="
    assert data["MetadataOptions"].pop("State") == "applied"
    for name in OF_ONE:
        del interface[name]
    id = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)["LaunchTemplate"][
        "LaunchTemplateId"
    ]
    (second,), (first,) = run(ec2), instances(ec2, made)
    assert tags(second) == tags(first) | {ID: id, VERSION: "1"}
    for name in ALIKE:
        assert second[name] == first[name]
    volumes = {(v["Size"], v["VolumeType"], v.get("Iops")) for v in ec2.describe_volumes()["Volumes"]}
    assert len(volumes) == 2
    again = ec2.get_launch_template_data(InstanceId=second["InstanceId"])["LaunchTemplateData"]
    del again["MetadataOptions"]["State"]
    assert again | {"NetworkInterfaces": []} == data | {"NetworkInterfaces": []}
