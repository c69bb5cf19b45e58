"""What happens to packets at the borders of subnets and VPCs: the API asks, packets answer."""

import pytest


@pytest.fixture(autouse=True)
def empty(world):
    """Each test begins with an account as new."""
    yield
    world.cli("reset")


def ping(world, source, target):
    return world.sh(source, f"ping -c 1 -W 1 {target}").returncode == 0


def serve(world, instance):
    world.out(
        instance, "mkdir -p /srv/www && echo hello > /srv/www/index.html && busybox httpd -p 80 -h /srv/www"
    )


def fetches(world, source, target):
    return world.sh(source, f"curl -sf --max-time 1 http://{target}/").stdout == "hello\n"


def open_group(world, vpc):
    """Let the VPC's group let everything in, so that only the border decides."""
    world.allow(vpc.group, "-1")


def test_network_acl_is_stateless_and_holds_between_subnets_only(world):
    vpc = world.vpc()
    open_group(world, vpc)
    one, near = world.launch(vpc.left, vpc.group, 2)
    (far,) = world.launch(vpc.right, vpc.group)
    serve(world, near.id)
    serve(world, far.id)
    assert fetches(world, one.id, far.ip)
    ec2 = world.ec2
    acl = ec2.create_network_acl(VpcId=vpc.id)["NetworkAcl"]["NetworkAclId"]
    filters = [{"Name": "association.subnet-id", "Values": [vpc.right]}]
    (old,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    (association,) = [a for a in old["Associations"] if a["SubnetId"] == vpc.right]
    ec2.replace_network_acl_association(
        AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl
    )
    world.settle()
    assert not fetches(world, one.id, far.ip)
    assert fetches(world, one.id, near.ip)  # inside a subnet no ACL is asked

    def entry(number, egress, low, high, action="allow"):
        ec2.create_network_acl_entry(
            NetworkAclId=acl, RuleNumber=number, Protocol="6", RuleAction=action, Egress=egress,
            CidrBlock="0.0.0.0/0", PortRange={"From": low, "To": high},
        )  # fmt: skip
        world.settle()

    entry(100, False, 80, 80)
    assert not fetches(world, one.id, far.ip)  # the answer has no way out yet
    entry(100, True, 1024, 65535)
    assert fetches(world, one.id, far.ip)
    entry(50, False, 80, 80, "deny")  # the lowest number decides
    assert not fetches(world, one.id, far.ip)


def test_nat_gateway(world):
    vpc = world.vpc()
    open_group(world, vpc)
    ec2 = world.ec2
    private = ec2.create_route_table(VpcId=vpc.id)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=private, SubnetId=vpc.right)
    (inner,) = world.launch(vpc.right, vpc.group)
    elastic = ec2.allocate_address()
    made = ec2.create_nat_gateway(SubnetId=vpc.left, AllocationId=elastic["AllocationId"])["NatGateway"]
    id = made["NatGatewayId"]
    ec2.get_waiter("nat_gateway_available").wait(
        NatGatewayIds=[id], WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200}
    )
    assert not ping(world, inner.id, "203.0.113.1")
    ec2.create_route(RouteTableId=private, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=id)
    world.settle()
    assert ping(world, inner.id, "203.0.113.1")
    # What is too big for the internet comes back through the gateway as such.
    assert "mtu = 1500" in world.sh(inner.id, "ping -c 1 -W 1 -M do -s 3000 203.0.113.1").stdout
    # The internet sees the gateway's address, and nobody gets in by it.
    world.out("internet", "nft add table ip t; nft add chain ip t c '{ type filter hook input priority 0; }';"
              f"nft add rule ip t c ip saddr {elastic['PublicIp']} counter")  # fmt: skip
    assert ping(world, inner.id, "203.0.113.1")
    assert "packets 1 " in world.out("internet", "nft list chain ip t c")
    assert not fetches(world, "internet", elastic["PublicIp"])
    ec2.delete_nat_gateway(NatGatewayId=id)
    ec2.get_waiter("nat_gateway_deleted").wait(
        NatGatewayIds=[id], WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200}
    )
    assert not ping(world, inner.id, "203.0.113.1")
    (table,) = ec2.describe_route_tables(RouteTableIds=[private])["RouteTables"]
    assert [r["State"] for r in table["Routes"]] == ["active", "blackhole"]
