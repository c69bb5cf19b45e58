"""Sixteen p4d in training: what EFA is worth to an all-reduce, and what its algorithm is worth."""

from elastinet.catalog.settings import Settings
from elastinet.forecast.collectives import CollectiveQuery, predict_collective

TODAY = Settings(rules="2026")
SIZES = {"1 GiB": 2**30, "8 GiB": 2**33}
WAYS = {
    "EFA": {"transport": "efa"},
    "TCP": {"transport": "tcp"},
    "TCP, cluster group": {"transport": "tcp", "group": "cluster"},
}


def main():
    times = {}
    print("all-reduce among 16 p4d.24xlarge, 8 ranks on each")
    for way, more in WAYS.items():
        for size, octets in SIZES.items():
            asked = CollectiveQuery("allreduce", octets, "p4d.24xlarge", 16, **more)
            found = predict_collective(asked, TODAY)[0]
            times[way, size] = found.seconds
            print(
                f"{way:18}  {size}  {found.algorithm:5} {found.seconds * 1000:8.1f} ms"
                f"  bus {found.busbw / 1e9:5.1f} GB/s  binds: {', '.join(found.binding.by)}"
            )
    large = "8 GiB"
    assert times["EFA", large] < times["TCP, cluster group", large] < times["TCP", large]

    print("the fastest algorithm by size")
    for power in (3, 13, 23, 33):
        first, *others = predict_collective(CollectiveQuery("allreduce", 2**power, "p4d.24xlarge", 16), TODAY)
        slower = ", ".join(f"{other.algorithm} {other.seconds / first.seconds:.1f}" for other in others)
        print(
            f"2^{power:<2} bytes  {first.algorithm:18} {first.seconds * 1e6:10.0f} us, times that: {slower}"
        )


if __name__ == "__main__":
    main()
