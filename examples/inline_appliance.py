"""An inline appliance: the way of two subnets to the internet leads through it, and it counts and filters."""

import re

from region import WEB, Region, check

APPLIANCE = """
echo 1 > /proc/sys/net/ipv4/ip_forward
nft add table ip watch
nft add chain ip watch way '{ type filter hook forward priority 0; }'
nft add rule ip watch way ip saddr 10.0.1.0/24 counter
nft add rule ip watch way ip saddr 10.0.2.0/24 counter
nft add rule ip watch way tcp dport 8081 drop
"""
INTERNET = "203.0.113.1"


def passed() -> list[int]:
    """How many packets of each subnet the appliance has seen."""
    return [int(n) for n in re.findall(r"packets (\d+)", region.run(appliance.id, "nft list table ip watch"))]


with Region() as region:
    vpc = region.network("10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24")
    left, right, edge = vpc.subnets
    one, two = region.launch(left, vpc.group), region.launch(right, vpc.group)
    appliance = region.launch(edge, vpc.group, APPLIANCE)
    region.ec2.modify_instance_attribute(InstanceId=appliance.id, SourceDestCheck={"Value": False})
    region.table(vpc.id, left, right, InstanceId=appliance.id)
    # It does not translate: each client goes out under an address of its own.
    addresses = [region.elastic_ip(client.eni) for client in (one, two)]
    for port in (8080, 8081):
        region.run("internet", WEB.format("hello", port))

    check("the first subnet is on the internet", region.pings(one.id, INTERNET), addresses[0])
    check("the appliance has seen it pass", passed() == [1, 0])
    check("the second goes the same way", region.pings(two.id, INTERNET), addresses[1])
    check("and is counted apart", passed() == [1, 1])
    check("one port passes", region.fetch(one.id, f"{INTERNET}:8080") == "hello")
    check("the other is filtered", not region.fetch(one.id, f"{INTERNET}:8081"))
    region.run(appliance.id, "echo 0 > /proc/sys/net/ipv4/ip_forward")
    check("without the appliance there is no way", not region.pings(one.id, INTERNET))
    check("between the subnets it is not asked", region.pings(one.id, two.ip))
