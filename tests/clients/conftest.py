"""Clients that tests share."""

from collections.abc import Iterator

import pytest

from aws_cli import AwsCli


@pytest.fixture(scope="session")
def aws_cli() -> Iterator[AwsCli]:
    """The AWS CLI, which is dear to import."""
    program = AwsCli()
    yield program
    program.close()
