"""No limit of descriptors or threads ends the agent: what cannot be had is one object's failure, tried again."""

import errno
import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from elastinet.fabric.kernel import kernel
from elastinet.fabric.kernel.loop import FIRST_PAUSE, Loop, Lost
from elastinet.fabric.kernel.worker import Worker
from machine import MODES, Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))
GUESTS = 24
PROOF = "import resource; print(*resource.getrlimit(resource.RLIMIT_NOFILE))"


def crowd(first: int, count: int) -> list[object]:
    """Guests with an interface each, which take some descriptors for good."""
    numbers = range(first, first + count)
    return [part for n in numbers for part in (guest(n), eni(n, f"10.0.1.{n + 10}"))]


@pytest.fixture(params=MODES)
def limited(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Machine]]:
    """Agents that are started with a limit of descriptors."""
    made: list[Machine] = []

    def start(descriptors: str) -> Machine:
        made.append(Machine(request.param, descriptors))
        return made[-1]

    yield start
    for machine in made:
        machine.close()


def running(machine: Machine) -> set[str]:
    return {fact["guest"] for fact in machine.facts if fact["type"] == "running"}


def test_a_low_soft_limit_is_raised_for_the_agent_and_kept_for_guests(
    limited: Callable[[str], Machine],
) -> None:
    machine = limited("64:4096")
    machine.boot(*BASE, *crowd(1, GUESTS))
    assert machine.ok("i-1", f"python3 -c '{PROOF}'").split() == ["64", "4096"]
    assert machine.ok("i-1", "cat /proc/1/limits | grep 'open files'").split()[3] == "64"


def test_a_hard_limit_fails_guests_and_lets_the_others_be(limited: Callable[[str], Machine]) -> None:
    machine = limited("96:96")
    failed = machine.desire(*BASE, *crowd(1, GUESTS))
    machine.wait(lambda fact: fact["type"] == "running")
    few = running(machine)
    assert failed.keys() <= {f"guest:i-{n}" for n in range(1, GUESTS + 1)}
    assert all("descriptors" in why for why in failed.values())
    assert 0 < len(few) < GUESTS
    for id in few:
        machine.ok(id, "ip -4 addr show eth0 | grep -q 10.0.1.")
    assert machine.process.poll() is None


def test_what_failed_comes_when_there_is_room_again(limited: Callable[[str], Machine]) -> None:
    machine = limited("96:96")
    failed = machine.desire(*BASE, *crowd(1, GUESTS))
    lacking = next(iter(failed)).partition(":")[2]
    number = lacking.partition("-")[2]
    keep = {lacking, f"eni-{number}"}
    wanted = [part for part in crowd(1, GUESTS) if part.id in keep]  # type: ignore[attr-defined]
    machine.desire(*BASE, *wanted, whole=True)
    machine.wait(lambda fact: fact["type"] == "running" and fact["guest"] == lacking)
    assert machine.desire() == {}


# --- the loop and its threads ---------------------------------------------------------------------


def end() -> None:
    raise Lost("the test is over")


def run(loop: Loop) -> None:
    """Run until the end is called."""
    with pytest.raises(Lost, match="the test is over"):
        loop.run()


def run_until(loop: Loop, seconds: float) -> None:
    loop.later(seconds, end)
    run(loop)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EIO])
def test_a_failure_does_not_end_the_loop(number: int, capfd: pytest.CaptureFixture[str]) -> None:
    loop, later = Loop(), []

    def fail() -> None:
        raise OSError(number, "not now")

    loop.soon(fail)
    loop.later(0, fail)
    loop.soon(lambda: later.append("soon"))
    loop.later(0.01, lambda: later.append("later"))
    run_until(loop, 0.05)
    assert later == ["soon", "later"]
    assert "not now" in capfd.readouterr().err


def test_a_descriptor_whose_callback_fails_rests_and_comes_again() -> None:
    """It stays ready, so that a loop that went on at once would do nothing else."""
    loop, calls = Loop(), []
    out, into = os.pipe()

    def fail_twice() -> None:
        calls.append(time.monotonic())
        if len(calls) < 3:
            raise OSError(errno.EMFILE, "not now")
        os.read(out, 1)
        loop.later(0.1, end)

    loop.watch(out, fail_twice)
    os.write(into, b".")
    run(loop)
    assert len(calls) == 3
    assert calls[1] - calls[0] >= FIRST_PAUSE  # one that is late comes later, and never sooner
    assert calls[2] - calls[1] >= FIRST_PAUSE * 2
    for descriptor in (out, into):
        os.close(descriptor)


def test_what_is_forgotten_while_it_rests_stays_forgotten() -> None:
    loop, calls = Loop(), []
    out, into = os.pipe()

    def fail() -> None:
        calls.append(1)
        loop.soon(lambda: loop.forget(out))
        raise OSError(errno.EMFILE, "not now")

    loop.watch(out, fail)
    os.write(into, b".")
    run_until(loop, 0.3)
    assert calls == [1]
    for descriptor in (out, into):
        os.close(descriptor)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a namespace without a user namespace")
def test_a_worker_that_cannot_enter_its_namespace_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for it would wait for ever; the namespace is none: a descriptor of something else."""
    null = os.open("/dev/null", os.O_RDONLY)
    worker = Worker("nowhere", null)
    os.close(null)
    told: list[OSError | None] = []

    def ask() -> None:
        future: Future[int] = worker.submit(lambda: 1)
        error = future.exception(30)
        told.append(error if isinstance(error, OSError) else None)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(30)
    worker.stop()
    assert told[0] is not None
    assert told[0].errno == errno.EINVAL


def test_no_room_for_a_thread_is_an_error_of_the_machine() -> None:
    """In a process of its own, as the limit of processes is a user's."""
    pid = os.fork()
    if not pid:
        os._exit(_refused_thread())
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _refused_thread() -> int:
    try:
        if os.geteuid() == 0:
            os.setresuid(12345, 12345, 12345)
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        space = kernel.own_network()
        try:
            Worker("none", space)
        except OSError as error:
            return 0 if error.errno == errno.EAGAIN else 2
    except BaseException:
        return 3
    return 1
