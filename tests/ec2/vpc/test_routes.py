import pytest

from refused import refused

ANYWHERE = "0.0.0.0/0"


@pytest.fixture
def gateway(ec2, vpc):
    made = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc)
    return made


@pytest.fixture
def interface(ec2, subnet):
    return ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]


@pytest.fixture
def instance(ec2, subnet):
    asked = [{"Name": "name", "Values": ["al2023-*-x86_64"]}]
    image = ec2.describe_images(Filters=asked)["Images"][0]["ImageId"]
    launched = ec2.run_instances(
        ImageId=image, InstanceType="t3.micro", SubnetId=subnet, MinCount=1, MaxCount=1
    )
    return launched["Instances"][0]


def route(ec2, table, destination=ANYWHERE):
    routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return next((r for r in routes if r["DestinationCidrBlock"] == destination), None)


def test_to_an_internet_gateway(ec2, table, gateway):
    made = ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
    assert made["Return"]
    assert route(ec2, table) == {
        "DestinationCidrBlock": ANYWHERE,
        "GatewayId": gateway,
        "Origin": "CreateRoute",
        "State": "active",
    }
    for name, value in (("route.gateway-id", gateway), ("route.destination-cidr-block", ANYWHERE)):
        asked = [{"Name": name, "Values": [value]}, {"Name": "route-table-id", "Values": [table]}]
        assert len(ec2.describe_route_tables(Filters=asked)["RouteTables"]) == 1


def test_a_detached_gateway_is_a_blackhole(ec2, vpc, table, gateway):
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert route(ec2, table)["State"] == "blackhole"
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert route(ec2, table)["State"] == "active"


def test_to_an_interface_that_nothing_is_behind(ec2, table, interface):
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, NetworkInterfaceId=interface)
    assert route(ec2, table) == {
        "DestinationCidrBlock": ANYWHERE,
        "NetworkInterfaceId": interface,
        "Origin": "CreateRoute",
        "State": "blackhole",
    }
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    assert route(ec2, table)["State"] == "blackhole"


def test_to_an_instance(ec2, table, instance):
    id = instance["InstanceId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, InstanceId=id)
    found = route(ec2, table)
    assert (found["InstanceId"], found["State"]) == (id, "active")
    assert found["NetworkInterfaceId"] == instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2.terminate_instances(InstanceIds=[id])
    assert route(ec2, table)["State"] == "blackhole"


def test_to_an_instance_with_two_interfaces(ec2, table, instance, interface):
    id = instance["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[id])
    ec2.attach_network_interface(InstanceId=id, NetworkInterfaceId=interface, DeviceIndex=1)
    with refused("InvalidInstanceID", f"There are multiple interfaces attached to instance '{id}'."):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, InstanceId=id)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, NetworkInterfaceId=interface)


def test_one_route_per_destination(ec2, table, gateway, interface):
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
    with refused("RouteAlreadyExists", f"The route identified by {ANYWHERE} already exists."):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, NetworkInterfaceId=interface)
    with refused("RouteAlreadyExists"):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/16", GatewayId=gateway)


def test_host_bits_are_cleared(ec2, table, gateway):
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="100.68.0.18/18", GatewayId=gateway)
    assert route(ec2, table, "100.68.0.0/18")
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="100.68.0.1/18")
    assert not route(ec2, table, "100.68.0.0/18")


@pytest.mark.parametrize(
    "cidr",
    [
        "169.254.168.0/22",
        "169.254.169.254/32",
        "nowhere",
        "fd00::/8",
        "1.2.3.0/33",
        "1.2.3.4",
        "1.2.3.0/255.255.255.0",
    ],
)
def test_destinations_that_cannot_be(ec2, table, gateway, cidr):
    with refused("InvalidParameterValue", cidr):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=cidr, GatewayId=gateway)


def test_beside_the_local_route(ec2, table, gateway, subnet, interface):
    inside = "equal to or more specific than one of this VPC's CIDR blocks"
    with refused("InvalidParameterValue", "10.0.0.0/24", inside):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/24", GatewayId=gateway)
    with refused("InvalidParameterValue", "Route destination doesn't match any subnet CIDR blocks."):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/25", NetworkInterfaceId=interface)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/24", NetworkInterfaceId=interface)
    with refused("InvalidParameterValue", "10.0.0.0/24", inside):
        ec2.replace_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/24", GatewayId=gateway)
    assert route(ec2, table, "10.0.0.0/24")["NetworkInterfaceId"] == interface
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/8", GatewayId=gateway)
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/24")
    assert not route(ec2, table, "10.0.0.0/24")


def test_a_local_route_to_an_interface_and_back(ec2, table, gateway, interface):
    whole = {"RouteTableId": table, "DestinationCidrBlock": "10.0.0.0/16"}
    before = route(ec2, table, "10.0.0.0/16")
    with refused("InvalidParameterValue", "equal to or more specific"):
        ec2.replace_route(**whole, GatewayId=gateway)
    with refused("InvalidParameterCombination"):
        ec2.replace_route(**whole, NetworkInterfaceId=interface, LocalTarget=True)
    ec2.replace_route(**whole, NetworkInterfaceId=interface)
    found = route(ec2, table, "10.0.0.0/16")
    assert (found["NetworkInterfaceId"], found["Origin"]) == (interface, "CreateRouteTable")
    with refused("InvalidParameterValue", "The local route cannot be removed."):
        ec2.delete_route(**whole)
    ec2.replace_route(**whole, LocalTarget=True)
    assert route(ec2, table, "10.0.0.0/16") == before
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
    with refused("InvalidParameterValue", "localTarget"):
        ec2.replace_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, LocalTarget=True)


def test_targets(ec2, table, gateway, interface):
    def create(**target):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, **target)

    with refused("MissingParameter"):
        create()
    with refused("InvalidParameterCombination"):
        create(GatewayId=gateway, NetworkInterfaceId=interface)
    with refused("UnsupportedOperation", "TransitGatewayId"):
        create(TransitGatewayId="tgw-00000000000000000")
    with refused("InvalidParameterCombination", "NatGatewayId"):
        create(GatewayId=gateway, NatGatewayId="nat-00000000000000000")
    with refused("InvalidGatewayID.NotFound"):
        create(GatewayId="igw-00000000000000000")
    with refused("InvalidNetworkInterfaceID.NotFound"):
        create(NetworkInterfaceId="eni-00000000000000000")
    with refused("InvalidInstanceID.NotFound"):
        create(InstanceId="i-00000000000000000")
    assert route(ec2, table) is None


def test_targets_of_another_vpc(ec2, table):
    (gateway,) = ec2.describe_internet_gateways()["InternetGateways"]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    for target in (
        {"GatewayId": gateway["InternetGatewayId"]},
        {"NetworkInterfaceId": interface},
    ):
        with refused("InvalidParameterValue", "belong to different networks"):
            ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, **target)


def test_without_a_destination(ec2, table, gateway):
    with refused("MissingParameter", "destinationCidrBlock"):
        ec2.create_route(RouteTableId=table, GatewayId=gateway)


def test_replace(ec2, table, gateway, interface):
    with refused("InvalidParameterValue", f"There is no route defined for '{ANYWHERE}'"):
        ec2.replace_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, NetworkInterfaceId=interface)
    ec2.replace_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
    assert route(ec2, table)["GatewayId"] == gateway
    assert "NetworkInterfaceId" not in route(ec2, table)


def test_delete(ec2, table, gateway):
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE)
    with refused(
        "InvalidRoute.NotFound", f"no route with destination-cidr-block {ANYWHERE} in route table {table}"
    ):
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE)
    with refused("InvalidParameterValue", "local route"):
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/16")


def test_fifty_routes(ec2, table, gateway):
    for number in range(50):
        cidr = f"192.168.{number}.0/24"
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=cidr, GatewayId=gateway)
    with refused("RouteLimitExceeded"):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
