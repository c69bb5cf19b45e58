"""IPv6 from the API to packets: a dual-stack VPC, its gateways, a moved interface, delegated prefixes."""

import ipaddress
import time

import pytest

from blocks6 import numbered

INTERNET = "3fff::1"
METADATA = "http://[fd00:ec2::254]/latest"


@pytest.fixture(autouse=True)
def empty(world):
    """Each test begins with an account as new."""
    yield
    world.cli("reset")


@pytest.fixture
def net(world):
    """A VPC of world's with IPv6 in both subnets and a group that lets everything in and out."""
    made, ec2 = world.vpc(), world.ec2
    answer = ec2.associate_vpc_cidr_block(VpcId=made.id, AmazonProvidedIpv6CidrBlock=True)
    made.block = answer["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"]
    made.blocks = {}
    for number, subnet in ((1, made.left), (2, made.right)):
        made.blocks[subnet] = numbered(made.block, number)
        ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=made.blocks[subnet])
        ec2.modify_subnet_attribute(SubnetId=subnet, AssignIpv6AddressOnCreation={"Value": True})
    every = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    ec2.authorize_security_group_egress(GroupId=made.group, IpPermissions=every)
    return made


def allow6(world, group, protocol="-1", low=-1, high=-1, cidr="::/0"):
    world.allow(group, protocol, low, high, Ipv6Ranges=[{"CidrIpv6": cidr}])
    world.settle()


def pings(world, source, target, words=""):
    return world.sh(source, f"ping -n -c 1 -W 1 {words} {target}").returncode == 0


def reaches(world, source, target, words=""):
    """True once a ping is answered: a busy machine may take more than a second for one."""
    return becomes(lambda: pings(world, source, target, words))


def serve(world, where, text="hello"):
    world.out(where, f"mkdir -p /srv/www && echo {text} > /srv/www/index.html"
                     " && busybox httpd -p [::]:80 -h /srv/www")  # fmt: skip


def fetches(world, source, target):
    return world.sh(source, f"curl -sf --max-time 1 'http://[{target}]/'").stdout.strip()


def configured(world, guest, device="eth0"):
    """The global IPv6 addresses that a guest has on a device."""
    shown = world.out(guest, f"ip -6 -o addr show dev {device} scope global")
    return {line.split()[3].partition("/")[0] for line in shown.splitlines()}


def becomes(question):
    """Whether something comes to be true within some seconds."""
    end = time.monotonic() + 10
    while not (found := question()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def route6(world, net, **target):
    world.ec2.create_route(RouteTableId=net.table, DestinationIpv6CidrBlock="::/0", **target)
    world.settle()


def test_guests_have_their_addresses_and_talk(world, net):
    one, near = world.launch(net.left, net.group, 2)
    (far,) = world.launch(net.right, net.group)
    for guest in (one, near, far):
        assert configured(world, guest.id) == {guest.shown["Ipv6Address"]}
    targets = [guest.shown["Ipv6Address"] for guest in (near, far)]
    assert not any(pings(world, one.id, target) for target in targets)
    allow6(world, net.group, "icmpv6", 128, 0)
    assert all(reaches(world, one.id, target) for target in targets)
    assert not pings(world, one.id, near.ip)  # of IPv4 no rule speaks
    serve(world, far.id)
    assert fetches(world, one.id, targets[1]) == ""
    allow6(world, net.group, "tcp", 80, cidr=f"{one.shown['Ipv6Address']}/128")
    assert fetches(world, one.id, targets[1]) == "hello"
    assert fetches(world, near.id, targets[1]) == ""
    assert reaches(world, one.id, targets[1], "-M do -s 8953")  # MTU 9001


def test_a_group_as_peer_knows_both_families(world, net):
    ec2 = world.ec2
    inner = ec2.create_security_group(GroupName="inner", Description="d", VpcId=net.id)["GroupId"]
    (one,) = world.launch(net.left, net.group)
    (two,) = world.launch(net.right, inner)
    address = two.shown["Ipv6Address"]
    assert not pings(world, one.id, address)
    world.allow(inner, "-1", UserIdGroupPairs=[{"GroupId": net.group}])
    world.settle()
    assert reaches(world, one.id, address)
    assert reaches(world, one.id, two.ip)


def test_network_acls_of_ipv6(world, net):
    allow6(world, net.group)
    (one,), (far,) = world.launch(net.left, net.group), world.launch(net.right, net.group)
    assert reaches(world, one.id, far.shown["Ipv6Address"])
    asked = [{"Name": "association.subnet-id", "Values": [net.right]}]
    (acl,) = world.ec2.describe_network_acls(Filters=asked)["NetworkAcls"]
    deny = {"RuleNumber": 50, "Egress": False, "RuleAction": "deny", "Ipv6CidrBlock": net.blocks[net.left]}
    world.ec2.create_network_acl_entry(NetworkAclId=acl["NetworkAclId"], Protocol="-1", **deny)
    world.settle()
    assert not pings(world, one.id, far.shown["Ipv6Address"])


def test_the_internet_gateway_goes_both_ways(world, net):
    allow6(world, net.group)
    (one,) = world.launch(net.left, net.group)
    address = one.shown["Ipv6Address"]
    assert not pings(world, one.id, INTERNET)
    route6(world, net, GatewayId=net.gateway)
    assert reaches(world, one.id, INTERNET)
    assert reaches(world, "internet", address)  # its own address: nothing is translated
    serve(world, one.id)
    assert fetches(world, "internet", address) == "hello"


def test_the_egress_only_gateway_goes_out_only(world, net):
    allow6(world, net.group)
    (one,) = world.launch(net.left, net.group)
    made = world.ec2.create_egress_only_internet_gateway(VpcId=net.id)["EgressOnlyInternetGateway"]
    id = made["EgressOnlyInternetGatewayId"]
    route6(world, net, EgressOnlyInternetGatewayId=id)
    assert reaches(world, one.id, INTERNET)
    serve(world, one.id)
    assert not pings(world, "internet", one.shown["Ipv6Address"])
    assert fetches(world, "internet", one.shown["Ipv6Address"]) == ""
    world.ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=id)
    world.settle()
    assert not pings(world, one.id, INTERNET)
    (table,) = world.ec2.describe_route_tables(RouteTableIds=[net.table])["RouteTables"]
    found = [r["State"] for r in table["Routes"] if r.get("DestinationIpv6CidrBlock") == "::/0"]
    assert found == ["blackhole"]


def test_addresses_come_and_go_in_a_running_guest(world, net):
    allow6(world, net.group)
    one, two = world.launch(net.left, net.group, 2)
    eni = one.shown["NetworkInterfaces"][0]["NetworkInterfaceId"]
    answer = world.ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6AddressCount=2)
    more = set(answer["AssignedIpv6Addresses"])
    world.settle()
    assert becomes(lambda: more < configured(world, one.id))
    assert all(becomes(lambda a=a: pings(world, two.id, a)) for a in more)
    gone = next(iter(more))
    world.ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[gone])
    world.settle()
    assert becomes(lambda: gone not in configured(world, one.id))
    assert not pings(world, two.id, gone)


def test_a_moved_interface_keeps_its_addresses(world, net):
    ec2 = world.ec2
    allow6(world, net.group)
    one, two, client = world.launch(net.left, net.group, 3)
    made = ec2.create_network_interface(SubnetId=net.left, Groups=[net.group], Ipv6AddressCount=2)
    eni, first = made["NetworkInterface"]["NetworkInterfaceId"], made["NetworkInterface"]["Ipv6Address"]
    expected = {a["Ipv6Address"] for a in made["NetworkInterface"]["Ipv6Addresses"]}
    for guest in (one, two):
        attachment = ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=guest.id, DeviceIndex=1)
        world.settle()
        assert becomes(lambda g=guest: world.sh(g.id, "ip link show eth1").returncode == 0)
        assert becomes(lambda g=guest: configured(world, g.id, "eth1") == expected)
        assert becomes(lambda: pings(world, client.id, first))
        ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
        ec2.get_waiter("network_interface_available").wait(
            NetworkInterfaceIds=[eni], WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200}
        )
        world.settle()
        assert not pings(world, client.id, first)


@pytest.mark.parametrize("version", [4, 6])
def test_delegated_prefixes_lead_to_the_guest(world, net, version):
    """The guest takes an address of its prefix and is reached by it, and asks by it."""
    world.allow(net.group, "-1")
    allow6(world, net.group)
    (one,), (client,) = world.launch(net.left, net.group), world.launch(net.right, net.group)
    eni = one.shown["NetworkInterfaces"][0]["NetworkInterfaceId"]
    if version == 4:
        answer = world.ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, Ipv4PrefixCount=1)
        prefix = answer["AssignedIpv4Prefixes"][0]["Ipv4Prefix"]
    else:
        answer = world.ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6PrefixCount=1)
        prefix = answer["AssignedIpv6Prefixes"][0]
    world.settle()
    address, bits = ipaddress.ip_network(prefix)[5], 32 if version == 4 else 128
    world.out(one.id, f"ip addr add {address}/{bits} dev lo")
    assert reaches(world, client.id, address)
    assert reaches(world, one.id, client.ip if version == 4 else client.shown["Ipv6Address"], f"-I {address}")
    mac = one.shown["NetworkInterfaces"][0]["MacAddress"]
    path = f"meta-data/network/interfaces/macs/{mac}/ipv{version}-prefix"
    assert world.out(one.id, f"curl -s http://169.254.169.254/latest/{path}") == prefix
    names = {
        4: ("unassign_private_ip_addresses", "Ipv4Prefixes"),
        6: ("unassign_ipv6_addresses", "Ipv6Prefixes"),
    }
    method, member = names[version]
    getattr(world.ec2, method)(NetworkInterfaceId=eni, **{member: [prefix]})
    world.settle()
    assert not pings(world, client.id, address)


def test_metadata(world, net):
    (one,) = world.launch(net.left, net.group)
    mac = one.shown["NetworkInterfaces"][0]["MacAddress"]
    of_interface = f"meta-data/network/interfaces/macs/{mac}"
    expected = {
        "meta-data/ipv6": one.shown["Ipv6Address"],
        f"{of_interface}/ipv6s": one.shown["Ipv6Address"],
        f"{of_interface}/subnet-ipv6-cidr-blocks": net.blocks[net.left],
        f"{of_interface}/vpc-ipv6-cidr-blocks": net.block,
    }
    for path, text in expected.items():
        assert world.out(one.id, f"curl -s http://169.254.169.254/latest/{path}") == text
    assert "ipv6-prefix" not in world.out(one.id, f"curl -s http://169.254.169.254/latest/{of_interface}/")
    status = "curl -s --max-time 2 -o /dev/null -w '%{http_code}'"
    assert world.out(one.id, f"{status} '{METADATA}/meta-data/ipv6'") == "403"
    world.ec2.modify_instance_metadata_options(InstanceId=one.id, HttpProtocolIpv6="enabled")
    assert world.out(one.id, f"curl -s '{METADATA}/meta-data/ipv6'") == one.shown["Ipv6Address"]
    put = "curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'"
    token = world.out(one.id, f"{put} '{METADATA}/api/token'")
    world.ec2.modify_instance_metadata_options(InstanceId=one.id, HttpTokens="required")
    assert world.out(one.id, f"{status} '{METADATA}/meta-data/ipv6'") == "401"
    asked = f"curl -s -H 'X-aws-ec2-metadata-token: {token}' '{METADATA}/meta-data/instance-id'"
    assert world.out(one.id, asked) == one.id
    world.ec2.modify_instance_metadata_options(InstanceId=one.id, HttpEndpoint="disabled")
    assert world.out(one.id, f"{status} '{METADATA}/meta-data/ipv6'") == "403"


def test_names_by_resource(world, net):
    options = {"EnableResourceNameDnsARecord": True, "EnableResourceNameDnsAAAARecord": True}
    one, two = world.launch(net.left, net.group, 2, PrivateDnsNameOptions=options)
    name = f"{two.id}.ec2.internal"
    assert world.out(one.id, f"getent ahostsv6 {name}").split()[0] == two.shown["Ipv6Address"]
    assert world.out(one.id, f"getent ahostsv4 {name}").split()[0] == two.ip


def test_peered_vpcs(world, net):
    ec2 = world.ec2
    other = world.vpc()
    answer = ec2.associate_vpc_cidr_block(VpcId=other.id, AmazonProvidedIpv6CidrBlock=True)
    block = answer["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"]
    ec2.associate_subnet_cidr_block(SubnetId=other.left, Ipv6CidrBlock=numbered(block, 0))
    asked = ec2.create_vpc_peering_connection(VpcId=net.id, PeerVpcId=other.id)["VpcPeeringConnection"]
    peering = asked["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    for table, cidr in ((net.table, block), (other.table, net.block)):
        ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock=cidr, VpcPeeringConnectionId=peering)
    allow6(world, net.group)
    allow6(world, other.group)
    (one,) = world.launch(net.left, net.group)
    (two,) = world.launch(other.left, other.group, Ipv6AddressCount=1)
    assert reaches(world, one.id, two.shown["Ipv6Address"])
