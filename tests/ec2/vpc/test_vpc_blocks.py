from refused import refused


def add(ec2, vpc, cidr):
    return ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=cidr)["CidrBlockAssociation"]


def blocks(ec2, vpc, state="associated"):
    (found,) = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    shown = (one for one in found["CidrBlockAssociationSet"] if one["CidrBlockState"]["State"] == state)
    return {one["CidrBlock"]: one["AssociationId"] for one in shown}


def local_routes(ec2, vpc):
    asked = [{"Name": "vpc-id", "Values": [vpc]}]
    tables = ec2.describe_route_tables(Filters=asked)["RouteTables"]
    return [{r["DestinationCidrBlock"] for r in t["Routes"] if r.get("GatewayId") == "local"} for t in tables]


def test_another_block(ec2, vpc):
    ec2.create_route_table(VpcId=vpc)
    made = add(ec2, vpc, "100.64.0.0/16")
    assert made["CidrBlockState"]["State"] == "associating"
    assert blocks(ec2, vpc)["100.64.0.0/16"] == made["AssociationId"]
    assert local_routes(ec2, vpc) == [{"10.0.0.0/16", "100.64.0.0/16"}] * 2
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="100.64.1.0/24")["Subnet"]["SubnetId"]
    with refused("InvalidCidrBlock.InUse", "100.64.0.0/16"):
        ec2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])
    ec2.delete_subnet(SubnetId=subnet)
    gone = ec2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])["CidrBlockAssociation"]
    assert (gone["CidrBlock"], gone["CidrBlockState"]["State"]) == ("100.64.0.0/16", "disassociating")
    assert list(blocks(ec2, vpc)) == ["10.0.0.0/16"]
    assert blocks(ec2, vpc, "disassociated") == {"100.64.0.0/16": made["AssociationId"]}
    assert local_routes(ec2, vpc) == [{"10.0.0.0/16"}] * 2
    with refused("InvalidVpcCidrBlockAssociationID.NotFound"):
        ec2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])


def test_the_first_one_stays(ec2, vpc):
    with refused("OperationNotPermitted", "primary IPv4 CIDR block"):
        ec2.disassociate_vpc_cidr_block(AssociationId=blocks(ec2, vpc)["10.0.0.0/16"])


def test_what_cannot_be(ec2, vpc):
    for cidr in ("192.168.0.0/16", "172.20.0.0/16"):
        with refused("InvalidVpc.Range", f"The CIDR '{cidr}' is restricted."):
            add(ec2, vpc, cidr)
    for cidr in ("10.0.0.0/15", "169.254.0.0/16", "10.5.0.0/29"):
        with refused("InvalidVpc.Range"):
            add(ec2, vpc, cidr)
    with refused("CidrConflict"):
        add(ec2, vpc, "10.0.1.0/24")
    with refused("InvalidParameterValue"):
        add(ec2, vpc, "10.5.0.0")
    with refused("MissingParameter", "cidrBlock"):
        ec2.associate_vpc_cidr_block(VpcId=vpc)
    with refused("UnsupportedOperation", "Ipv6Pool"):
        ec2.associate_vpc_cidr_block(VpcId=vpc, Ipv6Pool="ipv6pool-ec2-1")


def test_routes_and_peers_are_apart(ec2, vpc):
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.5.5.0/24", GatewayId=gateway)
    with refused("CidrConflict", table):
        add(ec2, vpc, "10.5.0.0/16")
    peer = ec2.create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]
    ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=peer)
    with refused("CidrConflict"):
        add(ec2, vpc, "10.6.0.0/24")


def test_five(ec2, vpc):
    for number in range(1, 5):
        add(ec2, vpc, f"10.{number}.0.0/16")
    with refused("CidrLimitExceeded", "maximum number of allowed CIDRs: 5"):
        add(ec2, vpc, "10.9.0.0/16")
