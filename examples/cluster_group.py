"""A cluster placement group doubles what one flow carries between its members, from 5 to 10 Gbit/s."""

from region import Region, check

LINE, rows = "{:28}{:>12}{:>12}  {}", []


def measure(name: str, one: str, other: str, expected: int) -> None:
    """Measure one flow, which shall have so many Gbit/s on the wire."""
    told = region.perf(one, other, "--duration", "3")
    check(f"{name}: what is predicted is measured", 0.9 < told["ratio"] < 1.05, f"{told['ratio']:.2f}")
    check(f"{name}: {expected} Gbit/s on the wire", 0.97 < told["predicted_bps"] / expected / 1e9 < 1)
    rows.append((name, *told["figures"], ", ".join(told["binding"])))


with Region("--bandwidth-scale", "0.05") as region:
    vpc = region.network("10.0.1.0/24")
    region.ec2.create_placement_group(GroupName="near", Strategy="cluster")
    kind = {"InstanceType": "c5n.18xlarge"}
    places = ({"Placement": {"GroupName": "near"}}, {"Placement": {"GroupName": "near"}}, {})
    one, two, alone = (region.launch(vpc.subnets[0], vpc.group, **kind, **place) for place in places)
    measure("inside the group", one.id, two.id, 10)
    measure("out of it", one.id, alone.id, 5)
    region.ec2.stop_instances(InstanceIds=[two.id])
    region.settle()
    region.ec2.modify_instance_placement(InstanceId=two.id, GroupName="")
    region.ec2.start_instances(InstanceIds=[two.id])
    measure("after one has left", one.id, two.id, 5)
for row in (("one flow, in Gbit/s", "predicted", "measured", "binds"), *rows):
    print(LINE.format(*row))
