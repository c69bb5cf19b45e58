"""A hub and two spokes by VPC peering: each spoke reaches the hub, but not through it.

Peering is not transitive, and leads to the peer's own addresses only: not to its internet gateway either.
"""

from elastinet.cli.lab.region import INTERNET, Region

BLOCKS = {"hub": "10.0", "spoke-a": "10.1", "spoke-b": "10.2"}


def run(region: Region) -> None:
    """Build it, and check it."""
    vpcs = {name: region.network(f"{b}.1.0/24", within=f"{b}.0.0/16") for name, b in BLOCKS.items()}
    groups = {name: region.group(vpc.id, "web", 443, "10.0.0.0/8") for name, vpc in vpcs.items()}
    ids = {name: region.launch(vpc.subnets[0], groups[name], name=name).id for name, vpc in vpcs.items()}
    hub, a, b = vpcs.values()
    to_a, to_b = (region.peering(spoke.id, hub.id) for spoke in (a, b))
    for spoke, block, peering in ((a, "10.1.0.0/16", to_a), (b, "10.2.0.0/16", to_b)):
        region.route(spoke.table, "10.0.0.0/8", VpcPeeringConnectionId=peering)
        region.route(hub.table, block, VpcPeeringConnectionId=peering)

    for name in ("spoke-a", "spoke-b"):
        region.reaches(f"{name} reaches the hub", ids[name], ids["hub"], 443)
        region.reaches(f"the hub reaches {name}", ids["hub"], ids[name], 443)
    region.blocked("spoke-a does not reach spoke-b through it", ids["spoke-a"], ids["spoke-b"], 443)
    region.ec2.replace_route(
        RouteTableId=a.table, DestinationCidrBlock="0.0.0.0/0", VpcPeeringConnectionId=to_a
    )
    region.blocked("nor the internet by the hub's gateway", ids["spoke-a"], INTERNET, 443)
    direct = region.peering(a.id, b.id)
    region.route(a.table, "10.2.0.0/16", VpcPeeringConnectionId=direct)
    region.route(b.table, "10.1.0.0/16", VpcPeeringConnectionId=direct)
    region.reaches("by a peering of their own the spokes do", ids["spoke-a"], ids["spoke-b"], 443)
    region.ec2.delete_route(RouteTableId=hub.table, DestinationCidrBlock="10.2.0.0/16")
    region.blocked("without the way back the hub does not answer", ids["spoke-b"], ids["hub"], 443)
