"""Route tables of internet gateways."""

import pytest

from place import launch, make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


@pytest.fixture
def table(ec2, place):
    return ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]


def associations(ec2, table):
    (found,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return found["Associations"]


def test_a_gateway_goes_by_one_table(ec2, place, table):
    made = ec2.associate_route_table(RouteTableId=table, GatewayId=place.gateway)
    again = ec2.associate_route_table(RouteTableId=table, GatewayId=place.gateway)
    assert again["AssociationId"] == made["AssociationId"]
    (shown,) = associations(ec2, table)
    assert (shown["GatewayId"], shown["Main"]) == (place.gateway, False)
    asked = [{"Name": "association.gateway-id", "Values": [place.gateway]}]
    (found,) = ec2.describe_route_tables(Filters=asked)["RouteTables"]
    assert found["RouteTableId"] == table
    other = ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    with refused("Resource.AlreadyAssociated"):
        ec2.associate_route_table(RouteTableId=other, GatewayId=place.gateway)
    with refused("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=table)
    moved = ec2.replace_route_table_association(AssociationId=made["AssociationId"], RouteTableId=other)
    assert associations(ec2, table) == []
    ec2.disassociate_route_table(AssociationId=moved["NewAssociationId"])
    assert associations(ec2, other) == []


def test_tables_that_do_not_fit(ec2, place, table):
    far = make_place(ec2)
    with refused("InvalidParameterValue", "belong to different networks"):
        ec2.associate_route_table(RouteTableId=table, GatewayId=far.gateway)
    asked = [{"Name": "vpc-id", "Values": [place.vpc]}, {"Name": "association.main", "Values": ["true"]}]
    (main,) = ec2.describe_route_tables(Filters=asked)["RouteTables"]
    with refused("InvalidParameterValue", "main route table"):
        ec2.associate_route_table(RouteTableId=main["RouteTableId"], GatewayId=place.gateway)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=place.gateway)
    with refused("InvalidParameterValue", "must lie in the CIDR blocks of the VPC"):
        ec2.associate_route_table(RouteTableId=table, GatewayId=place.gateway)
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    ec2.associate_route_table(RouteTableId=table, GatewayId=place.gateway)
    with refused("InvalidParameterValue", "cannot be the main route table"):
        attachment = main["Associations"][0]["RouteTableAssociationId"]
        ec2.replace_route_table_association(AssociationId=attachment, RouteTableId=table)
    assert len(associations(ec2, table)) == 1


def test_its_routes_stay_inside_and_lead_to_interfaces(ec2, place, table):
    ec2.associate_route_table(RouteTableId=table, GatewayId=place.gateway)
    (instance,) = launch(ec2, place)
    eni = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    block = "10.0.2.0/24"
    with refused("InvalidParameterValue", "must lie in the CIDR blocks of the VPC"):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/8", NetworkInterfaceId=eni)
    nat = ec2.create_nat_gateway(SubnetId=place.subnet, ConnectivityType="private")["NatGateway"][
        "NatGatewayId"
    ]
    with refused("InvalidParameterValue", "is not supported"):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, NatGatewayId=nat)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, NetworkInterfaceId=eni)


def test_a_gateway_that_leaves_goes_by_none(ec2, place, table):
    ec2.associate_route_table(RouteTableId=table, GatewayId=place.gateway)
    ec2.detach_internet_gateway(InternetGatewayId=place.gateway, VpcId=place.vpc)
    assert associations(ec2, table) == []
    ec2.delete_route_table(RouteTableId=table)
