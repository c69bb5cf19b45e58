"""What the documentation points at is there, and what points at the documentation finds it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
SOURCES = sorted((ROOT / "src").rglob("*.py"))
# "facts sheet, section 9.1", "facts sheet, sections 13 and 14", "facts sheet, 0.3, 9.1", over line ends too
CITATION = re.compile(
    r"[Ff]acts\s+sheet,?\s+(?:sections?\s+)?(\d+(?:\.\d+)?(?:(?:,| and| to)\s+\d+(?:\.\d+)?)*)"
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_page_is_in_the_index():
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"README.md"}
    assert {name for name in pages if f"({name})" not in index} == set()


def test_every_cited_section_of_the_facts_is_there():
    headings = (DOCS / "facts" / "ec2-networking.md").read_text(encoding="utf-8")
    there = set(re.findall(r"^#+ (\d+(?:\.\d+)?)\b", headings, re.MULTILINE))
    cited = {
        number
        for source in SOURCES
        for found in CITATION.findall(source.read_text(encoding="utf-8"))
        for number in re.findall(r"\d+(?:\.\d+)?", found)
    }
    assert len(cited) > 30
    assert cited - there == set()


def classes() -> dict[str, set[str]]:
    """Every class of the package by name, with the names that its body gives to fields and methods."""
    found: dict[str, set[str]] = {}
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                members = found.setdefault(node.name, set())
                members |= {part.target.id for part in node.body if isinstance(part, ast.AnnAssign)}
                members |= {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    return found


def test_the_glossary_names_what_is_there():
    text, there = (DOCS / "glossary.md").read_text(encoding="utf-8"), classes()
    named = re.findall(r"`([A-Z]\w+)(?:\.(\w+))?`", text)
    assert len(named) > 60
    assert {
        (name, field) for name, field in named if name not in there or (field and field not in there[name])
    } == set()


def test_a_limit_has_one_name():
    """Limit and allowance in the rules, rate and ceil in the kernel (glossary): no further word for them."""
    retired = re.compile(r"(?<![-\w])(?:caps?|cap_bps|ceilings?|paced)(?!\w)", re.IGNORECASE)
    pages = [page for page in PAGES if "facts" not in page.parts]
    texts = {path: path.read_text(encoding="utf-8") for path in (*SOURCES, *pages)}
    assert {(path.name, word) for path, text in texts.items() for word in retired.findall(text)} == set()


def test_files_that_pages_name_are_there():
    """A path in backticks is one of the repository, or of the package if it begins with one of its rooms."""
    package = ROOT / "src" / "elastinet"
    rooms = {path.name for path in package.iterdir() if path.is_dir()}
    places = ("src/elastinet", "tests", "docs", "examples", "scripts", *rooms)
    named = {
        path
        for page in PAGES
        if page.name != "CHANGELOG.md"  # which tells of earlier trees too
        for path in re.findall(r"`([\w.]+/[\w./]+)`", page.read_text(encoding="utf-8"))
        if path.startswith(tuple(f"{place}/" for place in places))
    }
    assert len(named) > 15
    assert {path for path in named if not (ROOT / path).exists() and not (package / path).exists()} == set()
