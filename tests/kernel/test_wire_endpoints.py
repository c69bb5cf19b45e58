"""From the API to the VPC's resolver: the names of interface endpoints, in an instance."""

import pytest

S3, EC2 = "s3.us-east-1.amazonaws.com", "ec2.us-east-1.amazonaws.com"
PUBLIC = {"203.0.113.3"}
"""Where EC2 is for who has no endpoint of it."""


@pytest.fixture(scope="module")
def net(world):
    """A VPC with an instance, and an endpoint for EC2 in two zones."""
    made = world.vpc()
    world.ec2.modify_vpc_attribute(VpcId=made.id, EnableDnsHostnames={"Value": True})
    (made.one,) = world.launch(made.left, made.group)
    block = f"10.{made.number}.3.0/24"
    zone = {"VpcId": made.id, "CidrBlock": block, "AvailabilityZone": "us-east-1f"}
    made.far = world.ec2.create_subnet(**zone)["Subnet"]["SubnetId"]
    made.endpoint = create(world, made, "ec2", SubnetIds=[made.left, made.far])
    world.settle()
    return made


def create(world, net, service, **more):
    asked = {
        "VpcId": net.id,
        "ServiceName": f"com.amazonaws.us-east-1.{service}",
        "VpcEndpointType": "Interface",
    }
    return world.ec2.create_vpc_endpoint(**asked, **more)["VpcEndpoint"]


def addresses(world, endpoint):
    """The endpoint's addresses by subnet, as DescribeNetworkInterfaces has them."""
    ids = endpoint["NetworkInterfaceIds"]
    found = world.ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"]
    return {one["SubnetId"]: one["PrivateIpAddress"] for one in found}


def resolved(world, net, name):
    """What an instance hears of a name."""
    world.settle()
    lines = world.sh(net.one.id, f"getent ahostsv4 {name}").stdout.splitlines()
    return {line.split()[0] for line in lines}


def test_its_names_lead_to_its_addresses(world, net):
    there = addresses(world, net.endpoint)
    own, left, right, private = (entry["DnsName"] for entry in net.endpoint["DnsEntries"])
    assert private == EC2
    for name in (own, private):
        assert resolved(world, net, name) == set(there.values())
    assert resolved(world, net, left) == {there[net.left]}
    assert resolved(world, net, right) == {there[net.far]}


def test_they_follow_what_the_endpoint_says(world, net):
    id, there = net.endpoint["VpcEndpointId"], addresses(world, net.endpoint)
    own = net.endpoint["DnsEntries"][0]["DnsName"]
    world.ec2.modify_vpc_endpoint(VpcEndpointId=id, PrivateDnsEnabled=False)
    assert resolved(world, net, EC2) == PUBLIC
    assert resolved(world, net, own) == set(there.values())
    world.ec2.modify_vpc_endpoint(VpcEndpointId=id, PrivateDnsEnabled=True)
    assert resolved(world, net, EC2) == set(there.values())
    world.ec2.modify_vpc_attribute(VpcId=net.id, EnableDnsHostnames={"Value": False})
    assert resolved(world, net, EC2) == PUBLIC
    world.ec2.modify_vpc_attribute(VpcId=net.id, EnableDnsHostnames={"Value": True})
    assert resolved(world, net, EC2) == set(there.values())
    world.ec2.modify_vpc_endpoint(VpcEndpointId=id, RemoveSubnetIds=[net.far])
    assert resolved(world, net, EC2) == {there[net.left]}


def test_names_of_buckets_and_the_end(world, net):
    options = {"PrivateDnsOnlyForInboundResolverEndpoint": False}
    made = create(world, net, "s3", SubnetIds=[net.left], PrivateDnsEnabled=True, DnsOptions=options)
    there = set(addresses(world, made).values())
    own = made["DnsEntries"][0]["DnsName"].removeprefix("*.")
    for name in (S3, f"photos.{S3}", f"bucket.{own}"):
        assert resolved(world, net, name) == there
    world.ec2.create_vpc_endpoint(VpcId=net.id, ServiceName=made["ServiceName"])
    only = {"PrivateDnsOnlyForInboundResolverEndpoint": True}
    world.ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], DnsOptions=only)
    assert resolved(world, net, S3) == set(), "for those alone who ask from outside"
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert resolved(world, net, f"bucket.{own}") == set()
    found = world.ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [net.id]}])["VpcEndpoints"]
    assert made["VpcEndpointId"] not in {one["VpcEndpointId"] for one in found}
