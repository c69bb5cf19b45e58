import pytest

from refused import refused


@pytest.fixture
def groups(ec2):
    ids = [ec2.create_security_group(GroupName=f"g{n}", Description="-")["GroupId"] for n in range(22)]
    (default,) = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    return {*ids, default["GroupId"]}


def ids(page):
    return [group["GroupId"] for group in page["SecurityGroups"]]


def test_pages_hold_everything_once(ec2, groups):
    pages = list(ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(ids(page)) for page in pages] == [5, 5, 5, 5, 3]
    assert "NextToken" not in pages[-1]
    assert {id for page in pages for id in ids(page)} == groups


def test_no_token_after_a_page_that_ends_the_list(ec2, groups):
    answer = ec2.describe_security_groups(MaxResults=23)
    assert set(ids(answer)) == groups
    assert "NextToken" not in answer


def test_pages_of_what_passes_a_filter(ec2, groups):
    asked = [{"Name": "group-name", "Values": ["g1*"]}]
    paginator = ec2.get_paginator("describe_security_groups")
    pages = list(paginator.paginate(Filters=asked, PaginationConfig={"PageSize": 5}))
    assert [len(ids(page)) for page in pages] == [5, 5, 1]


def test_what_comes_and_goes_between_pages_neither_repeats_nor_hides_another(ec2, groups):
    first = ec2.describe_security_groups(MaxResults=5)
    seen = set(ids(first))
    own = [group for group in first["SecurityGroups"] if group["GroupName"] != "default"]
    ec2.delete_security_group(GroupId=own[0]["GroupId"])
    ec2.create_security_group(GroupName="late", Description="-")
    token = first["NextToken"]
    while token:
        page = ec2.describe_security_groups(MaxResults=5, NextToken=token)
        assert not seen & set(ids(page))
        seen |= set(ids(page))
        token = page.get("NextToken")
    assert seen >= groups


@pytest.mark.parametrize("token", ["x", "!!", "AAAA", "ünlesbar"])
def test_a_token_that_no_page_gave(ec2, token):
    with refused("InvalidNextToken"):
        ec2.describe_security_groups(MaxResults=5, NextToken=token)
