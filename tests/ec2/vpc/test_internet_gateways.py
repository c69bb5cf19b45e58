import pytest

from refused import refused


@pytest.fixture
def gateway(ec2):
    return ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]


def shown(ec2, gateway):
    return ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]


def test_create(ec2):
    tags = [{"Key": "Name", "Value": "door"}]
    spec = [{"ResourceType": "internet-gateway", "Tags": tags}]
    made = ec2.create_internet_gateway(TagSpecifications=spec)["InternetGateway"]
    assert (made["Attachments"], made["Tags"]) == ([], tags)
    assert shown(ec2, made["InternetGatewayId"]) == made


def test_attach_and_detach(ec2, vpc, gateway):
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert shown(ec2, gateway)["Attachments"] == [{"State": "available", "VpcId": vpc}]
    asked = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    (found,) = ec2.describe_internet_gateways(Filters=asked)["InternetGateways"]
    assert found["InternetGatewayId"] == gateway
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert shown(ec2, gateway)["Attachments"] == []
    assert ec2.describe_internet_gateways(Filters=asked)["InternetGateways"] == []


def test_one_gateway_and_one_vpc(ec2, vpc, gateway):
    other_vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    other = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    for target in (vpc, other_vpc):
        with refused("Resource.AlreadyAssociated", gateway, vpc):
            ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=target)
    with refused("InvalidParameterValue", f"Network {vpc} already has an internet gateway attached"):
        ec2.attach_internet_gateway(InternetGatewayId=other, VpcId=vpc)


def test_detach_what_is_not_attached(ec2, vpc, gateway):
    with refused("Gateway.NotAttached", f"resource {gateway} is not attached to network {vpc}"):
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


def test_detach_while_an_address_is_mapped(ec2, vpc, gateway):
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    attachment = ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)["AssociationId"]
    with refused("DependencyViolation", f"Network {vpc} has some mapped public address(es)."):
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.disassociate_address(AssociationId=attachment)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


def test_delete(ec2, vpc, gateway):
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    with refused("DependencyViolation", gateway):
        ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    with refused("InvalidInternetGatewayID.NotFound", f"The internetGateway ID '{gateway}' does not exist"):
        ec2.describe_internet_gateways(InternetGatewayIds=[gateway])


def test_unknown_ids(ec2, vpc, gateway):
    with refused("InvalidInternetGatewayID.NotFound"):
        ec2.attach_internet_gateway(InternetGatewayId="igw-00000000000000000", VpcId=vpc)
    with refused("InvalidInternetGatewayId.Malformed"):
        ec2.attach_internet_gateway(InternetGatewayId="door", VpcId=vpc)
    with refused("InvalidVpcID.NotFound"):
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId="vpc-00000000000000000")


def test_five_gateways(ec2):
    for _ in range(4):
        ec2.create_internet_gateway()
    with refused("InternetGatewayLimitExceeded"):
        ec2.create_internet_gateway()
