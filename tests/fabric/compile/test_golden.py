"""The compiled programs of some regions are what they were; a change of them is read as a diff.

`ELASTINET_GOLDEN=write make quick` writes them anew.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from compiled import compiled
from elastinet.fabric.compile.items import Chain, Items
from elastinet.fabric.compile.text import lines
from golden.regions import REGIONS

FOLDER = Path(__file__).parents[2] / "golden"
GIVEN_BACK = re.compile(r"(ttl|hop)(\d+)")
HOPS = re.compile(r"vmap \{ 1 : goto (ttl|hop)1, .*?, 255 : accept \}")
LIMITED = ("limits", "cluster")
"""The regions of which limits are a part; they would be most of the text in the others, too."""


def told(program: dict[str, Items]) -> Iterator[str]:
    """A program as text; the chains that give a hop back, all of a kind, are left out once they are checked."""
    for namespace in sorted(program):
        items = program[namespace]
        yield f"--- {namespace}"
        kept = {id: item for id, item in items.items() if not is_hop(item)}
        yield from (HOPS.sub(r"vmap { N : goto \1N }", line) for line in lines(kept))


def is_hop(item: object) -> bool:
    found = GIVEN_BACK.fullmatch(item.name) if isinstance(item, Chain) else None
    if found is None:
        return False
    number = int(found[2])
    word = {"ttl": "ip ttl", "hop": "ip6 hoplimit"}[found[1]]
    assert isinstance(item, Chain)
    assert item.rules == (f"{word} set {number + 1} accept",)
    return True


def written(text: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in text)


@pytest.mark.parametrize("name", REGIONS)
def test_the_program_is_as_it_was(name: str) -> None:
    region = REGIONS[name]()
    most_bps = None if name in LIMITED else 0
    text = written(told(dict(compiled(region.state, region.settings, most_bps=most_bps))))
    file = FOLDER / f"{name}.txt"
    if os.environ.get("ELASTINET_GOLDEN") == "write":
        file.write_text(text)
    assert text.splitlines() == file.read_text().splitlines()


def test_every_file_has_its_region() -> None:
    assert {file.stem for file in FOLDER.glob("*.txt")} == REGIONS.keys()
