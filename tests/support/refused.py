"""What a test expects of a call that EC2 would refuse."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError


@contextmanager
def refused(code: str, *parts: str) -> Iterator[None]:
    """The block's call must fail with this code and a sentence that has these parts."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    for part in parts:
        assert part in error["Message"], error
