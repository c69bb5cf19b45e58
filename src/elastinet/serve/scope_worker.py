"""The process that makes one analysis of an access scope: nouns come in, its result goes out.

`python -m elastinet.serve.scope_worker ANALYSIS OUTSIDE` reads lines of a journal, each with its length
before it, up to one of no length, and writes the fact that the engine is told.
"""

import gc
import signal
import sys
from typing import BinaryIO

import msgspec

from elastinet.catalog.settings import Outside
from elastinet.ec2.core.fact import ScopeAnalysed
from elastinet.model.access_scope import AccessScope
from elastinet.model.change import decode, replay
from elastinet.model.state import State

LENGTH = 4
"""Bytes before each message that say how long it is."""


def main() -> None:
    """Make the analysis."""
    from elastinet.ec2.insights.scope_findings import Search  # which the engine has no use for
    from elastinet.fabric.kernel import kernel

    if sys.platform == "linux":
        kernel.die_with_parent(signal.SIGKILL)
    gc.disable()  # it ends soon, and little of what it makes is garbage
    state = _read(sys.stdin.buffer)
    (scope,) = state.all(AccessScope)
    found = Search(state, scope, msgspec.convert(sys.argv[2], Outside)).findings()
    fact = ScopeAnalysed(sys.argv[1], found.interfaces, found.found, found.pages, found.warning)
    line = msgspec.msgpack.encode(fact)
    sys.stdout.buffer.write(len(line).to_bytes(LENGTH) + line)
    sys.stdout.buffer.flush()


def _read(stream: BinaryIO) -> State:
    state = State()
    while size := int.from_bytes(stream.read(LENGTH)):
        replay(state, decode(stream.read(size)))
    return state


if __name__ == "__main__":
    main()
