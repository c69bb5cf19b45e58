"""A volume is modified, and what was is told."""

import pytest

from refused import refused


@pytest.fixture
def volume(ec2):
    made = ec2.create_volume(AvailabilityZone="us-east-1a", Size=100, VolumeType="gp3", Throughput=200)
    return made["VolumeId"]


def figures(ec2, volume):
    shown = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]
    return tuple(shown.get(name) for name in ("VolumeType", "Size", "Iops", "Throughput"))


def test_what_is_not_asked_for_stays(ec2, volume):
    begun = ec2.modify_volume(VolumeId=volume, Size=200)["VolumeModification"]
    assert (begun["ModificationState"], begun["Progress"]) == ("modifying", 0)
    assert (begun["OriginalSize"], begun["TargetSize"], begun["TargetThroughput"]) == (100, 200, 200)
    assert "EndTime" not in begun
    assert figures(ec2, volume) == ("gp3", 200, 3000, 200)
    ec2.modify_volume(VolumeId=volume, Iops=4000)
    (last,) = ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"]
    assert (last["ModificationState"], last["Progress"]) == ("completed", 100)
    assert (last["OriginalIops"], last["TargetIops"], last["OriginalSize"]) == (3000, 4000, 200)
    assert last["EndTime"] >= last["StartTime"]


@pytest.mark.parametrize(
    ("asked", "after"),
    [
        ({"VolumeType": "gp2"}, ("gp2", 100, 300, None)),
        ({"VolumeType": "io1"}, ("io1", 100, 3000, None)),
        ({"VolumeType": "io2", "Iops": 500}, ("io2", 100, 500, None)),
        ({"VolumeType": "st1", "Size": 125}, ("st1", 125, None, None)),
        ({"Throughput": 300}, ("gp3", 100, 3000, 300)),
    ],
)
def test_types(ec2, volume, asked, after):
    ec2.modify_volume(VolumeId=volume, **asked)
    assert figures(ec2, volume) == after


@pytest.mark.parametrize(
    ("asked", "code", "sentence"),
    [
        ({"Size": 99}, "InvalidParameterValue", "New size cannot be smaller than existing size"),
        ({}, "MissingParameter", "size"),
        ({"VolumeType": "gp9"}, "UnknownVolumeType", "gp9"),
        ({"VolumeType": "gp2", "Iops": 300}, "InvalidParameterCombination", "gp2"),
        ({"Iops": 50001}, "InvalidParameterValue", "maximum is 500"),
        ({"Throughput": 1000}, "InvalidParameterValue", "0.333333"),
        ({"MultiAttachEnabled": True}, "InvalidParameterCombination", "gp3"),
        ({"Size": 65537}, "InvalidParameterValue", "maximum is 65536GiB"),
    ],
)
def test_refusals(ec2, volume, asked, code, sentence):
    with refused(code, sentence):
        ec2.modify_volume(VolumeId=volume, **asked)
    assert figures(ec2, volume) == ("gp3", 100, 3000, 200)
    assert ec2.describe_volumes_modifications()["VolumesModifications"] == []
    with refused("InvalidVolumeModification.NotFound", f"'{volume}'"):
        ec2.describe_volumes_modifications(VolumeIds=[volume])


def test_modifications_are_found_by_filters(ec2, volume):
    ec2.modify_volume(VolumeId=volume, Size=200)
    for name, value, count in (
        ("modification-state", "completed", 1),
        ("modification-state", "modifying", 0),
        ("original-size", "100", 1),
        ("target-size", "100", 0),
        ("target-volume-type", "gp3", 1),
        ("originalMultiAttachEnabled", "false", 1),
        ("volume-id", volume, 1),
    ):
        asked = [{"Name": name, "Values": [value]}]
        found = ec2.describe_volumes_modifications(Filters=asked)["VolumesModifications"]
        assert len(found) == count, name
