"""A NAT instance: a private subnet goes out through it, once its source/destination check is off."""

from region import WEB, Region, check

MASQUERADE = """
echo 1 > /proc/sys/net/ipv4/ip_forward
nft add table ip nat
nft add chain ip nat post '{ type nat hook postrouting priority 100; }'
nft add rule ip nat post oifname eth0 masquerade
"""
INTERNET = "203.0.113.1"

with Region() as region:
    vpc = region.network("10.0.1.0/24", "10.0.2.0/24")
    public, private = vpc.subnets
    nat, inner = region.launch(public, vpc.group), region.launch(private, vpc.group)
    address = region.elastic_ip(nat.eni)
    region.table(vpc.id, private, InstanceId=nat.id)
    region.run(nat.id, MASQUERADE)
    region.run("internet", WEB.format("hello", 8080))

    check("the NAT instance itself is on the internet", region.pings(nat.id, INTERNET), address)
    check("what the private one sends is dropped: the check is on", not region.pings(inner.id, INTERNET))
    region.ec2.modify_instance_attribute(InstanceId=nat.id, SourceDestCheck={"Value": False})
    check("with the check off the ping passes", region.pings(inner.id, INTERNET))
    check("and so does HTTP", region.fetch(inner.id, f"{INTERNET}:8080") == "hello")
