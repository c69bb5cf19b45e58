"""What nothing is known of: the path ends there, and goes on as if it led to the target."""

from collections.abc import Iterable, Iterator

from elastinet.model.foreign import Foreign
from elastinet.model.state import State
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.steps import Blocker, Hop, Onward, Place, Step, blocker
from elastinet.rules.reachability.walk import INTERNET, Walk, own_ranges


def unknown(state: State, ids: Iterable[str]) -> Iterator[Blocker]:
    """What is said of those of some things that are foreign, or lacking in a dump."""
    for id in dict.fromkeys(ids):
        found = state.get(Foreign, id)
        if found and found.lacking:
            yield blocker("UNKNOWN_RESOURCE", component=id, kind=found.kind)
        elif found:
            yield blocker("UNSUPPORTED_COMPONENT", component=id, kind=found.kind)


def through_foreign(walk: Walk, id: str, headers: Headers) -> Iterator[Onward]:
    """By a route to a foreign thing: refused there, and on to wherever the walk is to arrive."""
    found = tuple(unknown(walk.state, [id]))
    if not found:
        return
    hop = Hop("foreign", id)
    if INTERNET in walk.target:
        yield Onward((Step(hop, headers, headers, found),), Place("internet"), headers)
    for receiver in (one for receivers in walk.receivers.values() for one in receivers):
        if part := headers.limited(destination=own_ranges(receiver, headers.version)):
            yield Onward((Step(hop, headers, part, found),), Place("in", receiver.id), part)
