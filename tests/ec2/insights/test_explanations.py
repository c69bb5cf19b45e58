"""Each explanation code that elastinet gives, by what provokes it."""

from typing import Any

import pytest

from insight_place import Found, InsightPlace, cidr, codes

ALL = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@pytest.fixture
def place(ec2: Any) -> InsightPlace:
    return InsightPlace(ec2)


def only(found: Found) -> Found:
    """The one explanation."""
    assert found["NetworkPathFound"] is False
    (explanation,) = found["Explanations"]
    return dict(explanation)


def id_of(explanation: Found, member: str) -> str:
    """The id of a component of an explanation, whose ARN ends with it."""
    assert explanation[member]["Arn"].endswith("/" + explanation[member]["Id"])
    return str(explanation[member]["Id"])


def test_eni_sg_rules_mismatch(place: InsightPlace) -> None:
    found = place.ask(place.web, place.db, 22)
    why = only(found)
    assert why.keys() == {
        *("ExplanationCode", "Direction", "NetworkInterface", "SecurityGroups", "Subnet", "Vpc"),
    }
    assert (why["ExplanationCode"], why["Direction"]) == ("ENI_SG_RULES_MISMATCH", "ingress")
    assert id_of(why, "NetworkInterface") == place.db_eni
    assert [group["Id"] for group in why["SecurityGroups"]] == [place.closed]
    assert (id_of(why, "Subnet"), id_of(why, "Vpc")) == (place.private, place.vpc)
    blocked = [one for one in found["ForwardPathComponents"] if one["Explanations"]]
    assert [one["Component"]["Id"] for one in blocked] == [place.closed]
    assert blocked[0]["Explanations"] == [why]


def acl_for(place: InsightPlace, subnet: str, *, closed: str = "") -> str:
    """A list of a subnet's own, open both ways but for one direction."""
    asked = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (old,) = place.ec2.describe_network_acls(Filters=asked)["NetworkAcls"]
    made = place.ec2.create_network_acl(VpcId=place.vpc)["NetworkAcl"]["NetworkAclId"]
    (association,) = [
        one["NetworkAclAssociationId"] for one in old["Associations"] if one["SubnetId"] == subnet
    ]
    place.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=made)
    for egress in (False, True):
        place.ec2.create_network_acl_entry(
            NetworkAclId=made,
            RuleNumber=10,
            Protocol="-1",
            RuleAction="deny" if closed == ("egress" if egress else "ingress") else "allow",
            Egress=egress,
            CidrBlock="0.0.0.0/0",
        )
    return str(made)


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_subnet_acl_restriction(place: InsightPlace, direction: str) -> None:
    """The list of the destination's subnet, on the way there and on the way back."""
    acl = acl_for(place, place.private, closed=direction)
    found = place.ask(place.web, place.db, 5432)
    why = only(found)
    assert (why["ExplanationCode"], why["Direction"]) == ("SUBNET_ACL_RESTRICTION", direction)
    assert (id_of(why, "Acl"), id_of(why, "Subnet"), id_of(why, "Vpc")) == (acl, place.private, place.vpc)
    way = "ForwardPathComponents" if direction == "ingress" else "ReturnPathComponents"
    assert [one["Component"]["Id"] for one in found[way] if one["Explanations"]] == [acl]


def test_all_of_one_path_at_once(ec2: Any, place: InsightPlace) -> None:
    far = InsightPlace(ec2, 1)
    place.peer(far)
    ec2.revoke_security_group_egress(GroupId=place.closed, IpPermissions=[ALL])
    acl_for(place, place.private, closed="egress")
    acl_for(far, far.private, closed="ingress")
    found = place.ask(place.db, far.db, 80)
    assert codes(found) == [
        "ENI_SG_RULES_MISMATCH",
        "SUBNET_ACL_RESTRICTION",
        "SUBNET_ACL_RESTRICTION",
        "ENI_SG_RULES_MISMATCH",
    ]
    assert [one["Direction"] for one in found["Explanations"]] == ["egress", "egress", "ingress", "ingress"]


def test_no_route_to_destination(ec2: Any, place: InsightPlace) -> None:
    """Asked from the gateway: the way of the answer counts."""
    ec2.delete_route(RouteTableId=place.table, DestinationCidrBlock="0.0.0.0/0")
    why = only(place.ask(place.gateway, place.web, 80))
    assert why.keys() == {"ExplanationCode", "Destination", "RouteTable", "Vpc"}
    assert why["ExplanationCode"] == "NO_ROUTE_TO_DESTINATION"
    assert (id_of(why, "Destination"), id_of(why, "RouteTable")) == (place.gateway, place.table)


def test_no_route_over_a_peering_connection(ec2: Any, place: InsightPlace) -> None:
    far = InsightPlace(ec2, 1)
    peering = place.peer(far, routed=False)
    far.allow(far.closed, ALL)
    found = place.ask(place.db, far.db, 80, Protocol="udp")
    why = only(found)
    assert why["ExplanationCode"] == "NO_ROUTE_TO_DESTINATION"
    assert (id_of(why, "Destination"), id_of(why, "RouteTable")) == (peering, place.own)


def peered(ec2: Any, place: InsightPlace) -> tuple[InsightPlace, str]:
    far = InsightPlace(ec2, 1)
    far.allow(far.closed, ALL)
    return far, place.peer(far, routed=False)


def test_cannot_route(ec2: Any, place: InsightPlace) -> None:
    far, peering = peered(ec2, place)
    block = {"DestinationCidrBlock": "10.1.1.0/24", "VpcPeeringConnectionId": peering}
    ec2.create_route(RouteTableId=place.own, **block)
    why = only(place.ask(place.db, far.db, 80, Protocol="udp"))
    assert why["ExplanationCode"] == "CANNOT_ROUTE"
    assert why["RouteTableRoute"] == {
        "DestinationCidr": "10.1.1.0/24",
        "Origin": "createroute",
        "State": "active",
        "VpcPeeringConnectionId": peering,
    }
    assert id_of(why, "Destination") == peering


def test_more_specific_route(ec2: Any, place: InsightPlace) -> None:
    far, peering = peered(ec2, place)
    ec2.create_route(
        RouteTableId=place.own, DestinationCidrBlock="10.1.0.0/16", VpcPeeringConnectionId=peering
    )
    ec2.create_route(RouteTableId=place.own, DestinationCidrBlock="10.1.2.0/24", GatewayId=place.gateway)
    why = only(place.ask(place.db, far.db, 80, Protocol="udp"))
    assert why["ExplanationCode"] == "MORE_SPECIFIC_ROUTE"
    assert why["RouteTableRoute"]["DestinationCidr"] == "10.1.0.0/16"


def test_higher_priority_route(ec2: Any, place: InsightPlace) -> None:
    """A route of its own comes before the same block in a prefix list."""
    far, peering = peered(ec2, place)
    listed = ec2.create_managed_prefix_list(
        PrefixListName="far",
        AddressFamily="IPv4",
        MaxEntries=1,
        Entries=[{"Cidr": "10.1.0.0/16"}],
    )["PrefixList"]["PrefixListId"]
    ec2.create_route(RouteTableId=place.own, DestinationPrefixListId=listed, VpcPeeringConnectionId=peering)
    ec2.create_route(RouteTableId=place.own, DestinationCidrBlock="10.1.0.0/16", GatewayId=place.gateway)
    why = only(place.ask(place.db, far.db, 80, Protocol="udp"))
    assert why["ExplanationCode"] == "HIGHER_PRIORITY_ROUTE"
    assert why["RouteTableRoute"]["DestinationPrefixListId"] == listed


def test_bad_state_of_an_instance(ec2: Any, place: InsightPlace) -> None:
    ec2.stop_instances(InstanceIds=[place.db])
    why = only(place.ask(place.web, place.db, 5432))
    assert (why["ExplanationCode"], why["State"]) == ("BAD_STATE", "stopped")
    assert id_of(why, "Component") == place.db


def test_bad_state_of_a_peering_connection(ec2: Any, place: InsightPlace) -> None:
    far = InsightPlace(ec2, 1)
    asked = ec2.create_vpc_peering_connection(VpcId=place.vpc, PeerVpcId=far.vpc)
    peering = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    path = place.path(place.db, peering)
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    why = only(place.analyse(path))
    assert (why["ExplanationCode"], why["State"]) == ("BAD_STATE", "deleted")
    assert id_of(why, "Component") == peering


def test_bad_state_attachment_of_an_interface(ec2: Any, place: InsightPlace) -> None:
    made = ec2.create_network_interface(SubnetId=place.private, Groups=[place.closed])
    detached = made["NetworkInterface"]["NetworkInterfaceId"]
    why = only(place.ask(place.web, detached, 5432))
    assert why["ExplanationCode"] == "BAD_STATE_ATTACHMENT"
    assert id_of(why, "Component") == detached


def test_bad_state_attachment_of_a_gateway(ec2: Any, place: InsightPlace) -> None:
    other = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    why = only(place.ask(place.web, other, 80))
    assert why["ExplanationCode"] == "BAD_STATE_ATTACHMENT"
    assert id_of(why, "Component") == other


def test_bad_state_route(ec2: Any, place: InsightPlace) -> None:
    """The route over a peering connection that is no more, and the connection itself."""
    far = InsightPlace(ec2, 1)
    far.allow(far.closed, ALL)
    peering = place.peer(far)
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    found = place.ask(place.db, far.db, 80, Protocol="udp")
    assert codes(found) == ["BAD_STATE_ROUTE", "BAD_STATE"]
    why, state = found["Explanations"]
    assert (id_of(why, "RouteTable"), why["RouteTableRoute"]["State"]) == (place.own, "blackhole")
    assert (id_of(state, "Component"), state["State"]) == (peering, "deleted")


def unchecked(ec2: Any, eni: str) -> None:
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck={"Value": False})


def test_eni_source_dest_check_restriction(ec2: Any, place: InsightPlace) -> None:
    place.allow(place.closed, cidr("udp", 53, "10.0.1.0/24"))
    path = place.path(place.web, place.db, 53, Protocol="udp", SourceIp="10.0.1.250")
    why = only(place.analyse(path))
    assert why["ExplanationCode"] == "ENI_SOURCE_DEST_CHECK_RESTRICTION"
    assert (id_of(why, "NetworkInterface"), why["PacketField"]) == (place.web_eni, "source-address")
    (interface,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[place.web_eni])["NetworkInterfaces"]
    assert why["Addresses"] == [interface["PrivateIpAddress"]]
    unchecked(ec2, place.web_eni)
    assert place.analyse(path)["NetworkPathFound"] is True


def test_addresses_of_nobody(ec2: Any, place: InsightPlace) -> None:
    """What is forwarded for others passes neither a NAT gateway nor a peering connection."""
    far, peering = peered(ec2, place)
    nat = place.nat()
    block = f"10.{far.number}.0.0/16"
    ec2.create_route(RouteTableId=place.own, DestinationCidrBlock=block, VpcPeeringConnectionId=peering)
    unchecked(ec2, place.db_eni)
    asked = {"Protocol": "udp", "SourceIp": "192.168.9.9"}
    why = only(place.ask(place.db, place.gateway, 443, **asked))
    assert (why["ExplanationCode"], id_of(why, "NatGateway")) == ("NGW_REQUIRES_SOURCE_IN_VPC", nat)
    why = only(place.ask(place.db, far.db, 443, **asked))
    assert why["ExplanationCode"] == "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"
    assert id_of(why, "VpcPeeringConnection") == peering


def test_public_addresses(ec2: Any, place: InsightPlace) -> None:
    """An interface without a public address, whose subnet's table leads out."""
    _, eni = place.instance(place.public, place.open)
    out, back = place.ask(eni, place.gateway, 80), place.ask(place.gateway, eni, 80)
    assert codes(out) == ["IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]
    assert codes(back)[0] == "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"
    for why in (out["Explanations"][0], back["Explanations"][0]):
        assert (id_of(why, "InternetGateway"), id_of(why, "Vpc")) == (place.gateway, place.vpc)


def test_igw_nat_reflection(ec2: Any, place: InsightPlace) -> None:
    far = InsightPlace(ec2, 1)
    found = place.ask(place.web, far.web, 80, Protocol="udp")
    assert found["NetworkPathFound"] is False
    far.allow(far.open, cidr("udp", 80))
    why = only(place.ask(place.web, far.web, 80, Protocol="udp"))
    assert why["ExplanationCode"] == "IGW_NAT_REFLECTION"
    assert id_of(why, "InternetGateway") == place.gateway


def test_igw_expects_public_address(place: InsightPlace) -> None:
    why = only(place.ask(place.gateway, place.web, 80, SourceIp="10.0.0.1"))
    assert (why["ExplanationCode"], why["Address"]) == ("IGW_EXPECTS_PUBLIC_ADDRESS", "10.0.0.1")
    assert id_of(why, "InternetGateway") == place.gateway


def test_disconnected_vpcs(ec2: Any, place: InsightPlace) -> None:
    far = InsightPlace(ec2, 1)
    why = only(place.ask(place.db, far.db, 80))
    assert why["ExplanationCode"] == "DISCONNECTED_VPCS"
    assert (id_of(why, "SourceVpc"), id_of(why, "DestinationVpc")) == (place.vpc, far.vpc)
    assert codes(place.ask(place.db, far.gateway, 80)) == ["DISCONNECTED_VPCS"]


def test_no_possible_destination(ec2: Any, place: InsightPlace) -> None:
    why = only(place.ask(place.web, FilterAtSource={"DestinationAddress": "10.0.9.9"}))
    assert (why["ExplanationCode"], why["Address"]) == ("NO_POSSIBLE_DESTINATION", "10.0.9.9")
    made = ec2.create_vpc_endpoint(VpcId=place.vpc, ServiceName="com.amazonaws.us-east-1.s3")
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]
    why = only(place.ask(place.web, endpoint, 443))
    assert (why["ExplanationCode"], id_of(why, "VpcEndpoint")) == ("NO_POSSIBLE_DESTINATION", endpoint)
    assert codes(place.ask(endpoint, place.web, 443)) == ["VPCE_INTRA_VPC_TRAFFIC"]


def test_no_source_or_destination(ec2: Any, place: InsightPlace) -> None:
    eni = ec2.create_network_interface(SubnetId=place.private)["NetworkInterface"]["NetworkInterfaceId"]
    path = place.path(place.web, eni)
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    why = only(place.analyse(path))
    assert (why["ExplanationCode"], why["MissingComponent"]) == ("NO_SOURCE_OR_DESTINATION", eni)


def test_unassociated_component(ec2: Any, place: InsightPlace) -> None:
    path = place.path(place.web, place.db)
    ec2.terminate_instances(InstanceIds=[place.db])
    why = only(place.analyse(path))
    assert (why["ExplanationCode"], id_of(why, "Component")) == ("UNASSOCIATED_COMPONENT", place.db)


def test_component_filters(ec2: Any, place: InsightPlace) -> None:
    far, peering = peered(ec2, place)
    for one, other in ((place, far), (far, place)):
        block = f"10.{other.number}.0.0/16"
        ec2.create_route(RouteTableId=one.own, DestinationCidrBlock=block, VpcPeeringConnectionId=peering)
    owner = ec2.describe_vpcs()["Vpcs"][0]["OwnerId"]
    arn = f"arn:aws:ec2:us-east-1:{owner}:vpc-peering-connection/{peering}"
    assert place.ask(place.db, far.db, 80, FilterInArns=[arn])["NetworkPathFound"] is True
    why = only(place.ask(place.db, far.db, 80, FilterOutArns=[arn]))
    assert (why["ExplanationCode"], id_of(why, "Component")) == (
        "COMPONENT_FILTER_REMOVED_COMPONENT",
        peering,
    )
    why = only(place.ask(place.web, place.db, 5432, FilterInArns=[arn]))
    assert (why["ExplanationCode"], id_of(why, "Component")) == ("COMPONENT_FILTER_RESTRICTION", peering)


def test_filters_that_leave_no_packet(place: InsightPlace) -> None:
    ports = {"FromPort": 1, "ToPort": 2}
    for end, members in (
        ("SOURCE", {"DestinationAddress": "10.0.2.250"}),
        ("DESTINATION", {"SourceAddress": "10.0.2.250"}),
        ("DESTINATION", {"DestinationAddress": "10.0.2.250"}),
    ):
        (member,) = members
        name = "DESTINATION_ADDRESS" if member.startswith("Dest") else "SOURCE_ADDRESS"
        why = only(place.ask(place.web, place.db, **{f"FilterAt{end.capitalize()}": members}))
        assert why["ExplanationCode"] == f"FILTER_AT_{end}_{name}"
    at_source = {"DestinationPortRange": {"FromPort": 5432, "ToPort": 5432}}
    found = place.ask(
        place.web, place.db, FilterAtSource=at_source, FilterAtDestination={"DestinationPortRange": ports}
    )
    assert only(found)["ExplanationCode"] == "FILTER_AT_DESTINATION_DESTINATION_PORT_RANGE"
    at_source = {"SourcePortRange": {"FromPort": 5, "ToPort": 6}}
    found = place.ask(
        place.web, place.db, FilterAtSource=at_source, FilterAtDestination={"SourcePortRange": ports}
    )
    assert only(found)["ExplanationCode"] == "FILTER_AT_DESTINATION_SOURCE_PORT_RANGE"


def test_no_path(ec2: Any, place: InsightPlace) -> None:
    """An internet gateway is an end, and never between two others."""
    other = InsightPlace(ec2, 1)
    assert codes(place.ask(place.gateway, other.gateway, 80)) == ["NO_PATH"]


def test_unsupported_component(ec2: Any, place: InsightPlace) -> None:
    """Nothing begins or ends at a NAT gateway's interface."""
    asked = [{"Name": "nat-gateway-id", "Values": [place.nat()]}]
    (nat,) = ec2.describe_nat_gateways(Filters=asked)["NatGateways"]
    eni = nat["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    why = only(place.ask(place.db, eni, 80))
    assert (why["ExplanationCode"], id_of(why, "Component")) == ("UNSUPPORTED_COMPONENT", eni)
