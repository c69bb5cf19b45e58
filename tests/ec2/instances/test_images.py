import pytest

from place import launch, make_place
from refused import refused


def names(answer):
    return {image["Name"] for image in answer["Images"]}


def test_catalogue(ec2):
    images = ec2.describe_images()["Images"]
    assert {i["Architecture"] for i in images} == {"x86_64", "arm64"}
    assert {i["EnaSupport"] for i in images} == {True, False}
    assert all(i["State"] == "available" and i["Public"] for i in images)


def test_one_image(ec2):
    asked = [{"Name": "name", "Values": ["al2023-ami-2023.*-x86_64"]}]
    (image,) = ec2.describe_images(Filters=asked)["Images"]
    assert ec2.describe_images(ImageIds=[image["ImageId"]])["Images"] == [image]
    assert image["ImageOwnerAlias"] == "amazon"
    assert image["ImdsSupport"] == "v2.0"
    assert image["RootDeviceName"] == "/dev/xvda"
    assert image["BlockDeviceMappings"] == [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {
                "SnapshotId": "snap-" + image["ImageId"].removeprefix("ami-"),
                "VolumeSize": 8,
                "VolumeType": "gp3",
                "Iops": 3000,
                "Throughput": 125,
                "DeleteOnTermination": True,
                "Encrypted": False,
            },
        }
    ]


OWNERS = {
    "137112412989": ("al2023-", "amzn2-", "elastinet-"),
    "099720109477": ("ubuntu/images/",),
    "136693071363": ("debian-",),
    "801119661308": ("Windows_Server-",),
}


def test_owners(ec2):
    """All of them carry the alias, as on EC2."""
    amazon = ec2.describe_images(Owners=["amazon"])
    assert names(amazon) == names(ec2.describe_images()) == names(ec2.describe_images(Owners=[*OWNERS]))
    assert all(image["ImageLocation"] == f"amazon/{image['Name']}" for image in amazon["Images"])
    assert names(ec2.describe_images(Owners=["self"])) == set()
    with refused("InvalidUserID.Malformed", '"canonical"'):
        ec2.describe_images(Owners=["canonical"])


@pytest.mark.parametrize("owner", OWNERS)
def test_an_owner_has_its_own(ec2, owner):
    found = ec2.describe_images(Owners=[owner])["Images"]
    assert found
    assert all(image["Name"].startswith(OWNERS[owner]) for image in found)
    assert {image["ImageOwnerAlias"] for image in found} == {"amazon"}


CURRENT = [
    "al2023-ami-2023.*-kernel-6.1-{}",
    "al2023-ami-minimal-2023.*-kernel-6.1-{}",
    "amzn2-ami-hvm-2.0.*-{}-gp2",
    "amzn2-ami-kernel-5.10-hvm-2.0.*-{}-gp2",
    "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-[]-server-*",
    "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-[]-server-*",
    "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-[]-server-*",
    "debian-12-[]-*",
    "debian-13-[]-*",
]


@pytest.mark.parametrize("name", CURRENT)
def test_what_terraforms_examples_look_for(ec2, name):
    for machine, other in (("x86_64", "amd64"), ("arm64", "arm64")):
        asked = [{"Name": "name", "Values": [name.replace("{}", machine).replace("[]", other)]}]
        (image,) = ec2.describe_images(Filters=asked)["Images"]
        assert image["Architecture"] == machine


def test_names_and_root_volumes_agree(ec2):
    for image in ec2.describe_images()["Images"]:
        (root,) = image["BlockDeviceMappings"]
        kind, name = root["Ebs"]["VolumeType"], image["Name"]
        assert root["DeviceName"] == image["RootDeviceName"]
        assert not name.endswith("-gp2") or kind == "gp2"
        assert not name.endswith("-ebs") or kind == "standard"
        assert "/hvm-ssd/" not in name or kind == "gp2"
        assert "/hvm-ssd-gp3/" not in name or kind == "gp3"
        assert root["Ebs"]["VolumeSize"] == (30 if image.get("Platform") else 2 if "minimal" in name else 8)


def test_an_instance_has_its_images_root_volume(ec2):
    place = make_place(ec2)
    (image,) = ec2.describe_images(ImageIds=[place.image])["Images"]
    made = launch(ec2, place)[0]["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    (volume,) = ec2.describe_volumes(VolumeIds=[made])["Volumes"]
    root = image["BlockDeviceMappings"][0]["Ebs"]
    assert (volume["VolumeType"], volume["Size"]) == (root["VolumeType"], root["VolumeSize"]) == ("gp2", 8)


def test_launch_permissions(ec2):
    everybody = names(ec2.describe_images())
    assert names(ec2.describe_images(ExecutableUsers=["all"])) == everybody
    assert names(ec2.describe_images(ExecutableUsers=["self"])) == set()


def test_deprecated_and_disabled(ec2):
    everything = ec2.describe_images(IncludeDeprecated=True, IncludeDisabled=True)
    assert names(everything) == names(ec2.describe_images())


def test_filters(ec2):
    asked = [
        {"Name": "architecture", "Values": ["arm64"]},
        {"Name": "block-device-mapping.volume-size", "Values": ["8"]},
        {"Name": "creation-date", "Values": ["2026-*"]},
    ]
    found = names(ec2.describe_images(Filters=asked))
    assert len(found) == 8
    assert all("arm64" in name for name in found)
    without = ec2.describe_images(Filters=[{"Name": "ena-support", "Values": ["false"]}])
    assert names(without) == {"elastinet-no-ena-x86_64"}


def test_unknown_ids(ec2):
    with refused("InvalidAMIID.NotFound", "The image id '[ami-00000000000000000]' does not exist"):
        ec2.describe_images(ImageIds=["ami-00000000000000000"])
    with refused("InvalidAMIID.Malformed"):
        ec2.describe_images(ImageIds=["ami-xyz"])


def test_pages(ec2):
    pages = list(ec2.get_paginator("describe_images").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["Images"]) for page in pages] == [5, 5, 5, 5, 5, 2]
    assert set().union(*map(names, pages)) == names(ec2.describe_images())


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_page_size(ec2, size):
    with refused("InvalidParameterValue", "maxResults"):
        ec2.describe_images(MaxResults=size)


def test_images_of_the_operators_own(serve):
    own = "ami-0123456789abcdef0"
    ec2 = serve(images=[own]).client()
    (image,) = ec2.describe_images(Owners=["self"])["Images"]
    assert (image["ImageId"], image["Public"]) == (own, False)
    assert image["OwnerId"] == ec2.describe_vpcs()["Vpcs"][0]["OwnerId"]
    assert ec2.describe_images(ImageIds=[own])["Images"] == [image]
    assert own not in {i["ImageId"] for i in ec2.describe_images(ExecutableUsers=["all"])["Images"]}


def test_a_platform_that_is_not_linux(ec2):
    """Of Windows there is the name: what EC2 does with it, such as an EFA that is an ENA only."""
    found = ec2.describe_images(Filters=[{"Name": "platform", "Values": ["windows"]}])["Images"]
    assert {image["Name"][:19] for image in found} == {f"Windows_Server-{y}" for y in (2019, 2022, 2025)}
    image = found[0]
    assert (image["Platform"], image["PlatformDetails"]) == ("windows", "Windows")
    place = make_place(ec2)
    made = [launch(ec2, place, ImageId=id)[0] for id in (image["ImageId"], place.image)]
    assert [one.get("Platform") for one in made] == ["windows", None]
    asked = [{"Name": "platform", "Values": ["windows"]}]
    (found,) = ec2.describe_instances(Filters=asked)["Reservations"]
    assert found["Instances"][0]["InstanceId"] == made[0]["InstanceId"]
    assert found["Instances"][0]["UsageOperation"] == "RunInstances:0002"
