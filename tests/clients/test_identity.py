"""Who a client is: STS answers on EC2's port, and the access key tells the account."""

import pytest

from served import Served


@pytest.mark.parametrize(
    ("access_key", "account"),
    [
        ("123456789012", "123456789012"),
        ("elastinet", "000000000000"),
        ("1234567890123", "000000000000"),
    ],
)
def test_the_account(server: Served, access_key: str, account: str) -> None:
    told = server.client("sts", account=access_key).get_caller_identity()
    assert told["Account"] == told["UserId"] == account
    assert told["Arn"] == f"arn:aws:iam::{account}:root"
    (vpc,) = server.client(account=access_key).describe_vpcs(
        Filters=[{"Name": "is-default", "Values": ["true"]}]
    )["Vpcs"]
    assert vpc["OwnerId"] == account
