"""One flow is 5 Gbit/s at the most, however large the instances: more of them, or MPTCP, get round it."""

from region import Region, check

RUNS = {
    "one flow": (),
    "four flows": ("--flows", "4"),
    "one connection of MPTCP, four subflows": ("--mptcp", "--flows", "4"),
}
LINE, rows = "{:40}{:>12}{:>12}  {}", []
with Region("--bandwidth-scale", "0.02") as region:  # 100 Gbit/s are 2 here
    vpc = region.network("10.0.1.0/24")
    one, other = (region.launch(vpc.subnets[0], vpc.group, InstanceType="c5n.18xlarge") for _ in range(2))
    for name, words in RUNS.items():
        told = region.perf(one.id, other.id, "--duration", "3", *words)
        check(f"{name}: what is predicted is measured", 0.9 < told["ratio"] < 1.05, f"{told['ratio']:.2f}")
        rows.append((name, *told["figures"], ", ".join(told["binding"])))
check("four are nearly four times one", all(float(row[2]) > 3.4 * float(rows[0][2]) for row in rows[1:]))
for row in (("in Gbit/s", "predicted", "measured", "binds"), *rows):
    print(LINE.format(*row))
