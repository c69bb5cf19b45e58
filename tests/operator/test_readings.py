"""What becomes of the agent's measurements: EC2's figures again, and each interface's part of what was held up."""

from hypothesis import given
from hypothesis import strategies as st

from elastinet.fabric.contract.messages import LINK_LOCAL, DirectionStats, InterfaceStats, Measured
from elastinet.operator.readings import Reader, divided

HOLDERS = {"eni-1": "i-1", "eni-2": "i-1", "eni-3": "i-2"}


def measured(out: dict[str, int], sent: dict[str, int], *, dropped: int = 0, above: int = 0) -> Measured:
    """One moment of an instance, by what each limit held up and each interface has sent."""
    way = DirectionStats(10**9, 5 * 10**9, dropped=dropped, waited=out)
    interfaces = {
        id: InterfaceStats(count, count // 1000, 7, 1, {LINK_LOCAL: above}) for id, count in sent.items()
    }
    return Measured(1, 3.5, {"i-1": way}, {"i-1": DirectionStats(10**9, 0)}, interfaces)


def exceeded(reading, id: str, name: str = "bw_out_allowance_exceeded") -> int:
    return reading.interfaces[id].exceeded[name]


def test_bandwidths_and_credits_are_scaled_back() -> None:
    reading = Reader(0.1).read(measured({"flow": 3}, {"eni-1": 4000}, above=9), HOLDERS)
    out = reading.instances["i-1"]["out"]
    assert (out.allowance_bps, out.level_bits, out.waited) == (10**10, 5 * 10**10, {"flow": 3})
    found = reading.interfaces["eni-1"]
    assert (found.sent.bytes, found.sent.packets, found.received.bytes) == (4000, 4, 7)
    assert found.exceeded == {
        "bw_in_allowance_exceeded": 0, "bw_out_allowance_exceeded": 0, "pps_allowance_exceeded": 0,
        "conntrack_allowance_exceeded": 0, "linklocal_allowance_exceeded": 9,
    }  # fmt: skip


def test_what_the_allowance_held_up_or_dropped() -> None:
    """Not what a single flow's limit did."""
    limits = {"instance": 10, "internet gateway": 5, "card 0": 2, "flow": 1000}
    reading = Reader(1).read(measured(limits, {"eni-1": 1}, dropped=3), HOLDERS)
    assert exceeded(reading, "eni-1") == 20
    assert exceeded(reading, "eni-1", "bw_in_allowance_exceeded") == 0


def test_divided_by_what_each_interface_carried_since() -> None:
    reader = Reader(1)
    first = reader.read(measured({"instance": 100}, {"eni-1": 1000, "eni-2": 0, "eni-3": 9}), HOLDERS)
    assert [exceeded(first, f"eni-{n}") for n in (1, 2, 3)] == [100, 0, 0]
    then = reader.read(measured({"instance": 180}, {"eni-1": 2000, "eni-2": 3000, "eni-3": 9}), HOLDERS)
    assert [exceeded(then, f"eni-{n}") for n in (1, 2, 3)] == [120, 60, 0]


def test_counts_begin_anew_with_the_queue_and_go_with_the_interface() -> None:
    reader = Reader(1)
    reader.read(measured({"instance": 100}, {"eni-1": 1000}), HOLDERS)
    again = reader.read(measured({"instance": 4}, {"eni-1": 10}), HOLDERS)
    assert exceeded(again, "eni-1") == 104
    reader.read(measured({"instance": 4}, {}), HOLDERS)
    assert exceeded(reader.read(measured({"instance": 5}, {"eni-1": 10}), HOLDERS), "eni-1") == 1


@given(st.integers(0, 10**12), st.dictionaries(st.text(), st.integers(-(10**12), 10**12), min_size=1))
def test_nothing_is_lost_when_it_is_divided(whole: int, parts: dict[str, int]) -> None:
    found = divided(whole, parts)
    assert (found.keys(), sum(found.values())) == (parts.keys(), whole)
    assert all(part >= 0 for part in found.values())
    total = sum(max(0, part) for part in parts.values())
    if total:
        assert all(
            abs(found[id] - whole * max(0, part) / total) < len(parts) + 1 for id, part in parts.items()
        )
