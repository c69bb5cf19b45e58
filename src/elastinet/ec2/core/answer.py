"""The answer of an operation."""

from collections.abc import Mapping

Answer = Mapping[str, object]
"""The members of an operation's output shape, which nobody changes; without an answer it is None."""
