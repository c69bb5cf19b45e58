import pytest

from refused import refused


@pytest.fixture
def main(ec2, vpc):
    asked = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    return ec2.describe_route_tables(Filters=asked)["RouteTables"][0]["RouteTableId"]


def shown(ec2, table):
    return ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]


def test_create(ec2, vpc):
    tags = [{"Key": "Name", "Value": "way"}]
    spec = [{"ResourceType": "route-table", "Tags": tags}]
    made = ec2.create_route_table(VpcId=vpc, TagSpecifications=spec)["RouteTable"]
    assert shown(ec2, made["RouteTableId"]) == made
    assert made["Routes"] == [
        {
            "DestinationCidrBlock": "10.0.0.0/16",
            "GatewayId": "local",
            "Origin": "CreateRouteTable",
            "State": "active",
        }
    ]
    assert (made["Associations"], made["Tags"]) == ([], tags)


def test_a_client_token_makes_one(ec2, vpc):
    one, other = (ec2.create_route_table(VpcId=vpc, ClientToken="t")["RouteTable"] for _ in range(2))
    assert one == other
    with refused("IdempotentParameterMismatch"):
        spec = [{"ResourceType": "route-table", "Tags": [{"Key": "a", "Value": "b"}]}]
        ec2.create_route_table(VpcId=vpc, ClientToken="t", TagSpecifications=spec)
    ec2.delete_route_table(RouteTableId=one["RouteTableId"])
    with refused("InvalidRouteTableID.NotFound", one["RouteTableId"]):
        ec2.create_route_table(VpcId=vpc, ClientToken="t")


def test_associate(ec2, table, subnet):
    made = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    assert made["AssociationState"] == {"State": "associated"}
    assert shown(ec2, table)["Associations"] == [
        {
            "RouteTableAssociationId": made["AssociationId"],
            "RouteTableId": table,
            "SubnetId": subnet,
            "Main": False,
            "AssociationState": {"State": "associated"},
        }
    ]
    again = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    assert again["AssociationId"] == made["AssociationId"]
    asked = [{"Name": "association.subnet-id", "Values": [subnet]}]
    assert [t["RouteTableId"] for t in ec2.describe_route_tables(Filters=asked)["RouteTables"]] == [table]


def test_a_subnet_has_one_table(ec2, vpc, table, subnet):
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    other = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    with refused("Resource.AlreadyAssociated", other):
        ec2.associate_route_table(RouteTableId=other, SubnetId=subnet)


def test_associate_across_vpcs(ec2, table):
    foreign = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]
    with refused("InvalidParameterValue", "belong to different networks"):
        ec2.associate_route_table(RouteTableId=table, SubnetId=foreign["SubnetId"])


def test_what_associate_refuses(ec2, table, subnet):
    with refused("MissingParameter", "subnetId"):
        ec2.associate_route_table(RouteTableId=table)
    with refused("InvalidGatewayID.NotFound"):
        ec2.associate_route_table(RouteTableId=table, GatewayId="igw-00000000000000000")
    with refused("InvalidParameterCombination"):
        ec2.associate_route_table(RouteTableId=table, GatewayId="igw-00000000000000000", SubnetId="subnet-1")
    with refused("InvalidSubnetID.NotFound"):
        ec2.associate_route_table(RouteTableId=table, SubnetId="subnet-00000000000000000")
    with refused("InvalidRouteTableID.NotFound", "The routeTable ID 'rtb-00000000000000000' does not exist"):
        ec2.associate_route_table(RouteTableId="rtb-00000000000000000", SubnetId=subnet)


def test_disassociate(ec2, table, subnet, main):
    attachment = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    ec2.disassociate_route_table(AssociationId=attachment)
    assert shown(ec2, table)["Associations"] == []
    with refused("InvalidAssociationID.NotFound"):
        ec2.disassociate_route_table(AssociationId=attachment)
    with refused("InvalidRouteTableAssociationID.Malformed"):
        ec2.disassociate_route_table(AssociationId="x")
    (of_main,) = shown(ec2, main)["Associations"]
    with refused("InvalidParameterValue"):
        ec2.disassociate_route_table(AssociationId=of_main["RouteTableAssociationId"])


def test_replace_a_subnets_table(ec2, vpc, table, subnet):
    attachment = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    other = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    new = ec2.replace_route_table_association(AssociationId=attachment, RouteTableId=other)[
        "NewAssociationId"
    ]
    assert new != attachment
    assert shown(ec2, table)["Associations"] == []
    (association,) = shown(ec2, other)["Associations"]
    assert (association["RouteTableAssociationId"], association["SubnetId"]) == (new, subnet)


def test_replace_the_main_table(ec2, vpc, table, main):
    (old,) = shown(ec2, main)["Associations"]
    with refused("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=main)
    ec2.replace_route_table_association(AssociationId=old["RouteTableAssociationId"], RouteTableId=table)
    assert [a["Main"] for a in shown(ec2, table)["Associations"]] == [True]
    with refused("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=table)
    ec2.delete_route_table(RouteTableId=main)
    ec2.delete_vpc(VpcId=vpc)


def test_replace_with_the_same_or_a_foreign_table(ec2, table, subnet):
    attachment = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    ec2.replace_route_table_association(AssociationId=attachment, RouteTableId=table)
    (association,) = shown(ec2, table)["Associations"]
    tables = ec2.describe_route_tables()["RouteTables"]
    foreign = next(t for t in tables if t["Routes"][0]["DestinationCidrBlock"] == "172.31.0.0/16")
    with refused("InvalidParameterValue", "belong to different networks"):
        ec2.replace_route_table_association(
            AssociationId=association["RouteTableAssociationId"], RouteTableId=foreign["RouteTableId"]
        )


def test_delete(ec2, table, subnet):
    attachment = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    with refused("DependencyViolation", f"The routeTable '{table}' has dependencies and cannot be deleted."):
        ec2.delete_route_table(RouteTableId=table)
    ec2.disassociate_route_table(AssociationId=attachment)
    ec2.delete_route_table(RouteTableId=table)
    with refused("InvalidRouteTableID.NotFound"):
        ec2.describe_route_tables(RouteTableIds=[table])
