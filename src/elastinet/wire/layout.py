"""Structures with the same members, written by a function that is compiled for them."""

from collections.abc import Callable, Sequence
from typing import Any

from elastinet.wire.text import needs_escape, string

Writer = Callable[[Any], str]
"""The inside of an element; raises KeyError or TypeError if the value is not of the shape."""


def layout(shape: str, members: Sequence[tuple[str, Writer]]) -> Callable[[dict[str, Any]], str]:
    """A function that writes the elements of a structure whose members, all of them, come in this order.

    Most members are strings, and few need an escape. They are looked at all together: joined, which also
    refuses what is no string, and searched once. Two members, a string and a number, become:

        def fill(structure):
            v0, v1, = structure.values()
            try:
                together = "".join((v0,))
            except TypeError as error:
                raise refused(structure) from error
            if needs_escape(together):
                v0 = string(v0)
            return f"<vpcId>{v0}</vpcId><count>{w1(v1)}</count>"

    Nothing of a value is compiled; tags are those of the service's model.
    """
    strings = [at for at, (_, write) in enumerate(members) if write is string]
    lines = _unpacked(len(members)) + _escaped(strings) + [f"return f{_template(members)!r}"]
    names: dict[str, Any] = {f"w{at}": write for at, (_, write) in enumerate(members)}
    names |= {"needs_escape": needs_escape, "string": string, "refused": _refusal(shape)}
    exec("def fill(structure):\n " + "\n ".join(lines), names)
    fill: Callable[[dict[str, Any]], str] = names["fill"]
    return fill


def _unpacked(count: int) -> list[str]:
    values = "".join(f"v{at}, " for at in range(count))
    return [f"{values}= structure.values()"] if count else []


def _escaped(strings: list[int]) -> list[str]:
    if not strings:
        return []
    together = "".join(f"v{at}, " for at in strings)
    return [
        f'try: together = "".join(({together}))',
        "except TypeError as error: raise refused(structure) from error",
        "if needs_escape(together):",
        *(f"  v{at} = string(v{at})" for at in strings),
    ]


def _template(members: Sequence[tuple[str, Writer]]) -> str:
    values = (f"v{at}" if write is string else f"w{at}(v{at})" for at, (_, write) in enumerate(members))
    return "".join(f"<{tag}>{{{value}}}</{tag}>" for (tag, _), value in zip(members, values, strict=True))


def _refusal(shape: str) -> Callable[[dict[str, Any]], TypeError]:
    return lambda value: TypeError(f"{shape} has another type than str for a string: {value!r}")
