"""The agent's loop: what is forgotten is not called, however it was found."""

import os

import pytest

from elastinet.fabric.kernel.loop import GuestConcern, Loop, NamespaceConcern


class Over(BaseException):
    """The end of a loop that has none."""


def test_what_is_forgotten_at_the_same_moment_is_not_called() -> None:
    """Two descriptors are ready at once; the first to be called closes both, as the end of a guest does."""
    loop, called = Loop(), []
    pipes = dict((os.pipe(), os.pipe()))

    def close_all(which: int) -> None:
        called.append(which)
        for read in pipes:
            os.read(read, 1)
            loop.forget(read)
            os.close(read)
        loop.soon(end)

    def end() -> None:
        raise Over

    for read, write in pipes.items():
        loop.watch(read, lambda read=read: close_all(read))
        os.write(write, b".")
    with pytest.raises(Over):
        loop.run()
    assert len(called) == 1
    for write in pipes.values():
        os.close(write)


def test_a_fault_ends_nothing_but_its_callback(capfd: pytest.CaptureFixture[str]) -> None:
    """The others are called; who asked hears what it was about, and the log has where it was."""
    loop, told, called = Loop(), [], []
    loop.on_fault = lambda about, error: told.append((about, type(error)))

    def spoilt() -> None:
        raise ZeroDivisionError

    def end() -> None:
        raise Over

    loop.soon(spoilt, GuestConcern("i-1"))
    loop.later(0, spoilt, NamespaceConcern("vpc-1"))
    loop.soon(lambda: called.append("soon"))
    loop.later(0.01, end)
    with pytest.raises(Over):
        loop.run()
    assert told == [(GuestConcern("i-1"), ZeroDivisionError), (NamespaceConcern("vpc-1"), ZeroDivisionError)]
    assert called == ["soon"]
    assert capfd.readouterr().err.count("in spoilt") == 2
