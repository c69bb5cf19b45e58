"""The changes of a transaction: the nouns that it replaced, and their form in the journal."""

import msgspec

from elastinet.model.noun import Noun
from elastinet.model.state import AnyNoun, State


class Change(msgspec.Struct, frozen=True):
    """One noun's past and future; None where it did not or does not exist."""

    kind: type[Noun]
    id: str
    old: Noun | None
    new: Noun | None


class Entry(msgspec.Struct, frozen=True):
    """One line of the journal: an operation, when it was (seconds since 1970), and what it changed."""

    operation: str
    time: float
    put: tuple[AnyNoun, ...] = ()
    drop: tuple[tuple[str, str], ...] = ()


_KINDS = {kind.__name__: kind for kind in State().tables}
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Entry)


def entry(operation: str, time: float, changes: list[Change]) -> Entry:
    """The journal's line for what a transaction changed."""
    return Entry(
        operation,
        time,
        tuple(c.new for c in changes if c.new is not None),  # type: ignore[misc]
        tuple((c.kind.__name__, c.id) for c in changes if c.new is None),
    )


def encode(line: Entry) -> bytes:
    """A journal line as bytes."""
    return _encoder.encode(line)


def decode(line: bytes) -> Entry:
    """A journal line from bytes; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(line)


def replay(state: State, line: Entry) -> None:
    """Do to a state what a journal line says was done."""
    for noun in line.put:
        state.replace(type(noun), noun.id, noun)
    for kind, id in line.drop:
        state.replace(_KINDS[kind], id, None)
