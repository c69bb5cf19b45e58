"""Every filter that EC2's own documentation names is known here."""

from functools import partial
from html.parser import HTMLParser

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import get_session

from region_seen import NEEDED

MODEL = get_session().get_service_model("ec2")


def operations():
    from elastinet.ec2.operations import OPERATIONS

    describes = sorted(name for name in OPERATIONS if name.startswith("Describe"))
    inputs = {name: MODEL.operation_model(name).input_shape for name in describes}
    return [name for name, shape in inputs.items() if spelled(shape)]


def spelled(shape):
    return next((name for name in ("Filters", "Filter") if name in shape.members), None)


class Names(HTMLParser):
    """The first code of each item of the outermost list, or what stands before the dash where there is none."""

    def __init__(self):
        super().__init__()
        self.names, self._depth, self._awaited, self._text = [], 0, False, None

    def handle_starttag(self, tag, attrs):
        if tag == "ul":
            self._depth += 1
        elif tag == "li":
            self._awaited = self._depth == 1
        elif tag == "code" and self._awaited:
            self._awaited, self._text = False, ""

    def handle_data(self, data):
        if self._text is not None:
            self._text += data
        elif self._awaited and " - " in data:
            self.names.append(data.partition(" - ")[0].strip())
            self._awaited = False

    def handle_endtag(self, tag):
        if tag == "ul":
            self._depth -= 1
        elif tag == "code" and self._text is not None:
            self.names.append(self._text.strip())
            self._text = None


def documented(operation):
    parser = Names()
    shape = MODEL.operation_model(operation).input_shape
    parser.feed(shape.members[spelled(shape)].documentation)
    # Spelled "tag:<key>", "tag :<key>" or "tag".
    return ["tag:Owner" if name.startswith("tag:") or name == "tag" else name for name in parser.names]


def asking(ec2, operation):
    """The client's method, and how it spells its filters."""
    shape = MODEL.operation_model(operation).input_shape
    return partial(getattr(ec2, xform_name(operation)), **NEEDED.get(operation, {})), spelled(shape)


def test_the_documentation_is_understood():
    assert documented("DescribeRegions") == ["endpoint", "opt-in-status", "region-name"]
    assert "medium" not in documented("DescribeImages")
    assert "tag:Owner" in documented("DescribeKeyPairs")


WITHOUT = ("DescribeNetworkInsightsAccessScopes", "DescribeNetworkInsightsAccessScopeAnalyses")
"""Operations that take filters, of which there are none by the documentation."""


@pytest.mark.parametrize("operation", operations())
def test_documented_filters_are_known(ec2, operation):
    describe, member = asking(ec2, operation)
    names = documented(operation)
    assert bool(names) != (operation in WITHOUT)
    unknown = {}
    for name in names:
        try:
            describe(**{member: [{"Name": name, "Values": ["x"]}]})
        except ClientError as error:
            told = error.response["Error"]
            if told["Code"] != "UnsupportedOperation" or name not in told["Message"]:
                unknown[name] = told
    assert not unknown


@pytest.mark.parametrize("operation", operations())
def test_other_filters_are_refused(ec2, operation):
    describe, member = asking(ec2, operation)
    with pytest.raises(ClientError) as caught:
        describe(**{member: [{"Name": "no-such-filter", "Values": ["x"]}]})
    told = caught.value.response["Error"]
    assert (told["Code"], told["Message"]) == (
        "InvalidParameterValue",
        "The filter 'no-such-filter' is invalid",
    )
