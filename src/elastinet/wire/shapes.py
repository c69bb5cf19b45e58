"""The shapes of a service's requests and answers, in the files that botocore brings of it.

botocore's own reader of them loads with all of its HTTP client, for which an engine has no use.
"""

import zlib
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import msgspec

GZIP = zlib.MAX_WBITS | 16
"""How zlib is told that a gzip file's head comes first."""


class Reference(msgspec.Struct, frozen=True, rename="camel"):
    """The use of a shape in a place, and its names on the wire there."""

    shape: str
    location_name: str | None = None
    query_name: str | None = None


class Definition(msgspec.Struct, frozen=True, rename="camel"):
    """What a shape is, wherever it is used."""

    type: str
    members: dict[str, Reference] = {}
    member: Reference | None = None
    required: list[str] = []
    enum: list[str] = []
    min: int | float | None = None
    max: int | float | None = None
    pattern: str | None = None
    location_name: str | None = None


class Operation(msgspec.Struct, frozen=True):
    """What an operation takes, and what it answers with."""

    input: Reference | None = None
    output: Reference | None = None


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """What is said of a service as a whole."""

    api_version: str
    protocol: str
    xml_namespace: str = ""
    target_prefix: str = ""


class Model(msgspec.Struct, frozen=True):
    """A service's operations and shapes, these as they are written; what else its file says is not kept."""

    metadata: Metadata
    operations: dict[str, Operation]
    shapes: dict[str, msgspec.Raw]


class Definitions:
    """A service's shapes by name, read when they are asked for: a server needs few of some thousands."""

    def __init__(self, written: dict[str, msgspec.Raw]) -> None:
        self._written, self._read = written, dict[str, Definition]()

    def __getitem__(self, name: str) -> Definition:
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = _decoder.decode(self._written[name])
        return found


_decoder = msgspec.json.Decoder(Definition)


class Shape:
    """A shape as it is used in one place; those in it are looked up when they are asked for."""

    def __init__(self, definitions: Definitions, use: Reference) -> None:
        self._definitions, self._definition = definitions, definitions[use.shape]
        self.name, self.type_name = use.shape, self._definition.type
        self.location_name = use.location_name or self._definition.location_name
        self.query_name = use.query_name
        self.required_members, self.enum = self._definition.required, self._definition.enum
        self.min, self.max = self._definition.min, self._definition.max
        self.pattern = self._definition.pattern

    @cached_property
    def members(self) -> dict[str, "Shape"]:
        """The members of a structure."""
        return {name: Shape(self._definitions, use) for name, use in self._definition.members.items()}

    @cached_property
    def member(self) -> "Shape":
        """What a list is of."""
        assert self._definition.member is not None
        return Shape(self._definitions, self._definition.member)


def load(service: str) -> Model:
    """The newest model of a service."""
    found = find_spec("botocore")
    assert found is not None
    assert found.origin is not None
    newest = max((Path(found.origin).parent / "data" / service).iterdir())
    packed = (newest / "service-2.json.gz").read_bytes()
    return msgspec.json.decode(zlib.decompress(packed, GZIP), type=Model)
