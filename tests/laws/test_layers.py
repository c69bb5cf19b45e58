"""Imports go down only; one inside a function or a `TYPE_CHECKING` block is an import like any other."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import elastinet

ROOT = Path(elastinet.__file__).parent
LEVELS = {
    "": 0,  # elastinet itself: the version
    "digits": -1,  # text to numbers, for everybody
    **dict.fromkeys(("model", "catalog"), 0),
    **dict.fromkeys(("deletion", "rules"), 1),
    **dict.fromkeys(("ec2", "wire", "store", "fabric", "imds", "forecast", "console"), 2),
    **dict.fromkeys(("absence", "engine", "folders", "reconcile", "repair", "worlds"), 3),
    **dict.fromkeys(
        (
            "http",
            "config",
            "confine",
            "bodies",
            "connections",
            "guarded",
            "listeners",
            "listening",
            "server",
            "supervisor",
            "dpdk",
            "places",
            "features",
            "hardware",
            "efas",
            "nics",
            "one_write",
            "origins",
            "metrics",
            "rates",
            "readings",
            "traffic",
            "predictions",
            "measurements",
            "asked",
            "jobs",
            "logs",
        ),
        4,
    ),
    **dict.fromkeys(("cli", "testing"), 5),
}
NARROW = {"wire": {"digits", "model"}, "store": {"model"}}
"""Rooms that see less than their level allows."""
SHARED_LEVELS = (3, 4)
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


def imports(module: str) -> set[str]:
    path = FILES[module]
    found = named(path.read_text(), module, path)
    ours = (name for name in found if name == "elastinet" or name.startswith("elastinet."))
    return {name.removeprefix("elastinet").removeprefix(".") for name in ours}


IMPORTS = {module: imports(module) for module in FILES}


def may(importer: str, imported: str) -> bool:
    """Whether one room may see another."""
    if importer == imported:
        return True
    if importer in NARROW:
        return imported in NARROW[importer]
    above, below = LEVELS[importer], LEVELS[imported]
    return below < above or imported == "" or (above == below and above in SHARED_LEVELS)


def test_every_file_lives_in_a_room_of_the_design() -> None:
    assert {room(module) for module in FILES} <= LEVELS.keys()


@pytest.mark.parametrize("module", sorted(FILES))
def test_imports_go_down(module: str) -> None:
    up = [name for name in IMPORTS[module] if not may(room(module), room(name))]
    assert not up, f"{module or 'elastinet'} must not see {', '.join(sorted(up))}"


def test_no_file_sees_itself_in_the_end() -> None:
    # A package's __init__ gathers its own files, and they never ask it back.
    try:
        TopologicalSorter(IMPORTS).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from elastinet.ec2.vpcs import view", {"elastinet.ec2.vpcs"}),
        ("from elastinet.ec2 import vpcs", {"elastinet.ec2.vpcs"}),
        ("from elastinet import __version__", {"elastinet"}),
        ("def f():\n    import elastinet.engine", {"elastinet.engine"}),
        ("from .. import engine", {"elastinet.engine"}),
        ("from ..ec2 import vpcs", {"elastinet.ec2.vpcs"}),
        ("from .plan import x", {"elastinet.fabric.plan"}),
        ("if TYPE_CHECKING:\n    from elastinet.http import Application", {"elastinet.http"}),
    ],
)
def test_no_spelling_of_an_import_is_missed(text: str, expected: set[str]) -> None:
    assert set(named(text, "fabric.desired", ROOT / "fabric" / "desired.py")) == expected


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
        ("engine", "config", False),
        ("server", "fabric", True),
        ("http", "config", True),
        ("http", "cli", False),
        ("cli", "config", True),
    ],
)
def test_the_rule_itself(importer: str, imported: str, allowed: bool) -> None:
    assert may(importer, imported) is allowed
