"""How an instance divides its bandwidth between the network and EBS: at launch, and while it is stopped."""

import pytest

from place import instances, launch, make_place
from refused import refused


@pytest.fixture
def place(ec2_2026):
    return make_place(ec2_2026)


def weighting(ec2, id):
    """What DescribeInstances says."""
    return instances(ec2, id)[0]["NetworkPerformanceOptions"]["BandwidthWeighting"]


def start_weighted(ec2, place, value, **more):
    """An instance that is launched with a weighting."""
    asked = {"NetworkPerformanceOptions": {"BandwidthWeighting": value}} if value else {}
    (instance,) = launch(ec2, place, InstanceType="m8i.large", **asked, **more)
    return instance["InstanceId"]


def test_at_launch(ec2_2026, place):
    ids = {value: start_weighted(ec2_2026, place, value) for value in ("vpc-1", "ebs-1", "default", None)}
    told = {value: weighting(ec2_2026, id) for value, id in ids.items()}
    assert told == {"vpc-1": "vpc-1", "ebs-1": "ebs-1", "default": "default", None: "default"}
    filters = [{"Name": "network-performance-options.bandwidth-weighting", "Values": ["vpc-1"]}]
    found = ec2_2026.describe_instances(Filters=filters)["Reservations"]
    assert [i["InstanceId"] for r in found for i in r["Instances"]] == [ids["vpc-1"]]


def test_changed_while_stopped(ec2_2026, place):
    id = start_weighted(ec2_2026, place, None)
    with refused("IncorrectInstanceState", f"The instance '{id}' is not in the 'stopped' state."):
        ec2_2026.modify_instance_network_performance_options(InstanceId=id, BandwidthWeighting="vpc-1")
    ec2_2026.stop_instances(InstanceIds=[id])
    answer = ec2_2026.modify_instance_network_performance_options(InstanceId=id, BandwidthWeighting="vpc-1")
    assert (answer["InstanceId"], answer["BandwidthWeighting"]) == (id, "vpc-1")
    ec2_2026.start_instances(InstanceIds=[id])
    assert weighting(ec2_2026, id) == "vpc-1"


def test_an_instance_keeps_to_types_that_have_its_weighting(ec2_2026, place):
    id = start_weighted(ec2_2026, place, "ebs-1")
    ec2_2026.stop_instances(InstanceIds=[id])
    ec2_2026.modify_instance_attribute(InstanceId=id, InstanceType={"Value": "c8i.large"})
    with refused("InvalidParameterCombination", "m5.large does not support the bandwidth weighting ebs-1"):
        ec2_2026.modify_instance_attribute(InstanceId=id, InstanceType={"Value": "m5.large"})
    ec2_2026.modify_instance_network_performance_options(InstanceId=id, BandwidthWeighting="default")
    ec2_2026.modify_instance_attribute(InstanceId=id, InstanceType={"Value": "m5.large"})
    assert weighting(ec2_2026, id) == "default"


def test_a_type_without_weightings_takes_the_default(ec2_2026, place):
    asked = {"NetworkPerformanceOptions": {"BandwidthWeighting": "default"}}
    (instance,) = launch(ec2_2026, place, InstanceType="m5.large", **asked)
    assert weighting(ec2_2026, instance["InstanceId"]) == "default"


def test_the_classic_edition_shows_none(ec2):
    (instance,) = launch(ec2, make_place(ec2))
    assert "NetworkPerformanceOptions" not in instance
