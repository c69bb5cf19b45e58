"""A NAT instance by AWS's recipe: a private subnet reaches the internet through an instance."""

from region import WEB, Region, check

RECIPE = """#!/bin/bash
# As typed on Amazon Linux, but for `yum install iptables-services` before and `service iptables save` behind:
# this machine's userland has iptables already, and Debian's has no service of that name.
cat >/etc/sysctl.d/custom-ip-forwarding.conf <<'END'
net.ipv4.ip_forward=1
END
sysctl -p /etc/sysctl.d/custom-ip-forwarding.conf
/sbin/iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
/sbin/iptables -F FORWARD
"""
WAIT = "for n in $(seq 100); do iptables -t nat -S | grep -q MASQ && exit; sleep 0.1; done; exit 1"
OUT = "203.0.113.1"

with Region() as region:
    vpc = region.network("10.0.1.0/24", "10.0.2.0/24")
    public, private = vpc.subnets
    card = {"DeviceIndex": 0, "SubnetId": public, "Groups": [vpc.group], "AssociatePublicIpAddress": True}
    nat = region.launch("", "", NetworkInterfaces=[card], UserData=RECIPE)
    inner = region.launch(private, vpc.group)
    address = region.elastic_ip(nat.eni)
    region.table(vpc.id, private, InstanceId=nat.id)
    region.run(nat.id, WAIT)
    region.run("internet", WEB.format("open", 80))

    check("the source/destination check drops what it forwards", not region.fetch(inner.id, OUT))
    region.ec2.modify_instance_attribute(InstanceId=nat.id, SourceDestCheck={"Value": False})
    check("without it the private subnet reaches the internet", region.fetch(inner.id, OUT) == "open")
    count = "nft add table ip seen; nft 'add chain ip seen in { type filter hook input priority 0; }'; "
    region.run("internet", f"{count} nft add rule ip seen in ip saddr {address} counter")
    region.fetch(inner.id, OUT)
    seen = region.run("internet", "nft list table ip seen")
    check("and appears there by the NAT instance's address", "packets 0" not in seen, address)
    check("nobody out there begins a connection", not region.works("internet", f"ping -c 1 -W 1 {inner.ip}"))
