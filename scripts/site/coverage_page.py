"""The page of coverage: what becomes of each of EC2's operations and parameters, read from the code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from parameters_read import reads

from elastinet.ec2.core.as_it_is import AS_IT_IS
from elastinet.ec2.operations import OPERATIONS
from elastinet.operator import coverage
from elastinet.operator.features import FEATURES
from elastinet.wire.service import OTHER_SERVICES, service, service_of
from elastinet.wire.shapes import Shape

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "coverage.md"
CONTENTS = DOCS.parent / "mkdocs.yml"
KEPT = ("LaunchTemplateData", "SpotOptions", "LaunchSpecification")
"""Structures that are kept as they are given: what a launch makes of them is its own matter."""
HEAD = """# Coverage

What becomes of each operation of EC2's, and of each of its parameters. This page is written from the code by `make docs`, and a
test holds the two in step. Nothing is accepted and ignored: a parameter that is not read here is refused by name, with
`UnsupportedOperation`.
"""  # noqa: E501
ON_PACKETS = """## On packets

With a kernel fabric, and without one (`--fabric none`); `elastinet status` says it of a running server. *Enforced*: on packets, or
on processes. *Modelled*: the API answers by EC2's rules. *Recorded*: kept and shown.
"""  # noqa: E501
WORKING = """## Operations that work

By the page that tells of them; members of a structure stand in brackets, or after a dot. What is read is honoured, or its value is
refused by EC2's own rules. *Takes only* is a value that asks for nothing; any other is refused. What is refused is with all that
is in it, and so is what is kept (`LaunchTemplateData`). `DryRun` works everywhere.
"""  # noqa: E501


class Parameters(NamedTuple):
    """The parameters of an operation, nested ones by their paths, by what becomes of them."""

    works: list[str]
    as_it_is: list[str]
    refused: list[str]


def parameters(action: str) -> Parameters:
    """What becomes of each parameter of an operation."""
    found = Parameters([], [], [])
    owner = service_of(action)
    shape = owner.input_shape(action) if owner else None
    for name, member in (shape.members if shape else {}).items():
        _sort(action, name, name, member, found, ())
    return found


def _sort(action: str, name: str, path: str, shape: Shape, found: Parameters, above: tuple[str, ...]) -> None:
    if name == "DryRun" or reads(action)(name):
        found.works.append(path)
        inner = {} if name in KEPT or shape.name in above else _members(shape)
        for child, member in inner.items():
            _sort(action, child, f"{path}.{child}", member, found, (*above, shape.name))
    else:
        so = {one: values for one in _paths(path, shape, above) if (values := _so_already(one))}
        found.as_it_is.extend(f"{one}: {values}" for one, values in so.items())
        if path not in so:
            found.refused.append(path)


def _paths(path: str, shape: Shape, above: tuple[str, ...]) -> Iterator[str]:
    """A path, and those of all that is in its structure."""
    yield path
    if shape.name not in above:
        for child, member in _members(shape).items():
            yield from _paths(f"{path}.{child}", member, (*above, shape.name))


def _members(shape: Shape) -> dict[str, Shape]:
    while shape.type_name == "list":
        shape = shape.member
    return shape.members if shape.type_name == "structure" else {}


def _so_already(path: str) -> str:
    """The values that ask for nothing, where a path has some."""
    steps = path.split(".")
    ends = (".".join(steps[first:]) for first in range(len(steps)))
    values = next((AS_IT_IS[end] for end in ends if end in AS_IT_IS), ())
    return " or ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values)


def page() -> str:
    """The page."""
    return "\n".join((HEAD, *_totals(), "", *_features(), "", *_operations(), "", *_others(), ""))


def _totals() -> Iterator[str]:
    told, ec2 = coverage.page(), [action for action in OPERATIONS if action in service().actions]
    all_ = [parameters(action) for action in ec2]
    works, so, refused = (sum(len(one[kind]) for one in all_) for kind in range(3))
    yield "| of EC2's operations | |"
    yield "|-|-|"
    yield f"| work | {told['built']} |"
    yield f"| read what is not here: an empty list, and no id is found | {len(told['absent'])} |"
    yield f"| refused | {told['refused']} |"
    yield f"| parameters of those that work, nested ones too: read | {works} |"
    yield f"| taken with the value only that is so already | {so} |"
    yield f"| refused by name | {refused} |"
    yield f"| operations of [other services](other-services.md) that work | {len(OTHER_SERVICES)} |"


def _features() -> Iterator[str]:
    yield ON_PACKETS
    yield "| feature | kernel | none | how |"
    yield "|-|-|-|-|"
    for one in FEATURES:
        yield f"| {_cell(one.name)} | {one.kernel} | {one.none} | {_cell(one.why)} |"


def _operations() -> Iterator[str]:
    yield WORKING
    for title, name, actions in _by_page():
        yield f"### [{title}]({name})\n"
        yield "| operation | reads | takes only | refuses |"
        yield "|-|-|-|-|"
        for action in actions:
            found = parameters(action)
            others = (", ".join(f"`{one}`" for one in kind) for kind in (found.as_it_is, found.refused))
            yield f"| `{action}` | {_brackets(found.works)} | {' | '.join(others)} |"
        yield ""


def _brackets(paths: list[str], above: str = "") -> str:
    """Names, each with those of its structure's members behind it."""
    names = [one.removeprefix(above) for one in paths if one.startswith(above)]
    own = [name for name in names if "." not in name and name != "DryRun"]
    inner = {name: _brackets(paths, f"{above}{name}.") for name in own}
    return ", ".join(f"`{name}`" + (f" ({inner[name]})" if inner[name] else "") for name in own)


def _by_page() -> Iterator[tuple[str, str, list[str]]]:
    """Each page that has operations in a table, as the site has them, with those that no page before has."""
    left = set(OPERATIONS)
    for name in re.findall(r": ([\w-]+\.md)$", CONTENTS.read_text(encoding="utf-8"), re.MULTILINE):
        path = DOCS / name
        if path == PAGE:
            continue
        text = path.read_text(encoding="utf-8")
        rows = "\n".join(re.findall(r"^\| (`[^|]*)\|", text, re.MULTILINE))
        actions = [one for one in dict.fromkeys(re.findall(r"`(\w+)`", rows)) if one in left]
        if actions:
            left -= {*actions}
            yield text.partition("\n")[0].removeprefix("# "), path.name, actions
    if left:
        raise SystemExit(f"no page has these operations in a table: {', '.join(sorted(left))}")


def _others() -> Iterator[str]:
    absent = coverage.absent()
    refused = sorted(service().actions - OPERATIONS.keys() - {*absent})
    yield "## Operations that read what is not here\n"
    yield ", ".join(absent) + "."
    yield "\n## Operations that are refused\n"
    yield "With `UnsupportedOperation`, HTTP 400, at once: " + ", ".join(refused) + "."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
