"""What a prediction costs: an hour with credits, by itself and among many."""

import time
from collections.abc import Callable, Iterator

from elastinet.forecast import Job, predict_limits, predict_together, type_pair
from elastinet.rules.path_limits import Traffic

Row = tuple[str, float, str]
TIMES = 50


def milliseconds(work: Callable[[], object]) -> float:
    """The median of many times."""
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[TIMES // 2] * 1000


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    ends = ("c5.xlarge@us-east-1a", "t3.micro@us-east-1a")
    limits = type_pair(*ends, Traffic("tcp", 4))

    def whole() -> object:
        return predict_limits(type_pair(*ends, Traffic("tcp", 4)), 3600)

    yield "an hour with credits at both ends, its limits included: ms", milliseconds(whole), "<= 5"
    jobs = [Job(limits, begin_s=start, end_s=start + 600) for start in range(0, 3600, 36)]
    yield (
        "an hour with credits, 100 transfers one upon another: ms",
        milliseconds(lambda: predict_together(jobs, 3600)),
        "<= 500",
    )


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.3f}  {target}")
