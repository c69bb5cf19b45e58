"""High availability on a budget: a secondary private address moves from one instance to the other."""

from region import WEB, Region, check

with Region() as region:
    vpc = region.network("10.0.1.0/24")
    (subnet,) = vpc.subnets
    active, spare = (
        region.launch(subnet, vpc.group, WEB.format(f"hello from the {name}", 80))
        for name in ("first", "second")
    )
    client = region.launch(subnet, vpc.group)
    address = "10.0.1.100"

    def take(interface: str, **how: bool) -> None:
        """Give the floating address to an interface."""
        region.ec2.assign_private_ip_addresses(
            NetworkInterfaceId=interface, PrivateIpAddresses=[address], **how
        )
        region.settle()

    take(active.eni)
    seen = region.fetch(client.id, address)
    check("the first instance serves the address", seen == "hello from the first", address)
    refused = ""
    try:
        take(spare.eni)
    except region.ec2.exceptions.ClientError as error:
        refused = error.response["Error"]["Code"]
    check("it is not taken from it by accident", bool(refused), refused)
    gap = region.gap_ms(client.id, address, lambda: take(spare.eni, AllowReassignment=True))
    seen = region.fetch(client.id, address)
    check("the second one serves it after the move", seen == "hello from the second", address)
    print(f"  a client that polls it every 5 ms has seen a gap of {gap:.0f} ms")
