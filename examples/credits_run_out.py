"""A c5.xlarge sends "up to 10 Gigabit" for ten minutes, then 1.25: a short benchmark tells the first only."""

import json
import time

from region import Region, check

PACE = 240  # ten minutes of credits are two and a half seconds here
OPTIONS = ("--bandwidth-scale", "0.05", "--credit-time-scale", str(PACE))
LINE, rows = "{:34}{:>12}{:>12}", []


def left(instance: str) -> float:
    """The share of credits that an instance has for what it sends."""
    told = json.loads(region.elastinet("credits", instance, "--json"))
    return told["directions"]["out"]["level_bits"] / told["credit_bits"]


with Region(*OPTIONS) as region:
    vpc = region.network("10.0.1.0/24")
    kinds = ("c5.xlarge", "c5n.18xlarge")
    one, other = (region.launch(vpc.subnets[0], vpc.group, InstanceType=kind) for kind in kinds)
    check("an instance starts with all its credits", left(one.id) > 0.99)
    for seconds in (1, 7):
        told = region.perf(one.id, other.id, "--flows", "4", "--duration", str(seconds))
        near = f"{told['ratio']:.2f}"
        check(f"{seconds} s here: what is predicted is measured", 0.9 < told["ratio"] < 1.1, near)
        rows.append((f"{seconds * PACE / 60:.0f} minutes of EC2's", *told["figures"]))
    spent = left(one.id)
    check("hardly any credits are left", spent < 0.2, f"{spent:.0%}")
    time.sleep(2)
    check("they come back while nothing is sent", left(one.id) > spent, f"{left(one.id):.0%} after 2 s")
for row in (("mean of four flows, in Gbit/s", "predicted", "measured"), *rows):
    print(LINE.format(*row))
