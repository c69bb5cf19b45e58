"""Two instances with an EFA: the default group is not enough to go past the kernel, and what it is worth."""

import json

from region import Region, check

PINGPONG = "fi_pingpong -p {} -e {} -I {} -S {}"
SERVE = """
    setsid {} > /dev/null 2>&1 < /dev/null &
    for i in $(seq 400); do grep -q ':B9E8 .* 0A ' /proc/net/tcp* && exit; sleep 0.05; done; exit 1
"""  # port 47592 listens: what the two ends find each other by
WAYS = {"EFA": ("shm", "rdm"), "TCP": ("tcp", "msg")}
SIZES = {"64 bytes": (64, 2000), "1 MiB": (1 << 20, 100)}

with Region() as region:
    vpc = region.network("10.0.1.0/24")
    card = {"DeviceIndex": 0, "SubnetId": vpc.subnets[0], "Groups": [vpc.group], "InterfaceType": "efa"}
    one, other = (
        region.launch("", "", InstanceType="c5n.18xlarge", NetworkInterfaces=[card]) for _ in range(2)
    )

    def memories() -> set[str | None]:
        """What the two share past the kernel: one name, or nothing."""
        return {one["memory"] for one in json.loads(region.elastinet("efa", "list", "--json"))}

    def measured(way: str, size: str) -> float:
        """The microseconds that a message takes, by libfabric's own ping-pong."""
        command = PINGPONG.format(*WAYS[way], *reversed(SIZES[size]))
        region.run(one.id, SERVE.format(command))
        return float(region.run(other.id, f"{command} {one.ip} | tail -n 1").split()[-2])

    everybody = "its rule lets all out to 0.0.0.0/0, which EFA's traffic is not"
    check("the default group is not enough", memories() == {None}, everybody)
    itself = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": vpc.group}]}
    rule = {"GroupId": vpc.group, "IpPermissions": [itself]}
    region.ec2.authorize_security_group_egress(**rule)
    region.settle()
    (shared,) = memories()
    check("with all out to itself they share memory", bool(shared), str(shared))
    for size in SIZES:
        efa, tcp = measured("EFA", size), measured("TCP", size)
        print(f"  {size:10}{efa:10.1f} us past the kernel{tcp:10.1f} us by TCP{tcp / efa:8.1f} times")
    region.ec2.revoke_security_group_egress(**rule)
    region.settle()
    check("without the rule it is over", memories() == {None})
