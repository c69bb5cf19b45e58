"""A part of an answer that is serialised once."""

from typing import Any


class StateView(dict[str, Any]):
    """One noun in the members of its output shape, or a part that many nouns show alike.

    `wire` keeps the bytes made of it for an answer, `text` the XML made of it inside another view, each with
    the name of the shape that it was made in: another shape has other element names. Nouns are immutable, so
    a view is valid for as long as the nouns it was made from.
    """

    __slots__ = ("text", "wire")
    text: tuple[str, str] | None
    wire: tuple[str, bytes] | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.text = self.wire = None
