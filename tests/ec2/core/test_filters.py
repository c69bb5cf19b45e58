import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastinet.ec2.core.filters import Filter
from refused import refused

CIDRS = ("10.0.0.0/24", "10.0.1.0/24", "10.0.11.0/24", "10.0.2.0/24")


@pytest.fixture
def vpc(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for number, cidr in enumerate(CIDRS):
        tags = [{"Key": "Name", "Value": f"Net {number}*"}, {"Key": f"key{number}", "Value": ""}]
        spec = [{"ResourceType": "subnet", "Tags": tags}]
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, TagSpecifications=spec)
    return vpc


def cidrs(ec2, vpc, *wanted):
    asked = [{"Name": "vpc-id", "Values": [vpc]}, *({"Name": n, "Values": v} for n, v in wanted)]
    return [s["CidrBlock"] for s in ec2.describe_subnets(Filters=asked)["Subnets"]]


def test_values_or_filters_and(ec2, vpc):
    assert cidrs(ec2, vpc) == [*CIDRS]
    assert cidrs(ec2, vpc, ("cidr-block", [CIDRS[0], CIDRS[3], "x"])) == [CIDRS[0], CIDRS[3]]
    both = ("cidr-block", [CIDRS[0], CIDRS[1]]), ("tag:Name", ["Net 1?", "Net 2?"])
    assert cidrs(ec2, vpc, *both) == [CIDRS[1]]
    # The same filter twice asks for both.
    assert cidrs(ec2, vpc, ("cidr-block", [CIDRS[0]]), ("cidr-block", [CIDRS[1]])) == []


def test_wildcards(ec2, vpc):
    assert cidrs(ec2, vpc, ("cidr-block", ["10.0.?.0/24"])) == [CIDRS[0], CIDRS[1], CIDRS[3]]
    assert cidrs(ec2, vpc, ("cidr-block", ["10.0.1*"])) == [CIDRS[1], CIDRS[2]]
    assert cidrs(ec2, vpc, ("cidr-block", ["10*0.1.*4"])) == [CIDRS[1]]
    assert cidrs(ec2, vpc, ("cidr-block", ["10.0.1"])) == []
    assert cidrs(ec2, vpc, ("cidr-block", ["10.0.1.0/24*"])) == [CIDRS[1]]


def test_case_matters(ec2, vpc):
    assert cidrs(ec2, vpc, ("tag:Name", ["net *"])) == []
    assert cidrs(ec2, vpc, ("tag:name", ["Net *"])) == []
    assert len(cidrs(ec2, vpc, ("tag:Name", ["Net *"]))) == 4


def test_backslash_takes_a_wildcards_meaning(ec2, vpc):
    assert cidrs(ec2, vpc, ("tag:Name", [r"Net 1\*"])) == [CIDRS[1]]
    assert cidrs(ec2, vpc, ("tag:Name", [r"Net \?*"])) == []
    assert cidrs(ec2, vpc, ("tag:Name", [r"Net \1\*"])) == [CIDRS[1]]


def test_tags(ec2, vpc):
    assert cidrs(ec2, vpc, ("tag-key", ["key1", "key3"])) == [CIDRS[1], CIDRS[3]]
    assert cidrs(ec2, vpc, ("tag-key", ["key*"])) == [*CIDRS]
    assert cidrs(ec2, vpc, ("tag:key2", [""])) == [CIDRS[2]]
    assert cidrs(ec2, vpc, ("tag-value", ["Net 0*"])) == [CIDRS[0]]


def test_booleans_and_numbers(ec2, vpc):
    assert len(cidrs(ec2, vpc, ("map-public-ip-on-launch", ["false"]))) == 4
    assert cidrs(ec2, vpc, ("map-public-ip-on-launch", ["true"])) == []
    assert len(cidrs(ec2, vpc, ("available-ip-address-count", ["251"]))) == 4


def test_ids_and_filters_together(ec2, vpc):
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    ids = [s["SubnetId"] for s in subnets[:2]]
    asked = [{"Name": "cidr-block", "Values": [*CIDRS[1:]]}]
    (found,) = ec2.describe_subnets(SubnetIds=ids, Filters=asked)["Subnets"]
    assert found["CidrBlock"] == CIDRS[1]


def test_limits(ec2):
    one = {"Name": "vpc-id", "Values": ["x"]}
    ec2.describe_subnets(Filters=[one] * 50)
    with refused("FilterLimitExceeded"):
        ec2.describe_subnets(Filters=[one] * 51)
    ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": ["x"] * 200}])
    with refused("FilterLimitExceeded"):
        ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": ["x"] * 201}])


def test_incomplete_filters(ec2):
    with refused("InvalidParameterValue", "vpc-id"):
        ec2.describe_subnets(Filters=[{"Name": "vpc-id"}])
    with refused("MissingParameter"):
        ec2.describe_subnets(Filters=[{"Values": ["x"]}])


def reference(pattern, text):
    """The meaning of a filter's value, told as slowly and plainly as can be."""
    if not pattern:
        return not text
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        return any(reference(rest, text[n:]) for n in range(len(text) + 1))
    if head == "\\" and rest:
        head, rest = rest[0], rest[1:]
        return text[:1] == head and reference(rest, text[1:])
    return bool(text) and head in ("?", text[0]) and reference(rest, text[1:])


@given(st.text("ab*?\\\n.", max_size=8), st.text("ab*?\\\n.", max_size=8))
def test_patterns_mean_what_the_reference_says(pattern, text):
    assert Filter("x", [pattern]).welcomes(text) == reference(pattern, text)


@given(st.lists(st.text("ab*?", max_size=4), min_size=1, max_size=4), st.text("ab", max_size=6))
def test_values_are_alternatives(patterns, text):
    assert Filter("x", patterns).welcomes(text) == any(reference(p, text) for p in patterns)


def test_many_stars_are_quick():
    start = time.perf_counter()
    assert not Filter("x", ["*a" * 100 + "*b"]).welcomes("a" * 255)
    assert time.perf_counter() - start < 1
