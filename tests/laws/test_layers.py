"""Imports go down only; one inside a function or a `TYPE_CHECKING` block is an import like any other."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import elastinet

ROOT = Path(elastinet.__file__).parent
LEVELS = {
    "": 0,  # elastinet itself: the version
    **dict.fromkeys(("deletion", "digits", "folders", "late"), -1),  # no nouns: text, files, modules
    **dict.fromkeys(("model", "catalog"), 0),
    "rules": 1,
    "dumps": 2,
    **dict.fromkeys(("ec2", "wire", "store", "fabric", "imds", "forecast"), 2),
    **dict.fromkeys(("absence", "config", "engine", "modelled", "reconcile", "twin", "wanted_contents"), 3),
    "operator": 4,
    "serve": 5,
    "cli": 6,
    "testing": 7,
}
FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "fabric": (
        ("contract",),
        ("desired", "compile"),
        ("kernel",),
        ("router", "revoke"),
        ("guest",),
        ("images",),
        ("agent",),
    ),
    "ec2": (
        ("core",),
        ("vpc",),
        ("security",),
        ("interfaces",),
        ("volumes", "insights"),
        ("instances",),
        ("account",),
        ("operations",),
    ),
}
"""The rooms inside of a room, from the ground up: each sees those below it, and none beside it."""
NARROW = {"wire": {"digits", "model"}, "store": {"folders", "model"}}
"""Rooms that see less than their level allows."""
LONGEST = 400
"""Lines of a file, at the most; few have half as many."""
SHARED_LEVEL = 3
"""Where the files of one level may see each other, as long as none sees itself in the end."""


def module_of(path: Path) -> str:
    """The dotted name of a file inside the package; the package itself has none."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in ROOT.rglob("*.py")}


def room(module: str) -> str:
    return module.partition(".")[0]


def named(text: str, module: str, path: Path) -> Iterator[str]:
    """The modules of the package that a file's text imports."""
    for node in ast.walk(ast.parse(text, path.name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, module, is_package=path.name == "__init__.py")
            yield from (known(f"{base}.{alias.name}") for alias in node.names)


def absolute(node: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    """What `from … import` names, its dots resolved."""
    if not node.level:
        return node.module or ""
    parents = ["elastinet", *module.split(".")]
    parents = parents[: len(parents) - node.level + is_package]
    return ".".join([*parents, *filter(None, [node.module])])


def known(name: str) -> str:
    """The name itself if it is a module of ours, else the module that it is taken from."""
    own = name.removeprefix("elastinet.")
    return name if own in FILES else name.rpartition(".")[0]


@cache
def imports(module: str) -> set[str]:
    path = FILES[module]
    found = named(path.read_text(), module, path)
    ours = (name for name in found if name == "elastinet" or name.startswith("elastinet."))
    return {name.removeprefix("elastinet").removeprefix(".") for name in ours}


def may(importer: str, imported: str) -> bool:
    """Whether one room may see another."""
    if importer == imported:
        return True
    if importer in NARROW:
        return imported in NARROW[importer]
    above, below = LEVELS[importer], LEVELS[imported]
    return below < above or imported == "" or above == below == SHARED_LEVEL


def inner(module: str) -> str:
    """The room inside of a room that a file is in, or stands beside."""
    return f"{module}..".split(".")[1]


def may_inside(top: str, importer: str, imported: str) -> bool:
    """Whether one room inside of a room may see another."""
    if importer == imported:
        return True
    height = {name: number for number, floor in enumerate(FLOORS[top]) for name in floor}
    return height[imported] < height[importer]


def test_every_file_lives_in_a_room_of_the_design() -> None:
    assert {room(module) for module in FILES} == LEVELS.keys()


@pytest.mark.parametrize("top", FLOORS)
def test_every_file_lives_in_a_room_inside(top: str) -> None:
    there = {inner(module) for module in FILES if room(module) == top and module != top}
    assert there == {name for floor in FLOORS[top] for name in floor}


def test_imports_go_down_inside() -> None:
    inside = (module for module in FILES if room(module) in FLOORS and module not in FLOORS)
    seen = {module: [name for name in imports(module) if _is_up_inside(module, name)] for module in inside}
    assert {module: names for module, names in seen.items() if names} == {}


def _is_up_inside(module: str, name: str) -> bool:
    top = room(module)
    return room(name) == top != name and not may_inside(top, inner(module), inner(name))


def test_imports_go_down() -> None:
    seen = {module: [n for n in imports(module) if not may(room(module), room(n))] for module in FILES}
    assert {module: names for module, names in seen.items() if names} == {}


def test_no_file_is_long() -> None:
    lengths = {module: len(path.read_text().splitlines()) for module, path in FILES.items()}
    assert not {module: length for module, length in lengths.items() if length > LONGEST}


def test_every_test_file_has_a_name_of_its_own() -> None:
    """pytest imports them by it; of two it collects one."""
    names = Counter(path.name for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert not [name for name, files in names.items() if files > 1]


def test_only_rules_read_an_edition() -> None:
    """Which figure holds is decided once, in the rules; others may name its type, `Figure`."""
    others = (module for module in FILES if room(module) not in ("catalog", "rules"))
    assert not [module for module in others if "EDITIONS" in FILES[module].read_text()]


def test_no_file_sees_itself_in_the_end() -> None:
    # A package's __init__ gathers its own files, and they never ask it back.
    try:
        TopologicalSorter({module: imports(module) for module in FILES}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from elastinet.ec2.vpc.vpcs import view", {"elastinet.ec2.vpc.vpcs"}),
        ("from elastinet.ec2.vpc import vpcs", {"elastinet.ec2.vpc.vpcs"}),
        ("from elastinet import __version__", {"elastinet"}),
        ("def f():\n    import elastinet.engine", {"elastinet.engine"}),
        ("from ... import engine", {"elastinet.engine"}),
        ("from ...ec2.vpc import vpcs", {"elastinet.ec2.vpc.vpcs"}),
        ("from .limits import x", {"elastinet.fabric.desired.limits"}),
        ("if TYPE_CHECKING:\n    from elastinet.serve.http import Application", {"elastinet.serve.http"}),
    ],
)
def test_no_spelling_of_an_import_is_missed(text: str, expected: set[str]) -> None:
    assert set(named(text, "fabric.desired.desired", ROOT / "fabric" / "desired" / "desired.py")) == expected


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("rules", "model", True),
        ("model", "rules", False),
        ("model", "catalog", False),
        ("ec2", "catalog", True),
        ("ec2", "wire", False),
        ("fabric", "imds", False),
        ("wire", "model", True),
        ("wire", "catalog", False),
        ("store", "rules", False),
        ("reconcile", "engine", True),
        ("engine", "operator", False),
        ("serve", "fabric", True),
        ("serve", "config", True),
        ("operator", "serve", False),
        ("serve", "cli", False),
        ("cli", "config", True),
    ],
)
def test_the_rule_itself(importer: str, imported: str, allowed: bool) -> None:
    assert may(importer, imported) is allowed


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("agent", "contract", True),
        ("kernel", "compile", True),
        ("compile", "kernel", False),
        ("desired", "compile", False),
        ("router", "guest", False),
    ],
)
def test_the_rule_inside(importer: str, imported: str, allowed: bool) -> None:
    assert may_inside("fabric", importer, imported) is allowed
