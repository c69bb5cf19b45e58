"""The same MPI programs by EFA and over TCP: latency, bandwidth and all-reduce on real processes."""

import json
from statistics import median

from region import Region, check

LINE = "{:22}{:>10}{:>12}{:>12}{:>16}"
with Region() as region:
    vpc = region.network("10.0.1.0/24")
    own = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": vpc.group}]}
    region.ec2.authorize_security_group_egress(GroupId=vpc.group, IpPermissions=[own])
    card = {"DeviceIndex": 0, "SubnetId": vpc.subnets[0], "Groups": [vpc.group], "InterfaceType": "efa"}
    launched = [
        region.launch("", "", InstanceType="c5n.18xlarge", NetworkInterfaces=[card]) for _ in range(2)
    ]
    hosts = ",".join(instance.id for instance in launched)
    rows = json.loads(region.elastinet("mpirun", "--hosts", hosts, "--bench", "--json"))
small = median(
    row["efa_is_better"] for row in rows if row["bytes"] <= 256 and row["measurement"] == "latency"
)
check("a small message is there sooner past the kernel", small > 1.5, f"{small:.1f} times")
print(LINE.format("", "bytes", "EFA", "TCP", "EFA is better"))
for row in rows:
    name, times = f"{row['measurement']}, {row['unit']}", f"{row['efa_is_better']:.1f} times"
    print(LINE.format(name, row["bytes"], f"{row['efa']:.1f}", f"{row['tcp']:.1f}", times))
