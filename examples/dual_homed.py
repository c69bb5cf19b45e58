"""A dual-homed instance: what comes in on one interface is answered on it, by policy routing."""

import re

from region import Region, check

COUNTERS = """
nft add table ip seen
nft add chain ip seen out '{ type filter hook output priority 0; }'
nft add rule ip seen out icmp type echo-reply oifname eth0 counter
nft add rule ip seen out icmp type echo-reply oifname eth1 counter
"""


def left_by() -> list[int]:
    """How many replies have left by eth0 and by eth1."""
    return [int(n) for n in re.findall(r"packets (\d+)", region.run(server.id, "nft list table ip seen"))]


with Region() as region:
    vpc = region.network("10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24")
    first, second, elsewhere = vpc.subnets
    server = region.launch(first, vpc.group)
    one, two = region.launch(elsewhere, vpc.group), region.launch(elsewhere, vpc.group)
    extra = region.interface(second, vpc.group)
    address = extra["PrivateIpAddress"]
    region.attach(extra["NetworkInterfaceId"], server.id)
    region.run(server.id, COUNTERS)

    rule = region.run(server.id, f"ip rule show from {address}").split(":", 1)[1].strip()
    check("the guest has a rule for its second interface", "lookup" in rule, rule)
    check("one client asks the first address", region.pings(one.id, server.ip), server.ip)
    check("and is answered on eth0", left_by() == [1, 0])
    check("another asks the second address", region.pings(two.id, address), address)
    check("and is answered on eth1", left_by() == [1, 1])
    region.run(server.id, f"ip rule del {rule}")
    check("without the rule there is no answer", not region.pings(two.id, address))
    check("it left by eth0, where that source is refused", left_by() == [2, 1])
    region.run(server.id, f"ip rule add {rule}")
    check("with the rule again there is", region.pings(two.id, address))
