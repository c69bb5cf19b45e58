"""A NAT instance: a private subnet goes out through it, once its source/destination check is off.

Masquerading alone does not help: what the instance forwards is not addressed to it, and the check drops that.
"""

from elastinet.cli.lab.region import INTERNET, Region

MASQUERADE = """
echo 1 > /proc/sys/net/ipv4/ip_forward
nft add table ip nat
nft add chain ip nat post '{ type nat hook postrouting priority 100; }'
nft add rule ip nat post oifname eth0 masquerade
"""
OUTSIDE = "203.0.113.1"
"""An address of the internet's."""


def run(region: Region) -> None:
    """Build it, and check it."""
    vpc = region.network("10.0.1.0/24", "10.0.2.0/24")
    public, private = vpc.subnets
    nat = region.launch(public, vpc.group, name="nat")
    inner = region.launch(private, vpc.group, name="inner")
    address = region.elastic_ip(nat.eni)
    region.table(vpc.id, private, InstanceId=nat.id)
    region.run(nat.id, MASQUERADE)

    region.check("the NAT instance itself is on the internet", region.pings(nat.id, OUTSIDE), address)
    region.check(
        "what the private one sends is dropped: the check is on", not region.pings(inner.id, OUTSIDE)
    )
    region.ec2.modify_instance_attribute(InstanceId=nat.id, SourceDestCheck={"Value": False})
    region.check("with the check off its ping passes", region.pings(inner.id, OUTSIDE))
    region.reaches("and so does HTTPS", inner.id, INTERNET, 443)
    region.blocked("nobody comes in that way", INTERNET, inner.id, 22)
    region.run(nat.id, "echo 0 > /proc/sys/net/ipv4/ip_forward")
    region.check("when it forwards no more, there is no way", not region.pings(inner.id, OUTSIDE))
