"""The fake kernel answers as the real one: the same script of calls in both, answer by answer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import kernel_script
from fake_kernel import FakeDoors, FakeKernel

SEEDS = range(6)
ALONE = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--net")
GUEST = 99


def test_both_answer_alike() -> None:
    path = os.pathsep.join((str(Path(kernel_script.__file__).parent), *sys.path))
    command = [*ALONE, sys.executable, kernel_script.__file__, *map(str, SEEDS)]
    told = subprocess.check_output(command, text=True, env=os.environ | {"PYTHONPATH": path})
    real, refusals = json.loads(told), set[str]()
    for seed in SEEDS:
        kernel = FakeKernel()
        kernel.space(GUEST)
        fake = list(kernel_script.Script(FakeDoors(kernel, seed), GUEST, seed).answers())
        assert fake == real[str(seed)], first_difference(real[str(seed)], fake)
        refusals |= {line.rpartition(": ")[2] for line in fake if not line.startswith(" ")}
    assert set(map(str, ([17], [19], [99], [100]))) <= refusals, "the script has them be refused, too"
    assert {"No such file or directory", "Device or resource busy", "File exists"} <= refusals


def first_difference(real: list[str], fake: list[str]) -> str:
    """Where the two begin to differ: the call, and what was there before and after it."""
    at = next((n for n, (one, other) in enumerate(zip(real, fake, strict=False)) if one != other), 0)
    begin = max(n for n in (0, *range(at)) if n == 0 or not real[n].startswith(" "))
    return "\n".join(
        ["real", *real[begin : at + 4], "fake", *fake[begin : at + 4], "before", *real[begin - 15 : begin]]
    )
