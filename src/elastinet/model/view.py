"""A part of an answer that is serialised once."""

from typing import Any


class StateView(dict[str, Any]):
    """One noun in the members of its output shape; `wire` keeps its XML once it has been made.

    Nouns are immutable, so a view is valid for as long as the nouns it was made from.
    """

    __slots__ = ("wire",)
    wire: bytes | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wire = None
