"""Regions that an account has opted in to, and the others."""

import pytest

from elastinet.catalog.regions import ALWAYS_ON, REGIONS
from elastinet.config import ConfigError, load
from refused import refused


def statuses(ec2, **asked):
    return {r["RegionName"]: r["OptInStatus"] for r in ec2.describe_regions(**asked)["Regions"]}


def test_seventeen_are_on(ec2):
    assert statuses(ec2) == dict.fromkeys(ALWAYS_ON, "opt-in-not-required")
    assert len(ALWAYS_ON) == 17
    off = dict.fromkeys(set(REGIONS) - ALWAYS_ON, "not-opted-in")
    assert statuses(ec2, AllRegions=True) == dict.fromkeys(ALWAYS_ON, "opt-in-not-required") | off


def test_named_ones_are_shown_in_any_case(ec2):
    assert statuses(ec2, RegionNames=["af-south-1"]) == {"af-south-1": "not-opted-in"}


def test_filtered(ec2):
    filters = [{"Name": "opt-in-status", "Values": ["not-opted-in"]}]
    assert statuses(ec2, Filters=filters) == {}
    assert len(statuses(ec2, Filters=filters, AllRegions=True)) == 17


@pytest.mark.parametrize("region", sorted(set(REGIONS) - ALWAYS_ON))
def test_calls_to_what_is_off(server, region):
    client = server.client(region=region)
    for call in (client.describe_vpcs, client.describe_regions, client.create_internet_gateway):
        with refused("AuthFailure", "AWS was not able to validate the provided access credentials", region):
            call()


def test_it_is_401(server):
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as caught:
        server.client(region="me-south-1").describe_vpcs()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401


@pytest.mark.parametrize(("option", "count"), [(["ap-east-1", "eu-south-1"], 19), (["all"], 34)])
def test_opted_in(serve, option, count):
    served = serve(opted_in_regions=option)
    ec2, there = served.client(), served.client(region="ap-east-1")
    found = statuses(ec2)
    assert len(found) == count
    assert found["ap-east-1"] == found["eu-south-1"] == "opted-in"
    assert [vpc["CidrBlock"] for vpc in there.describe_vpcs()["Vpcs"]] == ["172.31.0.0/16"]


def test_where_an_account_has_been_it_is_in(serve):
    """A state of before keeps its regions."""
    served = serve(opted_in_regions=["ap-east-1"], state=":memory:")
    there = served.client(region="ap-east-1", account="123456789012")
    there.describe_vpcs()
    assert statuses(served.client(account="123456789012"))["ap-east-1"] == "opted-in"


def test_a_region_that_is_none(tmp_path):
    with pytest.raises(ConfigError, match="there is no region eu-moon-1"):
        load({"opted_in_regions": ["eu-moon-1"]}, {}, None)
    assert load({}, {"ELASTINET_OPTED_IN_REGIONS": "all"}).settings.opted_in_regions == REGIONS
