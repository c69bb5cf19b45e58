"""URL-encoded text to a tree of parameters, strict and in linear time."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

from elastinet.model.fault import Fault
from elastinet.wire import refusal

Tree = dict[str, "str | Tree"]
"""Parameters by the parts of their names: `Filter.1.Name=x` is {"Filter": {"1": {"Name": "x"}}}."""

# 50 filters of 200 values each are EC2's most, and come to 10,050 parameters.
MOST_PARAMETERS = 16_384
# No shape of the model is half as deep; what is deeper stays in one part, which no shape knows.
_DEEPEST_NAME_PARTS = 32

_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def _unquote(text: str) -> str:
    return unquote_to_bytes(text).decode() if "%" in text else text


def _decode(form: bytes) -> str:
    text = form.decode()
    if "%" in text and _BROKEN_ESCAPE.search(text):
        raise refusal.malformed("A percent sign must be followed by two hexadecimal digits.")
    return text.replace("+", " ")


def _fields(form: bytes) -> Iterator[tuple[str, str]]:
    for field in _decode(form).split("&"):
        if field:
            name, _, value = field.partition("=")
            yield _unquote(name), _unquote(value)


def fields(form: bytes) -> list[tuple[str, str]]:
    """The form's names and values in order; Fault MalformedQueryString or RequestEntityTooLarge (413)."""
    if form.count(b"&") >= MOST_PARAMETERS:
        raise refusal.too_large(f"The request has more than {MOST_PARAMETERS} parameters.")
    try:
        return list(_fields(form))
    except UnicodeDecodeError as error:
        raise refusal.malformed("The parameters must be UTF-8.") from error


def _clash(name: str) -> Fault:
    return refusal.malformed(f"The parameter {name[:256]} is given more than once.")


def _branch(root: Tree, parents: list[str], name: str) -> Tree:
    node = root
    for part in parents:
        child = node.setdefault(part, {})
        if isinstance(child, str):
            raise _clash(name)
        node = child
    return node


def tree(pairs: Iterable[tuple[str, str]]) -> Tree:
    """The pairs by the parts of their names; Fault MalformedQueryString if two contradict each other."""
    root: Tree = {}
    for name, value in pairs:
        *parents, last = name.split(".", _DEEPEST_NAME_PARTS)
        node = _branch(root, parents, name)
        if last in node:
            raise _clash(name)
        node[last] = value
    return root
