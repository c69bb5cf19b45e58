"""The arithmetic of credits, whatever is sent and whenever it is looked at."""

from hypothesis import given, settings
from hypothesis import strategies as st

from elastinet.fabric.agent.credits import Account
from loads import MBIT, bursting

BASELINE, PEAK = 20, 100

steps = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 3)), max_size=40)


@settings(max_examples=200)
@given(steps, st.floats(0.1, 1000))
def test_no_more_passes_than_was_there_and_was_earned(moves: list[tuple[float, float]], burst: float) -> None:
    """Over any time: what is used at most, and what is left, never come to more than bucket and baseline."""
    item = bursting(1, BASELINE, PEAK, burst)
    account, now, used = Account(item, 0.0), 0.0, 0.0
    for seconds, demand in moves:
        limit = item.allowance.baseline if "out" in account.spent else item.allowance.peak
        passed = min(demand * PEAK * MBIT, limit) * seconds
        now, before = now + seconds, account.levels["out"]
        account.pass_on(now, {"out": round(passed), "in": 0})
        used += passed
        left = account.levels["out"]
        assert 0 <= left <= item.allowance.credits
        assert left <= before + item.allowance.baseline * seconds - passed + 1 or left == 0
        assert ("out" in account.spent) <= (left < item.allowance.credits)
        assert account.levels["in"] == item.allowance.credits
        assert now < account.due <= now + 5


def test_a_look_that_ends_late_is_no_news() -> None:
    """One network's worker is busy while another's is asked again: the older figures come after the newer."""
    account = Account(bursting(1, BASELINE, PEAK, 1.0), 0.0)
    assert dict(account.news(1, 1.0, (100, 10))) == {"out": 0, "in": 0}
    account.pass_on(1.0, {"out": 0, "in": 0})
    assert dict(account.news(1, 3.0, (300, 30))) == {"out": 200, "in": 20}
    assert not dict(account.news(1, 2.0, (200, 20)))
    assert dict(account.news(1, 4.0, (350, 31))) == {"out": 50, "in": 1}
    assert dict(account.news(1, 5.0, (40, 2))) == {"out": 40, "in": 2}
