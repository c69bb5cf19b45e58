"""What keeps a tree from being released: `scripts/release-check`, by the steps that need no index."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import elastinet
from wheels import ROOT

PROGRAM = ROOT / "scripts" / "release-check"
PINS = [path.name for path in ROOT.glob("constraints*.txt")]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What the steps read, of a project whose only pin is rich 15.0.0."""
    tree = tmp_path / "tree"
    (tree / "src" / "elastinet").mkdir(parents=True)
    (tree / "src" / "elastinet" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (tree / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3\n\n- Something.\n")
    for name in PINS:
        (tree / name).write_text("rich==15.0.0 \\\n    --hash=sha256:0\n")
    return tree


def asked(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROGRAM), "--tree", str(tree), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def passed(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def failed(done: subprocess.CompletedProcess[str]) -> str:
    """Its only line, which says why."""
    assert (done.returncode, done.stderr) == (1, "")
    (line,) = done.stdout.splitlines()
    assert ": FAILED: " in line
    return line


# --- the change log -------------------------------------------------------------------------------


def test_this_tree_s_change_log() -> None:
    assert f"has {elastinet.__version__}" in passed(asked(ROOT, "changelog"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# Changelog\n", "begins with ''"),
        ("# Changelog\n\n## 1.2.2\n\n- Old.\n", "not with a section of 1.2.3"),
        ("# Changelog\n\n## 1.2.30\n\n- New.\n", "not with a section of 1.2.3"),
        ("# Changelog\n\n## 1.2.3\n\n## 1.2.2\n\n- Old.\n", "says nothing of 1.2.3"),
    ],
)
def test_a_change_log_without_the_version(text: str, why: str, tree: Path) -> None:
    (tree / "CHANGELOG.md").write_text(text)
    assert why in failed(asked(tree, "changelog"))


def test_a_version_that_is_not_yet_released_is_noted(tree: Path) -> None:
    (tree / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3 (unreleased)\n\n- Something.\n")
    assert "note: " in passed(asked(tree, "changelog"))


def test_no_version(tree: Path) -> None:
    (tree / "src" / "elastinet" / "__init__.py").write_text("")
    assert "states no version" in failed(asked(tree, "changelog"))


# --- advisories -----------------------------------------------------------------------------------


def advisory(
    *events: dict[str, str], name: str = "Rich", ecosystem: str = "PyPI", **more: Any
) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"id": "PYSEC-0", "affected": [affected], **more}


SINCE, FIXED = {"introduced": "14.0"}, {"fixed": "15.0.1"}
WEAK = [
    advisory({"introduced": "0"}),
    advisory(SINCE, FIXED),
    advisory(FIXED, SINCE),
    advisory({"introduced": "15.0.0"}, {"last_affected": "15.0.0"}),
    advisory({"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "15.0.0rc1"}),
    {
        "id": "PYSEC-0",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "rich"}, "versions": ["15.0.0"]}],
    },
]
OTHERS = [
    advisory({"introduced": "15.0.1"}),
    advisory({"introduced": "0"}, {"fixed": "15.0.0"}),
    advisory({"introduced": "0"}, {"last_affected": "14.9"}),
    advisory({"introduced": "0"}, name="richer"),
    advisory({"introduced": "0"}, ecosystem="npm"),
    advisory({"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z"),
]


def kept(folder: Path, *records: dict[str, Any]) -> Path:
    folder.mkdir()
    for number, record in enumerate(records):
        (folder / f"{number}.json").write_text(json.dumps(record))
    return folder


@pytest.mark.parametrize("record", WEAK)
def test_a_weak_version(record: dict[str, Any], tree: Path, tmp_path: Path) -> None:
    place = kept(tmp_path / "osv", *OTHERS, record)
    assert "rich 15.0.0 (PYSEC-0)" in failed(asked(tree, "advisories", "--advisories", str(place)))


def test_advisories_of_others(tree: Path, tmp_path: Path) -> None:
    place = kept(tmp_path / "osv", *OTHERS)
    assert "none of 6 advisories" in passed(asked(tree, "advisories", "--advisories", str(place)))


def test_a_zip_as_osv_has_it(tree: Path, tmp_path: Path) -> None:
    place = tmp_path / "all.zip"
    with zipfile.ZipFile(place, "w") as files:
        files.writestr("PYSEC-0.json", json.dumps(WEAK[0]))
    assert "rich 15.0.0" in failed(asked(tree, "advisories", "--advisories", str(place)))


def test_advisories_that_cannot_be_read(tree: Path, tmp_path: Path) -> None:
    place = kept(tmp_path / "osv")
    assert "there are no advisories" in failed(asked(tree, "advisories", "--advisories", str(place)))
    (place / "x.json").write_text("{")
    assert "that can be read" in failed(asked(tree, "advisories", "--advisories", str(place)))
    assert "that can be read" in failed(asked(tree, "advisories", "--advisories", str(tmp_path / "none")))


def test_without_advisories_that_is_said(tree: Path) -> None:
    assert "note: none are looked up" in passed(asked(tree, "advisories"))


# --- the rest -------------------------------------------------------------------------------------


def test_a_step_after_one_that_failed_is_taken(tree: Path) -> None:
    (tree / "CHANGELOG.md").write_text("")
    done = asked(tree, "changelog", "advisories")
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["changelog", "advisories"]


def test_no_wheel(tree: Path) -> None:
    assert "run the step build" in failed(asked(tree, "sbom"))


def test_an_unknown_step(tree: Path) -> None:
    assert asked(tree, "publish").returncode == 2


def test_every_file_of_pins_is_asked(tree: Path, tmp_path: Path) -> None:
    place = kept(tmp_path / "osv", WEAK[0])
    for name in PINS:
        for other in PINS:
            (tree / other).write_text("")
        (tree / name).write_text("rich==15.0.0")
        failed(asked(tree, "advisories", "--advisories", str(place)))
