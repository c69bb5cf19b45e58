"""Ids of nothing: each operation has EC2's error for them, or its answer."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from missing import LEFT_OUT, MISSING, Missing

from elastinet.ec2.operations import OPERATIONS
from elastinet.wire.service import service_of
from refused import refused
from scene import NONE, Scene, picture

NOT_HERE = re.compile(
    "Ipam|Pool|TransitGateway|LocalGateway|CarrierGateway|Outpost|Asset|Secondary|LinkedGroup|ParentGroup|CapacityReservation"
    "|MetricCategory|LaunchTemplateData|Overrides|Kms|Snapshot|KernelId|RamdiskId|SubnetConfigurations|AvailabilityZone|OwnerId|UserId"
    "|TransferAccountId|Filter|AssociatedSubnetIds|SourceSecurityGroup"
)
"""Members that name what elastinet has nothing of, or nothing that could be missing."""

ENDINGS = re.compile(r"(Id|Ids|Groups|Resources|GroupNames?|KeyNames?|PublicIps?)$")
ALSO = {
    ("CreateRoute", "VpcEndpointId"), ("ReplaceRoute", "VpcEndpointId"),  # of gateway load balancers
    ("ModifyVpcEndpoint", "AddSubnetIds"), ("ModifyVpcEndpoint", "RemoveSubnetIds"),  # with interface endpoints
    ("ModifyVpcEndpoint", "AddSecurityGroupIds"), ("ModifyVpcEndpoint", "RemoveSecurityGroupIds"),
    ("ModifyVpcEndpoint", "AddRouteTableIds"), ("ModifyVpcEndpoint", "RemoveRouteTableIds"),  # tried below
    ("CreateNatGateway", "VpcId"), ("CreateSecurityGroup", "GroupName"),
    ("ModifyInstanceAttribute", "BlockDeviceMappings.Ebs.VolumeId"),
    ("CreateNetworkInsightsAccessScope", "MatchPaths.ThroughResources.ResourceStatement.Resources"),
    *((f"{verb}PolicyVersion", "VersionId") for verb in ("Delete", "Get", "SetDefault")),  # IAM's
}  # fmt: skip
"""Members that are refused as such, or tried elsewhere."""


@pytest.mark.parametrize("case", MISSING, ids=lambda case: case.name)
def test_missing(scene: Scene, case: Missing) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(scene.ec2, case.action)(**case.asked(scene))
    error = caught.value.response["Error"]
    assert error["Code"] == case.code, error
    assert case.sentence in error["Message"], error
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_nothing_has_changed(scene: Scene, before: dict[str, bytes]) -> None:
    for case in MISSING:
        with pytest.raises(ClientError):
            getattr(scene.ec2, case.action)(**case.asked(scene))
    assert picture(scene.ec2) == before


def members(shape: Any, path: str = "") -> Iterator[str]:
    """The paths of the texts in a shape."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from members(member, f"{path}.{name}" if path else name)
    elif shape.type_name == "list":
        yield from members(shape.member, path)
    elif shape.type_name == "string":
        yield path


def taken() -> set[tuple[str, str]]:
    """Every operation with every id that it takes."""
    shapes = {action: service_of(action).input_shape(action) for action in OPERATIONS}
    return {
        (action, path)
        for action, shape in shapes.items()
        if shape is not None
        for path in members(shape)
        if ENDINGS.search(path) and not NOT_HERE.search(path)
    }


def test_every_operation_is_tried_with_every_id() -> None:
    tried = {(case.action, case.member.partition("-")[0]) for case in MISSING}
    lacking = {
        (action, path)
        for action, path in taken() - ALSO
        if xform_name(action) not in LEFT_OUT and (xform_name(action), path) not in tried
    }
    assert not lacking


def test_a_list_leaves_out_what_is_not_there(scene: Scene) -> None:
    """Terraform waits for an empty list after it has deleted one."""
    for ids, found in (([f"eigw-{NONE}"], []), ([f"eigw-{NONE}", scene.eigw], [scene.eigw])):
        answer = scene.ec2.describe_egress_only_internet_gateways(EgressOnlyInternetGatewayIds=ids)
        shown = [one["EgressOnlyInternetGatewayId"] for one in answer["EgressOnlyInternetGateways"]]
        assert shown == found


@pytest.mark.parametrize("method", ["release_hosts", "modify_hosts"])
def test_hosts_are_told_apart(scene: Scene, method: str) -> None:
    more = {"AutoPlacement": "off"} if method == "modify_hosts" else {}
    answer = getattr(scene.ec2, method)(HostIds=[f"h-{NONE}"], **more)
    (failed,) = answer["Unsuccessful"]
    assert (failed["ResourceId"], answer["Successful"]) == (f"h-{NONE}", [])
    assert failed["Error"]["Code"] == "Client.InvalidHostID.NotFound"
    with refused("InvalidHostID.Malformed"):
        getattr(scene.ec2, method)(HostIds=["h"], **more)


def test_others_that_are_told_apart(scene: Scene) -> None:
    (failed,) = scene.ec2.delete_vpc_endpoints(VpcEndpointIds=[f"vpce-{NONE}"])["Unsuccessful"]
    assert failed["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    asked = [{"InstanceId": f"i-{NONE}", "CpuCredits": "standard"}]
    answer = scene.ec2.modify_instance_credit_specification(InstanceCreditSpecifications=asked)
    (failed,) = answer["UnsuccessfulInstanceCreditSpecifications"]
    assert failed["Error"]["Code"] == "InvalidInstanceID.NotFound"
    answer = scene.ec2.delete_fleets(FleetIds=[f"fleet-{NONE}"], TerminateInstances=True)
    assert answer["UnsuccessfulFleetDeletions"][0]["Error"]["Code"] == "fleetIdDoesNotExist"
    scene.ec2.delete_key_pair(KeyName="nobody")
    scene.ec2.delete_key_pair(KeyPairId=f"key-{NONE}")


def test_tables_of_an_endpoint(server) -> None:
    ec2 = server.client()
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    asked = {"VpcId": vpc["VpcId"], "ServiceName": "com.amazonaws.us-east-1.s3"}
    endpoint = ec2.create_vpc_endpoint(**asked)["VpcEndpoint"]["VpcEndpointId"]
    for member in ("AddRouteTableIds", "RemoveRouteTableIds"):
        with refused("InvalidRouteTableId.NotFound", f"'rtb-{NONE}'"):
            ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, **{member: [f"rtb-{NONE}"]})


def test_a_nat_gateway_as_a_gateway(server) -> None:
    """A route takes it by either name, and shows it as what it is; when it has gone, it is not there."""
    ec2 = server.client()
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    (subnet, *_) = ec2.describe_subnets()["Subnets"]
    made = ec2.create_nat_gateway(SubnetId=subnet["SubnetId"], ConnectivityType="private")["NatGateway"]
    id = made["NatGatewayId"]
    table = ec2.create_route_table(VpcId=vpc["VpcId"])["RouteTable"]["RouteTableId"]
    where = {"RouteTableId": table, "DestinationCidrBlock": "198.51.100.0/24"}
    ec2.create_route(**where, GatewayId=id)
    ec2.replace_route(**where, GatewayId=id)
    (shown,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    route = next(r for r in shown["Routes"] if r.get("DestinationCidrBlock") == "198.51.100.0/24")
    assert (route["NatGatewayId"], route.get("GatewayId")) == (id, None)
    ec2.delete_nat_gateway(NatGatewayId=id)
    ec2.get_waiter("nat_gateway_deleted").wait(
        NatGatewayIds=[id], WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )
    for member in ("GatewayId", "NatGatewayId"):
        with refused("InvalidNatGatewayID.NotFound", f"The natGateway ID '{id}' does not exist"):
            ec2.replace_route(**where, **{member: id})


def test_a_failed_peering_is_not_deleted(server) -> None:
    """Terraform goes by the last words of the sentence."""
    ec2 = server.client()
    one, other = (ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(2))
    made = ec2.create_vpc_peering_connection(VpcId=one, PeerVpcId=other)["VpcPeeringConnection"]
    with refused("InvalidStateTransition", "attempted to transition from failed to deleting"):
        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnectionId"])
