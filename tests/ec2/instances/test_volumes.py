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
        ({"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "VolumeType": "io1"}}, "MissingParameter"),
        ({"DeviceName": "/dev/xvda", "NoDevice": ""}, "InvalidParameterValue"),
        ({"DeviceName": "/dev/sdf", "VirtualName": "ephemeral0"}, "UnsupportedOperation"),
    ],
)
def test_refusals(ec2, place, mapping, code):
    with refused(code):
        launch(ec2, place, BlockDeviceMappings=[mapping])
    assert ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_volumes()["Volumes"] == []
