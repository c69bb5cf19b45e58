"""Which parameters an operation reads: found in its source, and in that of all that it calls.

What an operation does not read, the engine refuses by name. So a parameter that no code names is refused
for certain, and one that some code names is read on some way through it.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cache, partial
from types import FunctionType, ModuleType
from typing import Any

from elastinet.ec2.operations import OPERATIONS

OPERATIONS_ROOM = "elastinet.ec2"
"""Only code of this room is given a request."""
GAP, SHORTEST = r"\w+", 6
"""What stands for the open part of a name that is put together, and how much of it must be known."""
NOT_READING = ("elastinet.ec2.core.absent", "elastinet.ec2.core.request", "elastinet.ec2.core.as_it_is")


@cache
def reads(action: str) -> Callable[[str], bool]:
    """Whether the code of an operation names a parameter."""
    words: set[str] = set()
    met: set[int] = set()
    waiting: list[object] = [OPERATIONS[action]]
    while waiting:
        thing = waiting.pop()
        if id(thing) not in met:
            met.add(id(thing))
            waiting += _inside(thing, words)
    made = re.compile("|".join(word for word in words if GAP in word) or "(?!)")
    return lambda name: name in words or made.fullmatch(name) is not None


def _inside(thing: object, words: set[str]) -> Iterator[object]:
    """What a thing is made of or calls; its words are added to the others."""
    if isinstance(thing, str):
        words.add(thing)
    elif isinstance(thing, dict):
        yield from (*thing.keys(), *thing.values())
    elif isinstance(thing, tuple | list | set | frozenset):
        yield from thing
    elif isinstance(thing, partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, FunctionType | type) or hasattr(thing, "__wrapped__"):
        yield from _of_source(inspect.unwrap(thing), words)  # type: ignore[arg-type]
    elif type(thing).__module__.startswith(OPERATIONS_ROOM):
        yield type(thing)
        yield from vars(thing).values() if hasattr(thing, "__dict__") else ()


def _of_source(thing: Callable[..., Any], words: set[str]) -> Iterator[object]:
    said, used = _said(thing)
    words |= said
    yield from used


@cache
def _said(thing: Callable[..., Any]) -> tuple[frozenset[str], tuple[object, ...]]:
    """The words of a thing's source, and what it names; many operations share it, so it is read once."""
    module = thing.__module__ or ""
    if not module.startswith(OPERATIONS_ROOM) or module in NOT_READING:
        return frozenset(), ()
    tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))
    used = [*_used(tree, vars(inspect.getmodule(thing)))]
    if isinstance(thing, FunctionType):
        used += [cell.cell_contents for cell in thing.__closure__ or ()]
    if _is_given_a_request(tree):
        return frozenset(_texts(tree)), tuple(used)
    # What it names are members of answers, or of nouns.
    return frozenset(), tuple(one for one in used if callable(one))


def _used(tree: ast.AST, globals_: dict[str, Any]) -> Iterator[object]:
    """What a source names of its module, and of those that this imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found = globals_.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = globals_.get(node.value.id)
            found = getattr(owner, node.attr, None) if isinstance(owner, ModuleType) else None
        else:
            continue
        if found is not None and not isinstance(found, ModuleType):
            yield found


def _is_given_a_request(tree: ast.AST) -> bool:
    """Whether a function, or one inside of it, has a parameter that may be a request or have some."""
    annotations = (node.annotation for node in ast.walk(tree) if isinstance(node, ast.arg))
    words = (re.findall(r"\w+", ast.unparse(one)) for one in annotations if one)
    return any("Request" in one or one == ["Any"] for one in words)


def _texts(tree: ast.AST) -> set[str]:
    """The words of a source but for the members of answers: the keys of dictionaries that are no tables."""
    answers = {
        id(key)
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict) and not all(isinstance(value, ast.Constant) for value in node.values)
        for key in node.keys
    }
    nodes = [node for node in ast.walk(tree) if id(node) not in answers]
    made = {_pattern(node) for node in nodes if isinstance(node, ast.JoinedStr)} - {""}
    return made | {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _pattern(node: ast.JoinedStr) -> str:
    """What matches the names that are put together from parts; "" if these are no names."""
    parts = [part.value if isinstance(part, ast.Constant) else GAP for part in node.values]
    fixed = "".join(part for part in parts if part != GAP)
    return "".join(parts) if fixed.isalnum() and len(fixed) >= SHORTEST else ""
