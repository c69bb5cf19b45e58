"""What the agent asks the kernel for."""

import signal

from elastinet.fabric.kernel import kernel
from programs import Program


def test_a_process_is_ended_and_one_that_has_ended_is_no_obstacle() -> None:
    """The spawner reaps what it started, and tells of it when it may be asked to end already."""
    with Program(["sleep", "60"]) as process:
        kernel.end(process.pid)
        assert process.wait() == -signal.SIGKILL
    kernel.end(process.pid)
