"""Quotas of running vCPUs, by family: off unless the operator asks for them."""

import pytest

from elastinet.catalog.instance_types import instance_types
from elastinet.catalog.vcpu_quotas import NEW_ACCOUNT, vcpu_quota
from place import instances, launch, make_place
from refused import refused

SENTENCE = (
    "You have requested more vCPU capacity than your current vCPU limit of {} allows for the instance bucket "
    "that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to "
    "request an adjustment to this limit."
)


NOT_STANDARD = ("p5.48xlarge", "g5.xlarge", "inf2.xlarge", "trn1.2xlarge", "x1e.xlarge", "f2.6xlarge")


def subnet_for(ec2, place, name):
    """A new subnet in a zone that has a type."""
    asked = {"LocationType": "availability-zone", "Filters": [{"Name": "instance-type", "Values": [name]}]}
    zone = ec2.describe_instance_type_offerings(**asked)["InstanceTypeOfferings"][0]["Location"]
    block = f"10.0.{100 + NOT_STANDARD.index(name)}.0/24"
    return ec2.create_subnet(VpcId=place.vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]


def over(limit):
    return refused("VcpuLimitExceeded", SENTENCE.format(limit))


@pytest.fixture
def small(serve):
    """A client of an account that has asked for nothing."""
    return serve(quotas="new-account").client()


def test_nothing_is_limited_by_itself(ec2):
    place = make_place(ec2)
    assert len(launch(ec2, place, 4, InstanceType="c5.18xlarge")) == 4


def test_a_new_account(small):
    place = make_place(small)
    for name in NOT_STANDARD:
        with over(0):
            launch(small, place, InstanceType=name, SubnetId=subnet_for(small, place, name))
    (first,) = launch(small, place, InstanceType="c5.xlarge")
    with over(5):
        launch(small, place, InstanceType="t3.micro")
    small.stop_instances(InstanceIds=[first["InstanceId"]])
    (second,) = launch(small, place, InstanceType="c5.large")
    with over(5):
        small.start_instances(InstanceIds=[first["InstanceId"]])
    assert instances(small, first["InstanceId"])[0]["State"]["Name"] == "stopped"
    small.terminate_instances(InstanceIds=[second["InstanceId"]])
    small.start_instances(InstanceIds=[first["InstanceId"]])


def test_as_many_as_there_is_room_for(serve):
    ec2 = serve(quotas={"vcpus_standard": 7}).client()
    place = make_place(ec2)
    with over(7):
        launch(ec2, place, MinCount=4, MaxCount=4, InstanceType="c5.large")
    assert len(launch(ec2, place, MinCount=1, MaxCount=4, InstanceType="c5.large")) == 3


def test_hosts_and_other_regions_and_accounts_count_apart(serve):
    served = serve(quotas={"vcpus_standard": 2})
    here, there = (
        served.client(account="111122223333"),
        served.client(account="111122223333", region="eu-west-1"),
    )
    for client in (here, served.client()):
        launch(client, make_place(client), InstanceType="c5.large")
    (subnet, *_) = there.describe_subnets()["Subnets"]
    (image,) = there.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
        "Images"
    ]
    asked = {"InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
    there.run_instances(ImageId=image["ImageId"], SubnetId=subnet["SubnetId"], **asked)
    where = {"AvailabilityZone": "us-east-1a", "AutoPlacement": "on"}
    here.allocate_hosts(InstanceType="m5.large", Quantity=1, **where)
    place = make_place(here)
    launch(here, place, InstanceType="m5.large", Placement={"Tenancy": "host"})
    with over(2):
        launch(here, place, InstanceType="m5.large")


def test_every_type_has_its_bucket():
    expected = {
        "c5.large": "vcpus_standard", "im4gn.large": "vcpus_standard", "dl2q.24xlarge": "vcpus_dl",
        "d3en.xlarge": "vcpus_standard", "gr6.4xlarge": "vcpus_g_vt", "vt1.3xlarge": "vcpus_g_vt",
        "hpc6a.48xlarge": "vcpus_hpc", "u7i-12tb.224xlarge": "vcpus_high_memory", "p5.48xlarge": "vcpus_p",
        "inf1.xlarge": "vcpus_inf", "i3.large": "vcpus_standard", "trn1.2xlarge": "vcpus_trn", "x2idn.16xlarge": "vcpus_x",
        "mac1.metal": None, "f2.6xlarge": "vcpus_f", "h1.2xlarge": "vcpus_standard",
    }  # fmt: skip
    assert {name: vcpu_quota(name) for name in expected} == expected
    letters = {name[0] for name in instance_types() if vcpu_quota(name) == "vcpus_standard"}
    assert letters == set("acdhimrtz")
    assert {vcpu_quota(name) for name in instance_types()} - {None} == NEW_ACCOUNT.keys()
