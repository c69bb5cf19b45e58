"""The agent's limit of file descriptors, and the number of them that guests may take for good."""

import errno
import os
import resource

MOST = 1 << 20
"""Beyond this nothing is gained, and some programs close every number up to their limit one by one."""
FOR_A_GUEST = 9
"""A guest's console, log, init, network, what tells of its links, interfaces' leases, some to spare."""
RESERVE = 24
"""Descriptors kept free for sockets that are open for a moment, for routers and for commands in guests."""


def raise_limit() -> int:
    """Let this process have as many descriptors as its user may; gives their number, at most a million.

    What it has started keeps the old limit.
    """
    soft, hard = (
        MOST if n == resource.RLIM_INFINITY else n for n in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    most = min(hard, MOST)
    if soft >= most:
        return most
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    except ValueError:  # macOS takes no number above one of its own
        return soft
    return most


def make_room(starting: int) -> None:
    """See that one more guest can have its descriptors, beside so many that still lack some; or OSError."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return
    lowest = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    os.close(lowest)
    if lowest + RESERVE + FOR_A_GUEST * (starting + 1) > limit:
        advice = f"the agent may have {limit} descriptors: raise `ulimit -Hn` if this stays"
        raise OSError(errno.EMFILE, advice)
