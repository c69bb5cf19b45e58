"""A pair for high availability: an address, and then an interface, moves to the spare instance.

A client polls all the while; the table shows the gap that it has seen.
"""

from botocore.exceptions import ClientError

from elastinet.cli.lab.building import Host
from elastinet.cli.lab.region import Region

ADDRESS = "10.0.1.100"
WEB = "mkdir -p /srv/www; echo {} > /srv/www/index.html; busybox httpd -p 80 -h /srv/www"


def run(region: Region) -> None:
    """Build it, and check it."""
    vpc = region.network("10.0.1.0/24")
    (subnet,) = vpc.subnets
    first, second, client = (region.launch(subnet, vpc.group, name=n) for n in ("first", "second", "client"))
    for host in (first, second):
        region.run(host.id, WEB.format(host.name))
    _address(region, first, second, client)
    interface = region.interface(subnet, vpc.group)
    id, address = interface["NetworkInterfaceId"], interface["PrivateIpAddress"]
    region.attach(id, first.id)
    _serves(region, client, address, first)
    gap = region.gap_ms(client, address, lambda: region.move(id, second.id))
    _serves(region, client, address, second)
    mac = interface["MacAddress"]
    region.check("with the same MAC", mac in region.run(second.id, "ip link show eth1"), mac)
    region.check("the client has seen a gap of milliseconds", gap < 3000, f"{gap:.0f} ms")


def _address(region: Region, first: Host, second: Host, client: Host) -> None:
    """Move a secondary address."""

    def take(host: Host, **how: bool) -> None:
        asked = {"NetworkInterfaceId": host.eni, "PrivateIpAddresses": [ADDRESS]}
        region.ec2.assign_private_ip_addresses(**asked, **how)
        region.settle()

    take(first)
    _serves(region, client, ADDRESS, first)
    try:
        take(second)
        refused = ""
    except ClientError as error:
        refused = error.response["Error"]["Code"]
    region.check("it is not taken from it by accident", bool(refused), refused)
    gap = region.gap_ms(client, ADDRESS, lambda: take(second, AllowReassignment=True))
    _serves(region, client, ADDRESS, second)
    region.check("the client has seen a gap of milliseconds", gap < 3000, f"{gap:.0f} ms")


def _serves(region: Region, client: Host, address: str, host: Host) -> None:
    seen = region.fetch(client.id, address)
    region.check(f"{address} is served by the {host.name}", seen == host.name, seen or "nothing")
