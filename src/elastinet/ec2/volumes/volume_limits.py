"""What a volume may be, by its type: size, IOPS, throughput, keys; of a launch or made by itself."""

from typing import Any

from elastinet.ec2.core import faults
from elastinet.model.fault import Fault

SIZES = {
    "gp2": (1, 16384), "gp3": (1, 65536), "io1": (4, 16384), "io2": (4, 65536), "st1": (125, 16384),
    "sc1": (125, 16384), "standard": (1, 1024),
}  # fmt: skip
"""GiB that a volume of a type has; this and the next three by EC2's model of CreateVolume."""
IOPS = {"gp3": (3000, 80000), "io1": (100, 64000), "io2": (100, 256000)}
THROUGHPUTS = {"gp3": (125, 2000)}
INITIALIZATION_RATES = (100, 300)
"""MiB/s at which a volume is filled from its snapshot."""
IOPS_BY_GIB = {"gp3": 500, "io1": 50, "io2": 1000}
"""The most IOPS for each GiB, above what gp3 has by itself."""
THROUGHPUT_BY_IOPS = 0.25
"""The most MiB/s for each IOPS."""
BASE_IOPS, BASE_THROUGHPUT = 3000, 125
"""What a gp3 volume has by itself; also the IOPS of one that is given none on becoming another type."""
GIVEN_IOPS = MULTI_ATTACH = ("io1", "io2")
"""Types that have no IOPS by themselves; they are also those that several instances may share."""

NOT_ENCRYPTED = "The parameter KmsKeyId requires the parameter Encrypted to be set."


def checked(asked: dict[str, Any]) -> dict[str, Any]:
    """A volume's figures, with those that its type has by itself; refuses what its type cannot have."""
    kind, size = asked["volume_type"], asked["size"]
    _check_bounds(size, SIZES[kind], "Volume of {}GiB is too {}" + f" for volume type {kind}", "GiB")
    _check_iops(kind, size, asked.get("iops"))
    whole = _by_itself(kind, size) | {name: value for name, value in asked.items() if value is not None}
    _check_throughput(kind, asked.get("throughput"), whole["iops"])
    if (rate := asked.get("initialization_rate")) is not None:
        _check_bounds(
            rate, INITIALIZATION_RATES, "Volume initialization rate of {} MiBps is too {}", " MiBps"
        )
    if asked.get("kms_key") is not None and not asked.get("encrypted"):
        raise Fault("InvalidParameterDependency", NOT_ENCRYPTED)
    if asked.get("multi_attach") and kind not in MULTI_ATTACH:
        raise _not_for("multiAttachEnabled", kind)
    return whole


def _by_itself(kind: str, size: int) -> dict[str, int | None]:
    if kind == "gp2":
        return {"iops": min(max(3 * size, 100), 16000), "throughput": None}
    if kind == "gp3":
        return {"iops": BASE_IOPS, "throughput": BASE_THROUGHPUT}
    return {"iops": None, "throughput": None}


def _check_iops(kind: str, size: int, iops: int | None) -> None:
    if iops is None:
        if kind in GIVEN_IOPS:
            raise faults.combination(f"The parameter iops must be specified for {kind} volumes.")
        return
    if kind not in IOPS:
        raise _not_for("iops", kind)
    _check_bounds(iops, IOPS[kind], "Volume iops of {} is too {}", "")
    most = IOPS_BY_GIB[kind]
    if iops > most * size and not (kind == "gp3" and iops <= BASE_IOPS):
        sentence = f"Iops to volume size ratio of {iops / size:.6f} is too high; maximum is {most}"
        raise Fault("InvalidParameterValue", sentence)


def _check_throughput(kind: str, throughput: int | None, iops: int) -> None:
    if throughput is None:
        return
    if kind not in THROUGHPUTS:
        raise faults.combination("throughput can only be specified for volumeType gp3.")
    _check_bounds(throughput, THROUGHPUTS[kind], "Volume throughput of {} MiBps is too {}", " MiBps")
    if throughput > THROUGHPUT_BY_IOPS * iops:
        sentence = (
            f"Throughput (MiBps) to iops ratio of {throughput / iops:.6f} is too high; "
            f"maximum is {THROUGHPUT_BY_IOPS:.6f} MiBps per iops"
        )
        raise Fault("InvalidParameterValue", sentence)


def _check_bounds(value: int, bounds: tuple[int, int], sentence: str, unit: str) -> None:
    least, most = bounds
    low, high = ("small", "large") if unit == "GiB" else ("low", "high")
    if value < least:
        raise Fault("InvalidParameterValue", f"{sentence.format(value, low)}; minimum is {least}{unit}")
    if value > most:
        raise Fault("InvalidParameterValue", f"{sentence.format(value, high)}; maximum is {most}{unit}")


def _not_for(name: str, kind: str) -> Fault:
    return faults.combination(f"The parameter {name} is not supported for {kind} volumes.")
