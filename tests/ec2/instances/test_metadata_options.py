import pytest

from place import instances, launch, make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def options(ec2, place, **more):
    (instance,) = launch(ec2, place, **more)
    shown = instance["MetadataOptions"]
    return shown["HttpTokens"], shown["HttpPutResponseHopLimit"]


def test_launch_over_account_over_image(ec2, place):
    (strict,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["al2023-ami-2023*x86_64"]}])[
        "Images"
    ]
    assert options(ec2, place) == ("optional", 1)
    assert options(ec2, place, ImageId=strict["ImageId"]) == ("required", 2)
    ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=5)
    assert options(ec2, place) == ("required", 5)
    assert options(ec2, place, MetadataOptions={"HttpTokens": "optional"}) == ("optional", 5)
    told = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert (told["HttpTokens"], told["HttpPutResponseHopLimit"]) == ("required", 5)
    assert "HttpEndpoint" not in told
    ec2.modify_instance_metadata_defaults(HttpTokens="no-preference", HttpPutResponseHopLimit=-1)
    assert options(ec2, place, ImageId=strict["ImageId"]) == ("required", 2)


def test_enforced_tokens(ec2, place):
    with refused("InvalidParameterCombination"):
        ec2.modify_instance_metadata_defaults(HttpTokensEnforced="enabled")
    ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpTokensEnforced="enabled")
    with refused("UnsupportedOperation", "HttpTokensEnforced"):
        launch(ec2, place, MetadataOptions={"HttpTokens": "optional"})
    (instance,) = launch(ec2, place)
    with refused("UnsupportedOperation", "HttpTokensEnforced"):
        ec2.modify_instance_metadata_options(InstanceId=instance["InstanceId"], HttpTokens="optional")


@pytest.mark.parametrize("hops", [0, 65])
def test_hop_limits_that_cannot_be(ec2, hops):
    with refused("InvalidParameterValue"):
        ec2.modify_instance_metadata_defaults(HttpPutResponseHopLimit=hops)


def test_tags_that_metadata_cannot_show(ec2, place):
    spec = [{"ResourceType": "instance", "Tags": [{"Key": "a b", "Value": "c"}]}]
    with refused("InvalidParameterValue", "'a b' is not a valid tag key"):
        launch(ec2, place, TagSpecifications=spec, MetadataOptions={"InstanceMetadataTags": "enabled"})
    (instance,) = launch(ec2, place, TagSpecifications=spec)
    id = instance["InstanceId"]
    with refused("InvalidParameterValue", "'a b' is not a valid tag key"):
        ec2.modify_instance_metadata_options(InstanceId=id, InstanceMetadataTags="enabled")
    ec2.delete_tags(Resources=[id], Tags=[{"Key": "a b"}])
    ec2.modify_instance_metadata_options(InstanceId=id, InstanceMetadataTags="enabled")
    with refused("InvalidParameterValue", "'x/y' is not a valid tag key"):
        ec2.create_tags(Resources=[id], Tags=[{"Key": "x/y", "Value": ""}])
    assert "Tags" not in instances(ec2, id)[0]


def test_the_ipv6_endpoint(ec2, place):
    (instance,) = launch(ec2, place)
    id = instance["InstanceId"]
    assert instance["MetadataOptions"]["HttpProtocolIpv6"] == "disabled"
    answer = ec2.modify_instance_metadata_options(InstanceId=id, HttpProtocolIpv6="enabled")
    assert answer["InstanceMetadataOptions"]["HttpProtocolIpv6"] == "enabled"
    asked = [{"Name": "metadata-options.http-protocol-ipv6", "Values": ["enabled"]}]
    found = ec2.describe_instances(Filters=asked)["Reservations"]
    assert [i["InstanceId"] for r in found for i in r["Instances"]] == [id]
    (other,) = launch(ec2, place, MetadataOptions={"HttpProtocolIpv6": "enabled"})
    assert other["MetadataOptions"]["HttpProtocolIpv6"] == "enabled"
