"""What placement groups are for: a rack fails under three nodes of etcd, and their group decides who is left.

etcd takes writes while two of its three nodes reach one another, and tells what it knows from any one.
"""

import shutil
import sys

from region import Region, check

ETCD = shutil.which("etcd", path=f"{sys.prefix}/bin") or sys.exit("no etcd here: scripts/etcd fetches it")
RUN = (
    "etcd --name {0} --data-dir /var/etcd --initial-cluster {1} --initial-advertise-peer-urls http://{0}:2380"
    " --listen-peer-urls http://{0}:2380 --advertise-client-urls http://{0}:2379"
    " --listen-client-urls http://0.0.0.0:2379 > /var/log/etcd 2>&1 &"
)
ASK = "for n in $(seq 8); do curl -sf -m 1 localhost:2379/v3/kv/{} -d '{}' && exit; sleep .2; done; false"
WRITE = ASK.format("put", '{"key": "cmFjaw==", "value": "ZmFpbHM="}')
READ = ASK.format("range", '{"key": "cmFjaw==", "serializable": true}')
GROUPS = {  # each group, and what it leaves when its first node's rack fails: nodes, reads, writes
    "cluster": ({"Strategy": "cluster"}, (0, False, False)),
    "two partitions": ({"Strategy": "partition", "PartitionCount": 2}, (1, True, False)),
    "three partitions": ({"Strategy": "partition", "PartitionCount": 3}, (2, True, True)),
    "spread": ({"Strategy": "spread"}, (2, True, True)),
}
LINE, rows = "{:18}{:>12}{:>12}{:>15}{:>17}", []
with Region() as region:
    vpc = region.network("10.0.1.0/24")
    for group, (strategy, expected) in GROUPS.items():
        region.ec2.create_placement_group(GroupName=group, **strategy)
        nodes = [region.launch(vpc.subnets[0], vpc.group, Placement={"GroupName": group}) for _ in range(3)]
        members = ",".join(f"{node.ip}=http://{node.ip}:2380" for node in nodes)
        ids, racks = {node.id: RUN.format(node.ip, members) for node in nodes}, region.racks()
        for id, script in ids.items():
            region.send(ETCD, id, "/usr/bin/etcd")
            region.run(id, script)
        check(f"etcd keeps a key on three nodes: {group}", region.works(nodes[0].id, WRITE))
        region.elastinet("fail", "rack", racks[nodes[0].id])
        left = region.healthy(*ids)
        seen = len(left), *(any(region.works(id, ask) for id in left) for ask in (READ, WRITE))
        check("without its first node's rack, so many nodes, reads, writes are left", seen == expected)
        used, words = len({racks[id] for id in ids}), ("yes" if one else "no" for one in seen[1:])
        rows.append((group, used, len(left), *words))
        region.elastinet("repair", "rack", racks[nodes[0].id])
        for id in ids.keys() - left:
            region.run(id, ids[id])
        check("repaired, all three tell the key", all(region.works(id, READ) for id in ids))
        region.ec2.terminate_instances(InstanceIds=list(ids))
for row in (("group", "racks used", "nodes left", "key readable", "still writable"), *rows):
    print(LINE.format(*row))
