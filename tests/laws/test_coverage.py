"""Every operation in the table is tested through the wire and documented; every other one is refused."""

import http.client
import re
from contextlib import closing
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

from botocore import xform_name
from botocore.loaders import Loader

from elastinet.ec2.operations import OPERATIONS
from elastinet.operator import coverage
from elastinet.wire.service import OTHER_SERVICES
from served import Served

HERE = Path(__file__)
REPOSITORY = HERE.parents[2]
PAGES = [path for path in (REPOSITORY / "docs").rglob("*.md") if path.name != "coverage.md"]
"""But for the one that is written from the code."""


@cache
def actions(service: str) -> frozenset[str]:
    """What botocore's model has."""
    return frozenset(Loader().load_service_model(service, "service-2")["operations"])


def called_in_tests() -> set[str]:
    """The methods, waiters' and paginators' names included, that some test calls on a client."""
    files = [path for path in (REPOSITORY / "tests").rglob("*.py") if path != HERE]
    text = "\n".join(path.read_text() for path in files)
    return set(re.findall(r"\.([a-z_0-9]+)\(", text)) | set(re.findall(r"[\"']([a-z_0-9]+)[\"']", text))


def named_in_docs() -> set[str]:
    """The actions that the documentation names, each in backticks."""
    text = "\n".join(path.read_text() for path in PAGES)
    return set(re.findall(r"`([A-Z][A-Za-z0-9]+)`", text))


def test_every_operation_is_one_of_ec2_or_its_neighbours() -> None:
    known = {action for action in OPERATIONS if action in actions(OTHER_SERVICES.get(action, "ec2"))}
    assert known == OPERATIONS.keys()


def test_every_operation_is_called_by_a_test() -> None:
    called = called_in_tests()
    assert not sorted(action for action in OPERATIONS if xform_name(action) not in called)


def test_every_operation_is_documented() -> None:
    assert not sorted(OPERATIONS.keys() - named_in_docs())


def test_the_documentation_names_no_operation_that_is_not_there() -> None:
    """Except on lines that say so."""
    promised = set()
    for path in PAGES:
        for line in path.read_text().splitlines():
            if "UnsupportedOperation" not in line:
                promised |= set(re.findall(r"`([A-Z][A-Za-z0-9]+)`", line)) & actions("ec2")
    assert not sorted(promised - OPERATIONS.keys())


def test_every_other_operation_is_absent_or_refused(server: Served) -> None:
    """All of them over one connection: what is refused does not even need its parameters."""
    others = sorted(actions("ec2") - OPERATIONS.keys())
    with closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)) as connection:
        seen = {action: answer(connection, action) for action in others}
    refused = {action for action in others if seen[action] == REFUSED}
    assert len(refused) > 400
    absent = set(others) - refused
    assert not sorted(action for action in absent if not action.startswith(READS))
    assert {seen[action] for action in absent} == {(200, None), MISSING, NO_FEED}
    assert {action for action in refused if action.startswith(READS)} == REFUSED_READS
    assert set(coverage.page()["absent"]) == absent


READS = ("Describe", "Get", "List", "Search")
REFUSED = (400, "UnsupportedOperation")
MISSING = (400, "MissingParameter")
NO_FEED = (400, "InvalidSpotDatafeed.NotFound")
REFUSED_READS = set(
    """
    DescribeAccountVpcEncryptionControl DescribeAggregateIdFormat DescribeApplicationStatus DescribeIdFormat
    DescribeIdentityIdFormat DescribeImageReferences DescribeInstanceEventNotificationAttributes
    DescribeInstanceImageMetadata DescribeMacHosts
    DescribeVpcBlockPublicAccessOptions DescribeVpcClassicLink DescribeVpcClassicLinkDnsSupport
    GetAwsNetworkPerformanceData GetCapacityManagerAttributes
    GetCapacityManagerSupportabilityScores GetConsoleScreenshot GetDefaultCreditSpecification
    GetEnabledIpamPolicy GetImageAncestry
    GetInstanceTpmEkPub GetInstanceTypesFromInstanceRequirements
    GetInstanceUefiData GetManagedResourceVisibility GetPasswordData
    GetSpotPlacementScores
    GetVpcResourcesBlockingEncryptionEnforcement
    """.split()
)
"""They show what is here from another side, or settings of an account: nothing of which there is none."""


def answer(connection: http.client.HTTPConnection, action: str) -> tuple[int, str | None]:
    """The status and the code of an action without parameters."""
    connection.request("POST", "/", f"Action={action}&Version=2016-11-15")
    reply = connection.getresponse()
    return reply.status, ElementTree.fromstring(reply.read()).findtext("Errors/Error/Code")
