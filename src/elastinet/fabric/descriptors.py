"""How many descriptors the agent may have, and how many of them guests may take for good."""

import errno
import os
import resource

MOST = 1 << 20
"""Beyond this nothing is gained, and some programs close every number up to their limit one by one."""
FOR_A_GUEST = 5
"""A guest's console, its network and its interfaces' leases, with some to spare."""
RESERVE = 24
"""What is left for sockets that are open for a moment, for routers and for who wants to run a command."""


def raise_limit() -> None:
    """Let this process have as many descriptors as its user may; what it has started keeps the old limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


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
