"""EFA past the kernel: two instances share memory while their group lets all traffic to itself, both ways."""

import json
from typing import Any

from elastinet.cli.lab.region import Region

NEEDS = ("bypass",)
NOTE = "/dev/shm/note"
READ = "grep -qx 'past the kernel' {}"


def run(region: Region) -> None:
    """Build it, and check it."""
    vpc = region.network("10.0.1.0/24")
    card = {"DeviceIndex": 0, "SubnetId": vpc.subnets[0], "Groups": [vpc.group], "InterfaceType": "efa"}
    one, other = (
        region.launch("", "", name=name, InstanceType="c5n.18xlarge", NetworkInterfaces=[card])
        for name in ("one", "other")
    )
    alone = region.launch(vpc.subnets[0], vpc.group, name="alone", InstanceType="c5n.18xlarge")

    itself: dict[str, Any] = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": vpc.group}]}
    rule = {"GroupId": vpc.group, "IpPermissions": [itself]}
    region.check("the default group is not enough", _memories(region) == {None}, "all out goes to 0.0.0.0/0")
    region.ec2.authorize_security_group_egress(**rule)
    region.settle()
    shared = [name for name in _memories(region) if name]
    region.check("with all out to itself they share memory", len(shared) == 1, ", ".join(shared))
    region.run(one.id, f"echo past the kernel > {NOTE}")
    region.check("what one writes there the other reads", region.works(other.id, READ.format(NOTE)), NOTE)
    region.check("who has no EFA does not", not region.works(alone.id, READ.format(NOTE)))
    region.reaches("but packets go there", one.id, alone.id)
    region.ec2.revoke_security_group_egress(**rule)
    region.settle()
    region.check("without the rule it is over", _memories(region) == {None})
    region.check("and nothing can be read", not region.works(other.id, READ.format(NOTE)))
    region.reaches("packets go on", one.id, other.id)


def _memories(region: Region) -> set[str | None]:
    """What instances share past the kernel: names, or nothing."""
    return {one["memory"] for one in json.loads(region.elastinet("efa", "list", "--json"))}
