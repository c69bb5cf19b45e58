"""How parameters are put over others, for any parameters, and for any split of a launch over template and request."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elastinet.catalog.images import images
from elastinet.ec2.instances.launch_parameters import ALTERNATIVES, NOTHING, merged
from elastinet.engine import Engine
from elastinet.store import MemoryJournal

ACCOUNT, REGION = "111111111111", "us-east-1"
IMAGE = next(i.id for i in images(REGION, ()).values() if i.architecture == "x86_64" and i.ena_support)
WHOLE = {
    "ImageId": IMAGE,
    "InstanceType": "m5.large",
    "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 3, "HttpEndpoint": "enabled"},
    "Placement": {"AvailabilityZone": "us-east-1b", "Tenancy": "dedicated"},
    "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 2},
    "Monitoring": {"Enabled": True},
    "EbsOptimized": True,
    "DisableApiTermination": True,
    "InstanceInitiatedShutdownBehavior": "terminate",
    "IamInstanceProfile": {"Name": "mine"},
    "UserData": "IyEvYmluL3NoCg==",
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20}}],
    "PrivateDnsNameOptions": {"HostnameType": "resource-name", "EnableResourceNameDnsARecord": True},
    "MaintenanceOptions": {"AutoRecovery": "disabled"},
    "CreditSpecification": {"CpuCredits": "standard"},
    "NetworkInterfaces": [{"DeviceIndex": 0, "Description": "first"}, {"DeviceIndex": 1}],
}
"""A launch with much to say; each leaf is a parameter that a template or a request may give."""

NAMES = st.sampled_from((*(name for one in ALTERNATIVES for name in sorted(one)), "ImageId", "Placement"))
VALUES = st.one_of(
    st.integers(0, 3), st.sampled_from(("", "a", "b")), st.lists(st.integers(0, 2), max_size=2)
)
PARAMETERS = st.recursive(
    st.dictionaries(NAMES.filter(lambda name: name != "Placement"), VALUES, max_size=4),
    lambda inner: st.dictionaries(NAMES, VALUES, max_size=3).flatmap(
        lambda flat: inner.map(lambda inside: flat | {"Placement": inside})
    ),
    max_leaves=3,
).map(lambda found: found if isinstance(found.get("Placement", {}), dict) else {})


def leaves(value: dict[str, Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every parameter by its path; an empty structure says nothing."""
    found: dict[tuple[str, ...], Any] = {}
    for name, inside in value.items():
        found |= leaves(inside, (*path, name)) if isinstance(inside, dict) else {(*path, name): inside}
    return found


def others(path: tuple[str, ...]) -> set[tuple[str, ...]]:
    """The parameters that say the same as this one in other words."""
    return {(*path[:-1], name) for one in ALTERNATIVES if path[-1] in one for name in one - {path[-1]}}


@given(PARAMETERS, PARAMETERS)
def test_what_is_given_stays_and_the_rest_shows_through(under: dict[str, Any], over: dict[str, Any]) -> None:
    before, given_ = leaves(under), {p: v for p, v in leaves(over).items() if v not in NOTHING}
    after = leaves(merged(under, over))
    assert given_.items() <= after.items()
    hidden = {other for path in given_ for other in others(path)}
    for path, value in before.items():
        if path not in given_ and path not in hidden:
            assert after[path] == value
        elif path not in given_:
            assert path not in after or after[path] in NOTHING


@given(PARAMETERS)
def test_nothing_over_something_and_the_reverse(one: dict[str, Any]) -> None:
    assert merged(one, {}) == one == merged({}, one)
    assert merged(one, one) == one or any(path in leaves(one) for p in leaves(one) for path in others(p))


@given(PARAMETERS, PARAMETERS, PARAMETERS)
def test_it_does_not_matter_what_is_put_together_first(
    one: dict[str, Any], two: dict[str, Any], three: dict[str, Any]
) -> None:
    assert merged(merged(one, two), three) == merged(one, merged(two, three))


def split(draw: Any, whole: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A template's part and a request's: each parameter in one of them, or in both with the request's word."""
    under: dict[str, Any] = {}
    over: dict[str, Any] = {}
    for name, value in whole.items():
        if isinstance(value, dict):
            below, above = split(draw, value)
            under |= {name: below} if below else {}
            over |= {name: above} if above else {}
            continue
        where = draw(st.sampled_from(("template", "request", "both")))
        if where != "template":
            over[name] = value
        if where != "request":
            under[name] = value if where == "template" else other(value)
    return under, over


def other(value: Any) -> Any:
    """Another value of the same type, which no launch would take."""
    return (
        not value
        if isinstance(value, bool)
        else 99
        if isinstance(value, int)
        else []
        if isinstance(value, list)
        else "x"
    )


def shown(engine: Engine, asked: dict[str, Any]) -> dict[str, Any]:
    """What an instance that is so launched shows, but for what every instance has of its own."""
    counts = {"MinCount": 1, "MaxCount": 1}
    answer = engine.call(ACCOUNT, REGION, "RunInstances", asked | counts)
    assert answer is not None
    (instance,) = answer["Instances"]  # type: ignore[misc]
    own = (
        "InstanceId",
        "LaunchTime",
        "UsageOperationUpdateTime",
        "Tags",
        "PrivateIpAddress",
        "PrivateDnsName",
        "NetworkInterfaces",
        "BlockDeviceMappings",
    )
    kept = {name: value for name, value in instance.items() if name not in own}
    kept["Descriptions"] = [one["Description"] for one in instance["NetworkInterfaces"]]
    kept["Devices"] = [one["DeviceName"] for one in instance["BlockDeviceMappings"]]
    for name in ("userData", "disableApiTermination", "instanceInitiatedShutdownBehavior"):
        attribute = {"InstanceId": instance["InstanceId"], "Attribute": name}
        told = dict(engine.call(ACCOUNT, REGION, "DescribeInstanceAttribute", attribute) or {})
        kept[name] = {k: v for k, v in told.items() if k != "InstanceId"}
    return kept


@settings(max_examples=60)
@given(st.data())
def test_a_launch_is_the_same_however_it_is_split(data: Any) -> None:
    engine = Engine(MemoryJournal())
    under, over = split(data.draw, WHOLE)
    engine.call(
        ACCOUNT,
        REGION,
        "CreateLaunchTemplate",
        {"LaunchTemplateName": "web", "LaunchTemplateData": under or {"KeyName": ""}},
    )
    plain = shown(engine, WHOLE)
    assert shown(engine, over | {"LaunchTemplate": {"LaunchTemplateName": "web"}}) == plain


@pytest.mark.parametrize("one", ALTERNATIVES)
def test_the_alternatives_are_parameters(one: frozenset[str]) -> None:
    assert len(one) == 2
