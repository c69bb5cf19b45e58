import pytest

from elastinet.engine import Engine
from elastinet.store import MemoryJournal
from place import interface, launch, make_place
from refused import refused

SOON = {"Delay": 1, "MaxAttempts": 20}


@pytest.fixture
def place(ec2):
    return make_place(ec2)


@pytest.fixture
def allocation(ec2):
    return ec2.allocate_address(Domain="vpc")["AllocationId"]


@pytest.fixture
def nat(ec2, place, allocation):
    return make(ec2, SubnetId=place.subnet, AllocationId=allocation)


def make(ec2, **given):
    id = ec2.create_nat_gateway(**given)["NatGateway"]["NatGatewayId"]
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[id], WaiterConfig=SOON)
    return id


def remove(ec2, id):
    ec2.delete_nat_gateway(NatGatewayId=id)
    ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[id], WaiterConfig=SOON)


def shown(ec2, id):
    (found,) = ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"]
    return found


def routes(ec2, table):
    (found,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return {r["DestinationCidrBlock"]: r for r in found["Routes"]}


def address_of(ec2, id):
    (address,) = shown(ec2, id)["NatGatewayAddresses"]
    return address


def test_public(ec2, place, allocation):
    spec = [{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": "out"}]}]
    given = {"SubnetId": place.subnet, "AllocationId": allocation, "TagSpecifications": spec}
    made = ec2.create_nat_gateway(**given, PrivateIpAddress="10.0.1.77")["NatGateway"]
    assert (made["State"], made["VpcId"], made["SubnetId"]) == ("pending", place.vpc, place.subnet)
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[made["NatGatewayId"]], WaiterConfig=SOON)
    found = shown(ec2, made["NatGatewayId"])
    (address,) = found["NatGatewayAddresses"]
    (elastic,) = ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
    assert (found["State"], found["ConnectivityType"], found["Tags"]) == (
        "available",
        "public",
        spec[0]["Tags"],
    )
    assert address["PrivateIp"] == elastic["PrivateIpAddress"] == "10.0.1.77"
    for name in ("PublicIp", "AllocationId", "AssociationId", "NetworkInterfaceId"):
        assert address[name] == elastic[name]
    assert "InstanceId" not in elastic
    for name, value in (("state", "available"), ("subnet-id", place.subnet), ("vpc-id", place.vpc)):
        asked = [{"Name": name, "Values": [value]}]
        assert ec2.describe_nat_gateways(Filter=asked)["NatGateways"] == [found]


def test_private(ec2, place):
    id = make(ec2, SubnetId=place.subnet, ConnectivityType="private")
    address = address_of(ec2, id)
    assert address["PrivateIp"].startswith("10.0.1.")
    assert "PublicIp" not in address


def test_its_interface_is_the_services(ec2, place, nat, allocation):
    address = address_of(ec2, nat)
    own = interface(ec2, address["NetworkInterfaceId"])
    assert (own["InterfaceType"], own["RequesterManaged"], own["Status"]) == ("natGateway", True, "in-use")
    assert (own["SourceDestCheck"], own["Groups"]) == (False, [])
    assert "InstanceId" not in own["Attachment"]
    assert own["Association"]["PublicIp"] == address["PublicIp"]
    id = own["NetworkInterfaceId"]
    with refused("AuthFailure", "You do not have permission to access the specified resource."):
        ec2.detach_network_interface(AttachmentId=own["Attachment"]["AttachmentId"])
    with refused("AuthFailure"):
        ec2.delete_network_interface(NetworkInterfaceId=id)
    with refused("AuthFailure"):
        ec2.modify_network_interface_attribute(NetworkInterfaceId=id, Groups=[place.group])
    with refused("AuthFailure"):
        ec2.assign_private_ip_addresses(NetworkInterfaceId=id, SecondaryPrivateIpAddressCount=1)
    with refused("AuthFailure"):
        ec2.unassign_private_ip_addresses(NetworkInterfaceId=id, PrivateIpAddresses=[address["PrivateIp"]])
    with refused("AuthFailure"):
        ec2.disassociate_address(AssociationId=address["AssociationId"])
    with refused("InvalidIPAddress.InUse"):
        ec2.release_address(AllocationId=allocation)
    other = ec2.allocate_address(Domain="vpc")["AllocationId"]
    with refused("AuthFailure"):
        ec2.associate_address(AllocationId=other, NetworkInterfaceId=id)
    (instance,) = launch(ec2, place)
    with refused("AuthFailure"):
        ec2.associate_address(AllocationId=allocation, InstanceId=instance["InstanceId"])
    with refused("AuthFailure"):
        ec2.attach_network_interface(NetworkInterfaceId=id, InstanceId=instance["InstanceId"], DeviceIndex=1)


def test_routes_to_it_become_blackholes(ec2, place, nat):
    table = ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    route = routes(ec2, table)["0.0.0.0/0"]
    assert (route["NatGatewayId"], route["State"]) == (nat, "active")
    asked = [{"Name": "route.nat-gateway-id", "Values": [nat]}]
    assert len(ec2.describe_route_tables(Filters=asked)["RouteTables"]) == 1
    remove(ec2, nat)
    assert routes(ec2, table)["0.0.0.0/0"]["State"] == "blackhole"
    with refused("InvalidNatGatewayID.NotFound", nat):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.9.0.0/16", NatGatewayId=nat)
    other = make(ec2, SubnetId=place.subnet, ConnectivityType="private")
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=other)
    assert routes(ec2, table)["0.0.0.0/0"]["State"] == "active"
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    far = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    with refused("InvalidParameterValue", "belong to different networks"):
        ec2.create_route(RouteTableId=far, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=other)


def test_delete(ec2, nat, allocation):
    address = address_of(ec2, nat)
    assert ec2.delete_nat_gateway(NatGatewayId=nat)["NatGatewayId"] == nat
    ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[nat], WaiterConfig=SOON)
    found = shown(ec2, nat)
    assert found["State"] == "deleted"
    assert found["DeleteTime"] >= found["CreateTime"]
    (elastic,) = ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
    assert "AssociationId" not in elastic
    with refused("InvalidNetworkInterfaceID.NotFound"):
        interface(ec2, address["NetworkInterfaceId"])
    ec2.release_address(AllocationId=allocation)
    assert ec2.delete_nat_gateway(NatGatewayId=nat)["NatGatewayId"] == nat


def test_it_is_forgotten_after_an_hour():
    now = [1.8e9]
    engine = Engine(MemoryJournal(), clock=lambda: now[0])

    def call(action, **params):
        return engine.call("111111111111", "us-east-1", action, params)

    subnet = call("DescribeSubnets")["Subnets"][0]["SubnetId"]
    (first, *_) = call("DescribeInternetGateways")["InternetGateways"]
    gateway = {"InternetGatewayId": first["InternetGatewayId"], "VpcId": first["Attachments"][0]["VpcId"]}
    call("DetachInternetGateway", **gateway)
    call("CreateNatGateway", SubnetId=subnet, AllocationId=call("AllocateAddress")["AllocationId"])
    (made,) = call("DescribeNatGateways")["NatGateways"]
    assert made["FailureCode"] == "Gateway.NotAttached"
    for minutes, count in ((59, 1), (2, 0)):
        now[0] += 60 * minutes
        engine.sweep()
        assert len(call("DescribeNatGateways")["NatGateways"]) == count


def test_the_subnet_and_the_gateway_stay_while_it_is_there(ec2, place, nat):
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=place.subnet)
    with refused("DependencyViolation", "mapped public address"):
        ec2.detach_internet_gateway(InternetGatewayId=place.gateway, VpcId=place.vpc)
    remove(ec2, nat)
    ec2.detach_internet_gateway(InternetGatewayId=place.gateway, VpcId=place.vpc)
    ec2.delete_subnet(SubnetId=place.subnet)


def fails(ec2, code, *parts, **given):
    made = ec2.create_nat_gateway(**given)["NatGateway"]
    assert made["State"] == "pending"
    assert "FailureCode" not in made
    found = shown(ec2, made["NatGatewayId"])
    assert (found["State"], found["FailureCode"]) == ("failed", code)
    for part in parts:
        assert part in found["FailureMessage"]
    return made["NatGatewayId"]


def test_what_is_found_out_later(ec2, place, allocation, nat):
    fails(ec2, "Resource.AlreadyAssociated", allocation, SubnetId=place.subnet, AllocationId=allocation)
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    lonely = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/28")["Subnet"]["SubnetId"]
    idle = ec2.allocate_address(Domain="vpc")["AllocationId"]
    fails(ec2, "Gateway.NotAttached", vpc, SubnetId=lonely, AllocationId=idle)
    ec2.create_network_interface(SubnetId=lonely, SecondaryPrivateIpAddressCount=10)
    id = fails(ec2, "InsufficientFreeAddressesInSubnet", SubnetId=lonely, ConnectivityType="private")
    ec2.delete_nat_gateway(NatGatewayId=id)
    assert shown(ec2, id)["State"] == "deleted"
    ec2.associate_address(AllocationId=idle, NetworkInterfaceId=free_interface(ec2, place))


def free_interface(ec2, place):
    return ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]


def test_what_is_refused_at_once(ec2, place, allocation):
    ask = ec2.create_nat_gateway
    with refused("MissingParameter", "subnetId"):
        ask(AllocationId=allocation)
    with refused("MissingParameter", "allocationId"):
        ask(SubnetId=place.subnet)
    with refused("InvalidParameterCombination"):
        ask(SubnetId=place.subnet, AllocationId=allocation, ConnectivityType="private")
    with refused("InvalidParameterValue", "connectivityType"):
        ask(SubnetId=place.subnet, ConnectivityType="secret")
    with refused("InvalidElasticIpID.Malformed"):
        ask(SubnetId=place.subnet, AllocationId="x")
    with refused("InvalidSubnetID.NotFound"):
        ask(SubnetId="subnet-00000000000000000", AllocationId=allocation)
    with refused("InvalidParameterValue", "Address does not fall within the subnet's address range"):
        ask(SubnetId=place.subnet, AllocationId=allocation, PrivateIpAddress="10.0.2.9")
    with refused("UnsupportedOperation", "SecondaryAllocationIds"):
        ask(SubnetId=place.subnet, AllocationId=allocation, SecondaryAllocationIds=[allocation])
    with refused("UnsupportedOperation", "regional"):
        ask(SubnetId=place.subnet, AllocationId=allocation, AvailabilityMode="regional")
    assert ec2.describe_nat_gateways()["NatGateways"] == []
    for asked in (ec2.delete_nat_gateway, lambda NatGatewayId: shown(ec2, NatGatewayId)):
        with refused("NatGatewayNotFound", "NAT gateway nat-00000000000000000 was not found"):
            asked(NatGatewayId="nat-00000000000000000")
        with refused("NatGatewayMalformed"):
            asked(NatGatewayId="nat")


def test_a_token_makes_one(ec2, place):
    given = {"SubnetId": place.subnet, "ConnectivityType": "private", "ClientToken": "t"}
    ids = {ec2.create_nat_gateway(**given)["NatGateway"]["NatGatewayId"] for _ in range(2)}
    assert len(ids) == 1
    with refused("IdempotentParameterMismatch"):
        ec2.create_nat_gateway(**given | {"SubnetId": place.other})


def test_five_a_zone(ec2, place):
    made = [make(ec2, SubnetId=place.subnet, ConnectivityType="private") for _ in range(5)]
    with refused("NatGatewayLimitExceeded", "exceed the limit of 5 NAT gateways"):
        ec2.create_nat_gateway(SubnetId=place.subnet, ConnectivityType="private")
    make(ec2, SubnetId=place.other, ConnectivityType="private")
    remove(ec2, made[0])
    make(ec2, SubnetId=place.subnet, ConnectivityType="private")
