import pytest

from place import launch, make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def volumes(ec2, instance):
    filters = [{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}]
    return ec2.describe_volumes(Filters=filters)["Volumes"]


def test_the_root_volume(ec2, place):
    (instance,) = launch(ec2, place)
    (root,) = volumes(ec2, instance)
    assert (root["Size"], root["VolumeType"], root["Iops"], root["State"]) == (8, "gp2", 100, "in-use")
    (mapping,) = instance["BlockDeviceMappings"]
    assert (mapping["DeviceName"], mapping["Ebs"]["VolumeId"]) == ("/dev/xvda", root["VolumeId"])
    with refused("VolumeInUse"):
        ec2.delete_volume(VolumeId=root["VolumeId"])
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    assert volumes(ec2, instance) == []


def test_block_device_mappings_and_tags(ec2, place):
    asked = [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp2"}},
        {
            "DeviceName": "/dev/sdf",
            "Ebs": {"VolumeSize": 100, "DeleteOnTermination": False, "Encrypted": True},
        },
    ]
    spec = [{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "b"}]}]
    (instance,) = launch(ec2, place, BlockDeviceMappings=asked, TagSpecifications=spec)
    root, data = volumes(ec2, instance)
    assert (root["Size"], root["VolumeType"]) == (20, "gp2")
    assert (data["Size"], data["Encrypted"], data["Tags"]) == (100, True, [{"Key": "a", "Value": "b"}])
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    (left,) = ec2.describe_volumes(VolumeIds=[data["VolumeId"]])["Volumes"]
    assert left["State"] == "available"
    ec2.delete_volume(VolumeId=data["VolumeId"])
    with refused("InvalidVolume.NotFound"):
        ec2.describe_volumes(VolumeIds=[data["VolumeId"]])


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"Ebs": {"VolumeSize": 8}}, "MissingParameter"),
        ({"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 0}}, "InvalidParameterValue"),
        (
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "VolumeType": "io1"}},
            "InvalidParameterCombination",
        ),
        ({"DeviceName": "/dev/xvda", "NoDevice": ""}, "InvalidParameterValue"),
        (
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "VolumeInitializationRate": 301}},
            "InvalidParameterValue",
        ),
        ({"DeviceName": "/dev/sdf", "VirtualName": "ephemeral0"}, "UnsupportedOperation"),
        ({"DeviceName": "/dev/sdf1", "Ebs": {"VolumeSize": 8}}, "InvalidBlockDeviceMapping"),
        ({"DeviceName": "/dev/sda", "Ebs": {"VolumeSize": 8}}, "InvalidParameterValue"),
        ({"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 7}}, "InvalidBlockDeviceMapping"),
        ({"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-1"}}, "InvalidSnapshot.NotFound"),
        ({"DeviceName": "/dev/sdf", "Ebs": {"VolumeType": "gp3"}}, "MissingParameter"),
        ({"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "VolumeType": "gp9"}}, "UnknownVolumeType"),
    ],
)
def test_refusals(ec2, place, mapping, code):
    with refused(code):
        launch(ec2, place, BlockDeviceMappings=[mapping])
    assert ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_volumes()["Volumes"] == []


KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def encrypted(ec2, place, **ebs):
    asked = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "Encrypted": True, **ebs}}
    (instance,) = launch(ec2, place, BlockDeviceMappings=[asked])
    (volume,) = (v for v in volumes(ec2, instance) if v["Encrypted"])
    return instance, volume


def test_a_volume_tells_the_key_that_it_was_given(ec2, place):
    instance, volume = encrypted(ec2, place, KmsKeyId=KEY, VolumeInitializationRate=200)
    assert (volume["KmsKeyId"], volume["VolumeInitializationRate"]) == (KEY, 200)
    data = ec2.get_launch_template_data(InstanceId=instance["InstanceId"])["LaunchTemplateData"]
    assert [one["Ebs"].get("KmsKeyId") for one in data["BlockDeviceMappings"]] == [None, KEY]


def test_a_key_is_shown_by_its_arn(ec2, place):
    """The account's own one too, for whoever names none; what is not encrypted has none."""
    _, usual = encrypted(ec2, place)
    _, named = encrypted(ec2, place, KmsKeyId="alias/aws/ebs")
    _, by_id = encrypted(ec2, place, KmsKeyId=KEY.rpartition("/")[2])
    owner = ec2.describe_vpcs()["Vpcs"][0]["OwnerId"]
    assert usual["KmsKeyId"].startswith(f"arn:aws:kms:us-east-1:{owner}:key/")
    assert usual["KmsKeyId"] == named["KmsKeyId"] != by_id["KmsKeyId"] == KEY.replace("111122223333", owner)
    (instance,) = launch(ec2, place)
    assert ["KmsKeyId" in one for one in volumes(ec2, instance)] == [False]


def test_a_key_is_for_what_is_encrypted(ec2, place):
    mapping = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "KmsKeyId": KEY}}
    with refused("InvalidParameterDependency", "KmsKeyId requires the parameter Encrypted"):
        launch(ec2, place, BlockDeviceMappings=[mapping])
    assert ec2.describe_instances()["Reservations"] == []
