"""IAM in an account of the test's own."""

from typing import Any

import pytest

from served import Served, new_account


@pytest.fixture
def account() -> str:
    return new_account()


@pytest.fixture
def iam(server: Served, account: str) -> Any:
    return server.client("iam", account=account)
