"""Pauses grow with each failure, and a success begins anew."""

from elastinet.fabric.agent.backoff import BackOff


def test_a_success_begins_anew() -> None:
    pauses = BackOff(0.1, 10)
    assert [pauses.failed("a") for _ in range(9)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]
    assert pauses.failed("b") == 0.1
    pauses.succeeded("a")
    assert pauses.failed("a") == 0.1
