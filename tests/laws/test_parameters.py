"""The page of coverage says what is so: of each parameter, that it is read, or refused by name."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import coverage_page
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from elastinet.ec2.operations import OPERATIONS
from elastinet.wire.service import OTHER_SERVICES, service
from elastinet.wire.shapes import Shape
from scene import Scene
from served import Served

DRY_RUN = {"DryRun": True}
ANYWHERE = {"DestinationCidrBlock": "192.0.2.0/24"}
WELL: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "AssociateAddress": lambda s: {"AllocationId": s.idle, "NetworkInterfaceId": s.free},
    "AssociateRouteTable": lambda s: {"RouteTableId": s.table, "SubnetId": s.left},
    "AttachNetworkInterface": lambda s: {"NetworkInterfaceId": s.free, "InstanceId": s.one, "DeviceIndex": 1},
    "AttachVolume": lambda s: {"VolumeId": s.volume, "InstanceId": s.one, "Device": "/dev/sdf"},
    "AuthorizeSecurityGroupEgress": lambda s: {"GroupId": s.group, "IpPermissions": [s.ssh]},
    "CreateEgressOnlyInternetGateway": lambda s: {"VpcId": s.bare},
    "CreateFleet": lambda s: {
        "LaunchTemplateConfigs": [
            {"LaunchTemplateSpecification": {"LaunchTemplateName": "mine", "Version": "1"}}
        ],
        "TargetCapacitySpecification": {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"},
        "Type": "instant",
    },
    "CreateKeyPair": lambda s: {"KeyName": "another"},
    "CreateLaunchTemplate": lambda s: {
        "LaunchTemplateName": "other",
        "LaunchTemplateData": {"ImageId": s.image},
    },
    "CreateNetworkAcl": lambda s: {"VpcId": s.vpc},
    "CreateNetworkInterface": lambda s: {"SubnetId": s.left},
    "CreatePlacementGroup": lambda s: {"GroupName": "more", "Strategy": "spread"},
    "CreateRoute": lambda s: {"RouteTableId": s.table, "GatewayId": s.igw} | ANYWHERE,
    "CreateRouteTable": lambda s: {"VpcId": s.vpc},
    "CreateSecurityGroup": lambda s: {"GroupName": "more", "Description": "d", "VpcId": s.vpc},
    "CreateSubnet": lambda s: {"VpcId": s.vpc, "CidrBlock": "10.0.9.0/24"},
    "CreateVolume": lambda s: {"AvailabilityZone": "us-east-1a", "Size": 8},
    "CreateVpcEndpoint": lambda s: {"VpcId": s.vpc, "ServiceName": "com.amazonaws.us-east-1.s3"},
    "CreateVpcPeeringConnection": lambda s: {"VpcId": s.default_vpc, "PeerVpcId": s.bare},
    "DeleteKeyPair": lambda s: {"KeyName": "mine"},
    "DeleteVolume": lambda s: {"VolumeId": s.volume},
    "ModifyInstanceAttribute": lambda s: {"InstanceId": s.one, "DisableApiStop": {"Value": False}},
    "ModifyNetworkInterfaceAttribute": lambda s: {
        "NetworkInterfaceId": s.free,
        "Description": {"Value": "d"},
    },
    "ModifyManagedPrefixList": lambda s: {"PrefixListId": s.listed, "PrefixListName": "x"},
    "MonitorInstances": lambda s: {"InstanceIds": [s.one]},
    "ReplaceRoute": lambda s: {
        "RouteTableId": s.main,
        "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": s.igw,
    },
    "RunInstances": lambda s: s.launching(),
    "StartInstances": lambda s: {"InstanceIds": [s.one]},
    "StopInstances": lambda s: {"InstanceIds": [s.one]},
    "TerminateInstances": lambda s: {"InstanceIds": [s.two]},
}
"""For operations that need something, a request that would succeed."""


def test_the_page_is_in_step_with_the_code() -> None:
    assert coverage_page.PAGE.read_text(encoding="utf-8") == coverage_page.page(), "make docs writes it anew"


def test_every_operation_has_a_row() -> None:
    text = coverage_page.PAGE.read_text(encoding="utf-8")
    assert not [action for action in OPERATIONS if text.count(f"\n| `{action}` |") != 1]


class Case(NamedTuple):
    """A request that would succeed, and one more parameter."""

    action: str
    path: str

    def __str__(self) -> str:
        return f"{self.action}-{self.path}"


NEEDING = {"DescribeLaunchTemplateVersions"}
"""Those that need something, though no member of theirs says so."""


def needing_nothing() -> Iterator[str]:
    """Operations of EC2's that succeed without a parameter."""
    for action in sorted(OPERATIONS.keys() - OTHER_SERVICES.keys() - NEEDING):
        shape = service().input_shape(action)
        if (
            action.startswith("Describe")
            and shape
            and "DryRun" in shape.members
            and not shape.required_members
        ):
            yield action


TRIED = (*needing_nothing(), *WELL)
REFUSED = [Case(action, path) for action in TRIED for path in coverage_page.parameters(action).refused]
TOGETHER = {Case("ModifyInstanceAttribute", "Value")}
"""Read only where another parameter is given that the request here has not."""
SO = [Case(action, path) for action in TRIED for path in coverage_page.parameters(action).as_it_is]
READ = [
    Case(action, path)
    for action in TRIED
    for path in coverage_page.parameters(action).works
    if path != "DryRun"
]


Leaf = Callable[[Shape], Any]


def first(shape: Shape) -> Any:
    """A value that asks for something; of words the first, which often is what EC2 does not do by itself."""
    given = {
        "boolean": True,
        "integer": 3,
        "long": 3,
        "double": 0.5,
        "timestamp": "2026-01-01T00:00:00Z",
        "blob": b"x",
    }
    return given.get(shape.type_name, shape.enum[0] if shape.enum else "x")


def last(shape: Shape) -> Any:
    """The same, but of words the last, which often is what it does."""
    return shape.enum[-1] if shape.enum else first(shape)


def some(shape: Shape, path: str, leaf: Leaf) -> Any:
    """A value of a shape: of a structure what a path leads to, or its first member."""
    name, _, rest = path.partition(".")
    if shape.type_name == "structure":
        name = name or next(iter(shape.members))
        return {name: some(shape.members[name], rest, leaf)}
    return [some(shape.member, path, leaf)] if shape.type_name == "list" else leaf(shape)


@pytest.fixture(scope="module")
def scene(server: Served) -> Scene:
    return Scene(server.client())


def asked(scene: Scene, case: Case, leaf: Leaf) -> dict[str, str]:
    """The error of a request with one more parameter; it must have one, for nothing is done."""
    name, _, rest = case.path.partition(".")
    shape = service().input_shape(case.action)
    assert shape is not None
    given = WELL[case.action](scene) if case.action in WELL else {}
    more = {name: some(shape.members[name], rest, leaf)}
    try:
        getattr(scene.ec2, xform_name(case.action))(**given | more | DRY_RUN)
    except ClientError as error:
        return dict(error.response["Error"])
    raise AssertionError("a dry run has an error")


@pytest.mark.parametrize("action", TRIED)
def test_the_request_would_succeed(scene: Scene, action: str) -> None:
    given = WELL[action](scene) if action in WELL else {}
    with pytest.raises(ClientError) as caught:
        getattr(scene.ec2, xform_name(action))(**given, **DRY_RUN)
    assert caught.value.response["Error"]["Code"] == "DryRunOperation", caught.value.response["Error"]


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_is_refused(scene: Scene, case: Case) -> None:
    error = asked(scene, case, first)
    assert error["Code"] != "DryRunOperation"
    if "." not in case.path:
        assert error["Code"] == "UnsupportedOperation", error
        assert case.path in error["Message"]


@pytest.mark.parametrize("case", sorted({*READ} - TOGETHER), ids=str)
def test_what_is_read(scene: Scene, case: Case) -> None:
    error = asked(scene, case, last)
    assert not names(error, case.path)


@pytest.mark.parametrize("case", SO, ids=str)
def test_what_is_taken_with_one_value_only(scene: Scene, case: Case) -> None:
    path, _, values = case.path.partition(": ")
    value = {"true": True, "false": False, "0": 0}.get(word := values.split(" or ")[0], word)
    plain = Case(case.action, path)
    assert not names(asked(scene, plain, lambda shape: value), path)
    other = not value if isinstance(value, bool) else 3
    error = asked(scene, plain, lambda shape: first(shape) if isinstance(value, str) else other)
    assert error["Code"] != "DryRunOperation"  # another may come first: a structure needs more than this


def names(error: dict[str, str], path: str) -> bool:
    """Whether a parameter is refused by its name, in which items of lists have numbers."""
    refused = re.sub(r"\.\d+(?=[. ])", "", error["Message"])
    return error["Code"] == "UnsupportedOperation" and f"does not support {path} " in refused
