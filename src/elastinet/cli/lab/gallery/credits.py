"""Network I/O credits: "up to 10 Gigabit" lasts for ten minutes, and a short benchmark sees no other rate.

Here ten minutes of credits are two and a half seconds, and packets go at a twentieth of EC2's bandwidth.
"""

import json
import time

from elastinet.cli.lab.region import Region

PACE = 240.0
SETTINGS = {"bandwidth_scale": 0.05, "credit_time_scale": PACE}
NEEDS = ("limits",)


def run(region: Region) -> None:
    """Build it, and check it."""
    vpc = region.network("10.0.1.0/24")
    one, other = (
        region.launch(vpc.subnets[0], vpc.group, name=kind, InstanceType=kind)
        for kind in ("c5.xlarge", "c5n.18xlarge")
    )
    region.check("an instance starts with all its credits", _left(region, one.id) > 0.99)
    means = [_measured(region, one.id, other.id, seconds) for seconds in (1, 7)]
    region.check("half an hour's mean is far below the first minutes'", means[1] < means[0] * 0.7)
    spent = _left(region, one.id)
    region.check("hardly any credits are left", spent < 0.2, f"{spent:.0%}")
    time.sleep(2)
    region.check("they come back while nothing is sent", _left(region, one.id) > spent, "after 2 s")


def _measured(region: Region, one: str, other: str, seconds: int) -> float:
    """The mean of four flows, in EC2's bits a second, which is as predicted."""
    told = region.perf(one, other, "--flows", "4", "--duration", str(seconds))
    predicted, measured = told["figures"]
    claim = f"mean of {seconds * PACE / 60:.0f} minutes of EC2's, in Gbit/s"
    region.check(claim, 0.8 < told["ratio"] < 1.1, measured, expected=predicted)
    return float(told["measured_bps"])


def _left(region: Region, instance: str) -> float:
    """The share of credits that an instance has for what it sends."""
    told = json.loads(region.elastinet("credits", instance, "--json"))
    return float(told["directions"]["out"]["level_bits"] / told["credit_bits"])
