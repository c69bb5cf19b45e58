"""What a service model says of values: lengths, sizes, patterns and enumerations.

EC2's model says little of these, and EC2 has words of its own; its neighbours refuse by the model, in these.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from elastinet.wire.shapes import Shape

_SCRIPTS = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": r" \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}
"""Letters, numbers and separators of Unicode, as Python's patterns spell them inside of a set."""


def violation(shape: Shape, params: dict[str, Any]) -> str | None:
    """The sentence that refuses parameters, None if all are as the model has them."""
    found = list(_faults(shape, params, ""))
    if not found:
        return None
    errors = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {errors} detected: {'; '.join(found)}"


def _faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                yield _sentence(_below(path, name), "Member must not be null")
        for name, item in value.items():
            yield from _faults(shape.members[name], item, _below(path, name))
        return
    if shape.type_name == "list":
        for number, item in enumerate(value, 1):
            yield from _faults(shape.member, item, f"{path}.{number}.member")
    if why := _out_of_bounds(shape, value) or _of_no_form(shape, value):
        yield _sentence(path, why)


def _out_of_bounds(shape: Shape, value: Any) -> str | None:
    is_number = isinstance(value, int | float)
    size = value if is_number else len(value)
    what = "value" if is_number else "length"
    if shape.min is not None and size < shape.min:
        return f"Member must have {what} greater than or equal to {shape.min}"
    if shape.max is not None and size > shape.max:
        return f"Member must have {what} less than or equal to {shape.max}"
    return None


def _of_no_form(shape: Shape, value: Any) -> str | None:
    if shape.enum and value not in shape.enum:
        return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
    if shape.pattern and isinstance(value, str) and not _pattern(shape.pattern).fullmatch(value):
        return f"Member must satisfy regular expression pattern: {shape.pattern}"
    return None


@lru_cache
def _pattern(text: str) -> re.Pattern[str]:
    """A pattern of the model: letters are ASCII's, but where it asks for those of all scripts."""
    flags = 0 if r"\p{" in text else re.ASCII
    for words, here in _SCRIPTS.items():
        text = text.replace(words, here)
    return re.compile(text, flags)


def _below(path: str, name: str) -> str:
    step = name[:1].lower() + name[1:]
    return f"{path}.{step}" if path else step


def _sentence(path: str, why: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: {why}"
