"""The pytest plugin: fixtures, options and a marker. What a fixture needs is imported when it is used."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from elastinet.testing.instances import Instances
    from elastinet.testing.server import LocalServer

MARKER = "needs_packets: skip the test, and say why, where no packets are carried between instances."


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("elastinet", "EC2's networking for real, by elastinet")
    group.addoption(
        "--elastinet-fabric",
        choices=("kernel", "none", "auto"),
        help="kernel: real packets (the default); none: the API only; auto: kernel where it can run.",
    )
    group.addoption(
        "--elastinet-rules", choices=("classic", "2026"), help="Edition of EC2's rules: classic or 2026."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs packets where there are none."""
    needing = [item for item in items if item.get_closest_marker("needs_packets")]
    if not needing:
        return
    from elastinet.testing import choice
    from elastinet.testing.errors import TestingError

    try:
        lacking = choice.no_packets(config.getoption("elastinet_fabric"))
    except TestingError as error:
        raise pytest.UsageError(str(error)) from None
    for item in needing if lacking else ():
        item.add_marker(pytest.mark.skip(reason=lacking))


def _failure(sentence: str) -> BaseException:
    """A failure that is told in its sentence alone."""
    return pytest.fail.Exception(sentence, pytrace=False)


@pytest.fixture(scope="session")
def elastinet_region() -> str:
    """The region that tests are in; a fixture of the same name chooses another."""
    return "us-east-1"


@pytest.fixture(scope="session")
def elastinet(pytestconfig: pytest.Config, elastinet_region: str) -> "Iterator[LocalServer]":
    """A server for the whole session, on a free port, without a state; each worker has its own."""
    from elastinet.testing import choice
    from elastinet.testing.errors import TestingError
    from elastinet.testing.server import LocalServer

    rules = pytestconfig.getoption("elastinet_rules")
    try:
        fabric = choice.fabric(pytestconfig.getoption("elastinet_fabric"))
        made = LocalServer(elastinet_region, {"fabric": fabric} | ({"rules": rules} if rules else {}))
    except TestingError as error:
        raise _failure(f"{error} (in pytest: --elastinet-fabric)") from None
    yield made
    made.stop()


@pytest.fixture
def elastinet_account(elastinet: "LocalServer", monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A fresh account, to which the environment and boto3's default session lead until the test ends."""
    from elastinet.cli.environment import OF_OTHERS

    account = elastinet.new_account()
    for name in OF_OTHERS:
        monkeypatch.delenv(name, raising=False)
    for name, value in elastinet.environ.items():
        monkeypatch.setenv(name, value)
    if find_spec("boto3") is not None:  # what is tested may be no Python
        monkeypatch.setattr("boto3.DEFAULT_SESSION", elastinet.clients.session)
    yield account
    elastinet.forget(account)


@pytest.fixture
def ec2(elastinet: "LocalServer", elastinet_account: str) -> Any:
    """A boto3 client of EC2 in an account that nobody has used."""
    from elastinet.testing.errors import TestingError

    try:
        return elastinet.clients.ec2
    except TestingError as error:
        raise _failure(str(error)) from None


@pytest.fixture
def instances(elastinet: "LocalServer", ec2: Any) -> "Instances":
    """Launches instances in the test's account, runs commands in them and sends packets between them."""
    from elastinet.testing.instances import Instances

    return Instances(elastinet, ec2)
