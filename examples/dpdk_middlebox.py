"""A middlebox between two subnets: its kernel forwards, then DPDK; those at the ends see no difference."""

from region import WEB, Region, check

FORWARD = """
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
sysctl -qw net.ipv4.conf.eth1.rp_filter=0 net.ipv4.conf.eth2.rp_filter=0
ip route add 10.0.1.0/24 via 10.0.3.1 dev eth1
ip route add 10.0.2.0/24 via 10.0.3.1 dev eth2
"""
ROUTER = "ping -c 1 -W 1 10.0.3.1 > /dev/null; ip neigh show 10.0.3.1 dev eth0 | cut -d ' ' -f 3"


def passes() -> bool:
    """Whether both a ping and a connection come through the middlebox."""
    return region.pings(one.id, two.ip) and region.fetch(one.id, two.ip) == "hello"


with Region() as region:
    vpc = region.network("10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24")
    left, right, between = vpc.subnets
    one, two = region.launch(left, vpc.group), region.launch(right, vpc.group, WEB.format("hello", 80))
    box = region.launch(between, vpc.group)
    check("by the local route there is a way", passes())
    sides = []
    for index, subnet, beyond in ((1, left, "10.0.2.0/24"), (2, right, "10.0.1.0/24")):
        side = region.interface(between, vpc.group)["NetworkInterfaceId"]
        region.attach(side, box.id, index)
        table = region.table(vpc.id, subnet, NetworkInterfaceId=side)
        region.ec2.create_route(RouteTableId=table, DestinationCidrBlock=beyond, NetworkInterfaceId=side)
        sides.append(side)
    region.run(box.id, FORWARD)

    check("what is not addressed to the middlebox is not for it", not passes())
    for side in sides:
        region.ec2.modify_network_interface_attribute(
            NetworkInterfaceId=side, SourceDestCheck={"Value": False}
        )
    check("with its source/destination check off its kernel forwards", passes())
    region.run(box.id, "sysctl -qw net.ipv4.ip_forward=0")
    check("without forwarding there is no way", not passes())
    router = region.run(box.id, ROUTER).strip()
    peers = [f"--eth-peer={port},{router}" for port in range(2)]
    with region.dpdk(box.id, "testpmd", "--", "--forward-mode=mac", *peers, "--auto-start"):
        check("DPDK forwards in the kernel's place", passes(), f"to {router}")
    check("when it has ended, nobody does", not passes())
