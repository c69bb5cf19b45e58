"""Reading nouns that elastinet does not have: none are there, and none has the id that is asked for."""

from datetime import UTC, datetime
from typing import Any
from urllib.request import urlopen

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import Shape
from botocore.session import get_session
from msgspec import json

from elastinet.operator import coverage
from served import Served

MODEL = get_session().get_service_model("ec2")
ABSENT = coverage.absent()


def filled(shape: Shape, *, whole: bool = False) -> Any:
    """A value of a shape, with what it requires and, as long as that is something, nothing else."""
    match shape.type_name:
        case "structure":
            names = shape.required_members or (shape.members if whole else ())
            return {name: filled(shape.members[name], whole=True) for name in names}
        case "list":
            return [filled(shape.member, whole=True)]
        case "string":
            return shape.enum[0] if shape.enum else "x-0123456789abcdef0"
        case "timestamp":
            return datetime(2026, 1, 1, tzinfo=UTC)
        case _:
            return shape.metadata.get("min", 1)


def ask(ec2: Any, action: str, **params: Any) -> Any:
    needed = MODEL.operation_model(action).input_shape
    answer = getattr(ec2, xform_name(action))(**(filled(needed) | params))
    del answer["ResponseMetadata"]
    return answer


def refusal(ec2: Any, action: str, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        ask(ec2, action, **params)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_all_that_is_absent_is_an_empty_list_or_not_found(ec2: Any) -> None:
    wrong = {}
    for action in ABSENT:
        try:
            answer = ask(ec2, action)
        except ClientError as error:
            answer = error.response["Error"]["Code"]
            if not answer.startswith("Invalid") or not any(w in answer for w in ("NotFound", "Id")):
                wrong[action] = answer
        else:
            if action not in SETTINGS and (not answer or any(value != [] for value in answer.values())):
                wrong[action] = answer
    assert not wrong


def test_an_id_of_what_is_absent_is_not_found(ec2: Any) -> None:
    """Whatever the parameter is called."""
    found = {}
    for action in ABSENT:
        shape = MODEL.operation_model(action).input_shape
        for name in shape.members:
            if name.endswith(("Ids", "IdSet")) and name not in ("OwnerIds", "RestorableByUserIds"):
                try:
                    found[action, name] = ask(ec2, action, **{name: ["x-0123456789abcdef0"]})
                except ClientError as error:
                    if not error.response["Error"]["Code"].startswith("Invalid"):
                        found[action, name] = error.response["Error"]
    assert not found


CODES = [
    ("DescribeVpnGateways", "VpnGatewayIds", "vgw-1", "InvalidVpnGatewayID.NotFound"),
    ("DescribeVpnConnections", "VpnConnectionIds", "vpn-1", "InvalidVpnConnectionID.NotFound"),
    ("DescribeCustomerGateways", "CustomerGatewayIds", "cgw-1", "InvalidCustomerGatewayID.NotFound"),
    ("DescribeTransitGateways", "TransitGatewayIds", "tgw-1", "InvalidTransitGatewayID.NotFound"),
    (
        "DescribeTransitGatewayVpcAttachments",
        "TransitGatewayAttachmentIds",
        "tgw-attach-1",
        "InvalidTransitGatewayAttachmentID.NotFound",
    ),
    (
        "DescribeTransitGatewayRouteTables",
        "TransitGatewayRouteTableIds",
        "tgw-rtb-1",
        "InvalidRouteTableID.NotFound",
    ),
    (
        "DescribeTransitGatewayMulticastDomains",
        "TransitGatewayMulticastDomainIds",
        "tgw-mcast-domain-1",
        "InvalidTransitGatewayMulticastDomainId.NotFound",
    ),
    ("DescribeCarrierGateways", "CarrierGatewayIds", "cagw-1", "InvalidCarrierGatewayID.NotFound"),
    ("DescribeSnapshots", "SnapshotIds", "snap-1", "InvalidSnapshot.NotFound"),
    (
        "DescribeSpotInstanceRequests",
        "SpotInstanceRequestIds",
        "sir-1",
        "InvalidSpotInstanceRequestID.NotFound",
    ),
    ("DescribeSpotFleetRequests", "SpotFleetRequestIds", "sfr-1", "InvalidSpotFleetRequestId.NotFound"),
    ("DescribeReservedInstances", "ReservedInstancesIds", "x", "InvalidReservedInstancesId"),
    (
        "DescribeCapacityReservations",
        "CapacityReservationIds",
        "cr-1",
        "InvalidCapacityReservationId.NotFound",
    ),
    ("DescribeFlowLogs", "FlowLogIds", "fl-1", "InvalidFlowLogId.NotFound"),
    (
        "DescribeInstanceConnectEndpoints",
        "InstanceConnectEndpointIds",
        "eice-1",
        "InvalidInstanceConnectEndpointId.NotFound",
    ),
    (
        "DescribeNetworkInsightsAccessScopes",
        "NetworkInsightsAccessScopeIds",
        "nis-1",
        "InvalidNetworkInsightsAccessScopeId.NotFound",
    ),
    ("DescribeClientVpnEndpoints", "ClientVpnEndpointIds", "cvpn-1", "InvalidClientVpnEndpointId.NotFound"),
    ("DescribePublicIpv4Pools", "PoolIds", "ipv4pool-1", "InvalidPublicIpv4PoolID.NotFound"),
    ("DescribeCoipPools", "PoolIds", "coip-1", "InvalidPoolID.NotFound"),
    (
        "DescribeVpcEndpointServiceConfigurations",
        "ServiceIds",
        "vpce-svc-1",
        "InvalidVpcEndpointServiceId.NotFound",
    ),
    ("DescribeIpamPools", "IpamPoolIds", "ipam-pool-1", "InvalidIpamPoolId.NotFound"),
    (
        "DescribeTrafficMirrorSessions",
        "TrafficMirrorSessionIds",
        "tms-1",
        "InvalidTrafficMirrorSessionId.NotFound",
    ),
    ("DescribeExportTasks", "ExportTaskIds", "export-i-1", "InvalidExportTaskID.NotFound"),
]


@pytest.mark.parametrize(("action", "name", "id", "code"), CODES, ids=[row[0] for row in CODES])
def test_a_noun_has_its_own_code(ec2: Any, action: str, name: str, id: str, code: str) -> None:
    assert refusal(ec2, action, **{name: [id]})[0] == code


def test_the_sentence_names_the_noun_and_the_id(ec2: Any) -> None:
    told = refusal(ec2, "DescribeVpnGateways", VpnGatewayIds=["vgw-0123456789abcdef0"])
    assert told[1] == "The vpnGateway ID 'vgw-0123456789abcdef0' does not exist"


def test_ids_of_what_is_here_are_looked_up(ec2: Any) -> None:
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    assert ask(ec2, "DescribeVpcEncryptionControls", VpcIds=[vpc]) == {"VpcEncryptionControls": []}
    code = refusal(ec2, "DescribeVpcEncryptionControls", VpcIds=["vpc-00000000000000000"])[0]
    assert code == "InvalidVpcID.NotFound"
    image = ec2.describe_images()["Images"][0]["ImageId"]
    assert ask(ec2, "DescribeStoreImageTasks", ImageIds=[image]) == {"StoreImageTaskResults": []}
    code = refusal(ec2, "DescribeStoreImageTasks", ImageIds=["ami-00000000000000000"])[0]
    assert code == "InvalidAMIID.NotFound"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"Filters": [{"Values": ["x"]}]}, "MissingParameter"),
    ({"Filters": [{"Name": "state"}]}, "InvalidParameterValue"),
    ({"Filters": [{"Name": "state", "Values": ["x"] * 201}]}, "FilterLimitExceeded"),
    ({"MaxResults": 4}, "InvalidParameterValue"),
    ({"MaxResults": 1001}, "InvalidParameterValue"),
    ({"NextToken": "x"}, "InvalidNextToken"),
    ({"DryRun": True}, "DryRunOperation"),
]


@pytest.mark.parametrize(("params", "code"), WRONG, ids=[f"{next(iter(p))}-{c}" for p, c in WRONG])
def test_parameters_are_checked(ec2: Any, params: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        ec2.describe_snapshots(**params)
    assert error.value.response["Error"]["Code"] == code


def test_all_answer_a_good_filter(ec2: Any) -> None:
    good = [{"Name": "tag:Owner", "Values": ["x"]}]
    assert ask(ec2, "DescribeVpnGateways", Filters=good) == {"VpnGateways": []}


def test_no_feed_of_spot_data(ec2: Any) -> None:
    assert refusal(ec2, "DescribeSpotDatafeedSubscription")[0] == "InvalidSpotDatafeed.NotFound"


SETTINGS: dict[str, dict[str, Any]] = {
    "GetAllowedImagesSettings": {"State": "disabled"},
    "GetEbsDefaultKmsKeyId": {"KmsKeyId": "alias/aws/ebs"},
    "GetEbsEncryptionByDefault": {"EbsEncryptionByDefault": False},
    "GetImageBlockPublicAccessState": {"ImageBlockPublicAccessState": "unblocked"},
    "GetSerialConsoleAccessStatus": {"SerialConsoleAccessEnabled": False},
    "GetSnapshotBlockPublicAccessState": {"State": "unblocked"},
}


@pytest.mark.parametrize("action", SETTINGS)
def test_a_setting_that_nobody_can_turn_on_is_off(ec2: Any, action: str) -> None:
    answer = ask(ec2, action)
    assert answer == SETTINGS[action] | answer
    with pytest.raises(ClientError) as error:
        ec2.enable_ebs_encryption_by_default()
    assert error.value.response["Error"]["Code"] == "UnsupportedOperation"


def test_what_would_make_one_is_refused(ec2: Any) -> None:
    for make in ("CreateVpnGateway", "CreateTransitGateway", "CreateFlowLogs", "RequestSpotInstances"):
        with pytest.raises(ClientError) as error:
            getattr(ec2, xform_name(make))()
        assert error.value.response["Error"]["Code"] == "UnsupportedOperation"


def test_a_vpc_is_looked_up_as_cdk_does_it(ec2: Any) -> None:
    """`Vpc.fromLookup`: the VPC, its subnets and route tables, and the VPN gateway that may be attached."""
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
    here = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    assert len(ec2.describe_subnets(Filters=here)["Subnets"]) == 6
    assert ec2.describe_route_tables(Filters=here)["RouteTables"]
    gateways = ec2.describe_vpn_gateways(
        Filters=[
            {"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]},
            {"Name": "attachment.state", "Values": ["attached"]},
            {"Name": "state", "Values": ["available"]},
        ]
    )
    assert gateways["VpnGateways"] == []


CLEANED = """
    DescribeVpnConnections DescribeVpnGateways DescribeCustomerGateways DescribeTransitGateways
    DescribeTransitGatewayAttachments DescribeTransitGatewayRouteTables DescribeTransitGatewayVpcAttachments
    DescribeClientVpnEndpoints DescribeSnapshots DescribeSpotInstanceRequests DescribeSpotFleetRequests
    DescribeFlowLogs DescribeReservedInstances DescribeCapacityReservations DescribeCarrierGateways
    DescribeNetworkInsightsPaths DescribeNetworkInsightsAnalyses DescribeInstanceConnectEndpoints
    DescribeVpcEndpointServiceConfigurations DescribeTrafficMirrorSessions DescribeIpams DescribeIpamPools
    DescribeVerifiedAccessInstances DescribeExportTasks DescribeBundleTasks DescribeConversionTasks
    DescribeFpgaImages DescribeHostReservations DescribeMovingAddresses DescribeNetworkInterfacePermissions
    """.split()


def test_what_cleaners_and_inventories_list(ec2: Any) -> None:
    found = {action: ask(ec2, action) for action in CLEANED}
    assert not {action: answer for action, answer in found.items() if any(answer.values())}


def test_status_tells_what_is_absent(server: Served) -> None:
    with urlopen(f"{server.url}/_elastinet/status", timeout=30) as reply:
        told = json.decode(reply.read())
    assert "DescribeVpnGateways" in told["operations"]["absent"]
    assert "CreateVpnGateway" not in told["operations"]["absent"]
    (feature,) = [one for one in told["features"] if one["feature"].startswith("VPN, transit gateways")]
    assert feature["level"] == "absent"
