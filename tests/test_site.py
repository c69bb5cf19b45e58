"""The documentation as a site: every page is in it, it is built without a warning, and it needs no other host."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hooks
import pytest
import yaml

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def pages(nav: Any) -> Iterator[str]:
    """The files that a table of contents names."""
    if isinstance(nav, str):
        yield nav
    else:
        for inside in nav.values() if isinstance(nav, dict) else nav:
            yield from pages(inside)


def nav() -> list[str]:
    return [*pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])]


def test_every_page_is_in_the_table_of_contents_once() -> None:
    assert sorted(nav()) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed: make docs installs it")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_every_page_is_built(site: Path) -> None:
    for page in nav():
        assert (site / page.replace("README", "index")).with_suffix(".html").exists(), page


def test_nothing_is_loaded_from_other_hosts(site: Path) -> None:
    assert hooks.foreign(site) == []
    assert (site / "assets" / "iframe-worker.js").exists()
    assert "assets/iframe-worker.js" in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.html", '<script src="https://host.example/x.js"></script>'),
        ("page.html", "<link rel=stylesheet href=//host.example/x.css>"),
        ("page.html", '<img alt="x" src="http://host.example/x.png">'),
        ("page.css", "a{background:url(https://host.example/x.png)}"),
        ("page.css", '@import "//host.example/x.css";'),
    ],
)
def test_what_is_loaded_from_other_hosts_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (found,) = hooks.foreign(tmp_path)
    assert found.startswith(f"{name} (")
    assert "host.example/x" in found


def test_a_link_that_is_followed_by_hand_is_none(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<a href="https://host.example/">there</a>')
    assert hooks.foreign(tmp_path) == []


def test_search_has_the_text_of_every_page_in_a_script(site: Path) -> None:
    """A page that is read from a file may load a script, and nothing else."""
    text = (site / "search" / "search_index.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("var __index = "))
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert {page.replace("README", "index").replace(".md", ".html") for page in nav()} == found


def test_llms_txt_names_every_page(site: Path) -> None:
    lines = re.findall(
        r"^- \[(.+)\]\((.+)\): (.+)$", (site / "llms.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [place for _, place, _ in lines] == [
        page.replace("README", "index").replace(".md", ".html") for page in nav()
    ]
    assert all((site / place).exists() for _, place, _ in lines)
