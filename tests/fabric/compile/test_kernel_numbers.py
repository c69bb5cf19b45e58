"""Numbers that the kernel has few of are given back, and never given twice."""

import pytest

from elastinet.fabric.compile.items import PolicyRule
from elastinet.fabric.compile.numbers import NoNumber, NumberPool
from elastinet.fabric.compile.plan import Plan
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.names import FIRST_TABLE, TABLE_MASK
from parts import network, table


def numbers(plan: Plan) -> set[int]:
    """The tables that policy rules lead to by the mark of a route table."""
    rules = (item for item in plan.items["vpc-1"].values() if isinstance(item, PolicyRule))
    return {rule.table for rule in rules if rule.mark == rule.table}


def test_tables_come_and_go_for_ever() -> None:
    """Far more in the agent's life than there are numbers; those that stay keep theirs."""
    plan = Plan()
    plan.update([network(), table(("0.0.0.0/0", "igw"), id="rtb-first")])
    first = numbers(plan)
    for n in range(TABLE_MASK - FIRST_TABLE + 100):
        plan.update([table(id=f"rtb-{n}")], drop=[Key("table", f"rtb-{n - 1}")])
    assert first < numbers(plan)
    assert len(numbers(plan)) == 2
    assert max(numbers(plan)) < FIRST_TABLE + 3
    assert plan.failed == {}


def test_one_too_many_is_said_and_takes_nobody_s() -> None:
    plan = Plan()
    plan.view.numbers.tables = NumberPool(FIRST_TABLE, FIRST_TABLE + 1, "route tables at a time")
    plan.update([network(), *(table(id=f"rtb-{n}") for n in range(3))])
    assert plan.failed == {Key("table", "rtb-2"): "this machine has no more than 2 route tables at a time"}
    assert numbers(plan) == {FIRST_TABLE, FIRST_TABLE + 1}
    plan.update(drop=[Key("table", "rtb-0")])
    plan.update([table(("0.0.0.0/0", "igw"), id="rtb-2")])
    assert plan.failed == {}


def test_a_pool() -> None:
    pool = NumberPool(5, 7, "things")
    assert [pool.number(id) for id in ("a", "b", "a", "c")] == [5, 6, 5, 7]
    with pytest.raises(NoNumber, match="3 things"):
        pool.number("d")
    pool.keep({"a", "c"})
    assert pool.number("d") == 6
    pool.release("nobody")
    pool.release("a")
    assert pool.number("e") == 5
