"""What placement groups are for: a rack fails under three nodes, and their group decides who is left."""

from typing import Any

from elastinet.cli.lab.region import INTERNET, Region

GROUPS: dict[str, tuple[dict[str, Any], int]] = {
    "cluster": ({"Strategy": "cluster"}, 0),
    "two partitions": ({"Strategy": "partition", "PartitionCount": 2}, 1),
    "three partitions": ({"Strategy": "partition", "PartitionCount": 3}, 2),
    "spread": ({"Strategy": "spread"}, 2),
}
"""Each group, and how many of its three nodes are left when the rack of the first has failed."""


def run(region: Region) -> None:
    """Build it, and check it."""
    vpc = region.network("10.0.1.0/24")
    region.ec2.modify_subnet_attribute(SubnetId=vpc.subnets[0], MapPublicIpOnLaunch={"Value": True})
    ping = {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "CidrIp": "0.0.0.0/0"}
    region.ec2.authorize_security_group_ingress(GroupId=vpc.group, **ping)
    for group, (strategy, expected) in GROUPS.items():
        region.ec2.create_placement_group(GroupName=group, **strategy)
        place = {"GroupName": group}
        ids = [region.launch(vpc.subnets[0], vpc.group, Placement=place).id for _ in range(3)]
        racks, addresses = region.racks(), _addresses(region, ids)
        used = f"on {len({racks[id] for id in ids})} racks"
        region.check(f"{group}: three nodes answer the internet", _answering(region, addresses) == 3, used)
        region.elastinet("fail", "rack", racks[ids[0]])
        left, well = _answering(region, addresses), len(region.healthy(*ids))
        asked = f"{group}: nodes that answer without the first one's rack"
        region.check(asked, left == expected, str(left), expected=str(expected))
        region.check(
            f"{group}: status checks find as many", well == expected, str(well), expected=str(expected)
        )
        region.elastinet("repair", "rack", racks[ids[0]])
        region.ec2.terminate_instances(InstanceIds=ids)


def _addresses(region: Region, ids: list[str]) -> list[str]:
    """The public addresses of some instances."""
    told = region.ec2.describe_instances(InstanceIds=ids)["Reservations"]
    return [instance["PublicIpAddress"] for one in told for instance in one["Instances"]]


def _answering(region: Region, addresses: list[str]) -> int:
    """How many addresses answer a ping from the internet."""
    return sum(region.pings(INTERNET, address) for address in addresses)
