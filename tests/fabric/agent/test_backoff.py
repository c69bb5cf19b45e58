"""Pauses grow with each failure, and a success begins anew."""

from elastinet.fabric.agent.backoff import BackOff, boot_of
from elastinet.fabric.kernel.loop import Call, Concern, Loop


class Timers(Loop):
    """A loop that only notes for when it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[float, Call]] = []

    def later(self, seconds: float, callback: Call, about: Concern = None) -> None:
        self.asked.append((seconds, callback))


def test_pauses_grow_and_a_success_begins_anew() -> None:
    loop, called = Timers(), []
    pauses = BackOff(loop)
    for _ in range(9):
        pauses.failed(boot_of("a"), lambda: called.append("a"))
    assert [seconds for seconds, _ in loop.asked] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]
    pauses.failed(boot_of("b"), lambda: called.append("b"))
    pauses.succeeded(boot_of("a"))
    pauses.failed(boot_of("a"), lambda: called.append("a"))
    assert [seconds for seconds, _ in loop.asked[-2:]] == [0.1, 0.1]


def test_what_rests_rests_until_its_last_pause_is_over() -> None:
    loop, called = Timers(), []
    pauses = BackOff(loop)
    pauses.failed(boot_of("a"), lambda: called.append(1))
    pauses.rest(boot_of("a"), 5, lambda: called.append(2))
    assert pauses.is_resting(boot_of("a"))
    for number, (_, callback) in enumerate(loop.asked):
        callback()
        assert pauses.is_resting(boot_of("a")) is (number == 0)
    assert called == [1, 2]
