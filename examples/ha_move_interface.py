"""High availability on a budget: an interface moves from the broken instance to the spare one."""

from region import WEB, Region, check

with Region() as region:
    vpc = region.network("10.0.1.0/24")
    (subnet,) = vpc.subnets
    active, spare = (
        region.launch(subnet, vpc.group, WEB.format(f"hello from the {name}", 80))
        for name in ("first", "second")
    )
    client = region.launch(subnet, vpc.group)
    interface = region.interface(subnet, vpc.group)
    id, address = interface["NetworkInterfaceId"], interface["PrivateIpAddress"]
    region.attach(id, active.id)

    seen = region.fetch(client.id, address)
    check("the first instance serves the address", seen == "hello from the first", address)
    gap = region.gap_ms(client.id, address, lambda: region.move(id, spare.id))
    seen = region.fetch(client.id, address)
    check("the second one serves it after the move", seen == "hello from the second", address)
    print(f"  a client that polls it every 5 ms has seen a gap of {gap:.0f} ms")
