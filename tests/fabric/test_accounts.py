"""The arithmetic of credits, whatever is sent and whenever it is looked at."""

from hypothesis import given, settings
from hypothesis import strategies as st
from loads import MBIT, bursting

from elastinet.fabric.credits import Account

BASELINE, PEAK = 20, 100

steps = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 3)), max_size=40)


@settings(max_examples=200, deadline=None)
@given(steps, st.floats(0.1, 1000))
def test_no_more_passes_than_was_there_and_was_earned(moves: list[tuple[float, float]], burst: float) -> None:
    """Over any time: what is used at most, and what is left, never come to more than bucket and baseline."""
    item = bursting(1, BASELINE, PEAK, burst)
    account, now, used = Account(item, 0.0), 0.0, 0.0
    for seconds, demand in moves:
        limit = item.share.baseline_bps if "out" in account.spent else item.share.peak_bps
        passed = min(demand * PEAK * MBIT, limit) * seconds
        now, before = now + seconds, account.levels["out"]
        account.pass_on(now, {"out": round(passed), "in": 0})
        used += passed
        left = account.levels["out"]
        assert 0 <= left <= item.share.credit_bits
        assert left <= before + item.share.baseline_bps * seconds - passed + 1 or left == 0
        assert ("out" in account.spent) <= (left < item.share.credit_bits)
        assert account.levels["in"] == item.share.credit_bits
        assert now < account.due <= now + 5
