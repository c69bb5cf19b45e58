"""Checked rows as JUnit XML, which CI systems show."""

import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from elastinet.cli.common import CommandFailure
from elastinet.cli.reach.checking import Checked
from elastinet.cli.terminal import printable

TAGS = {"failed": "failure", "skipped": "skipped"}


def write(path: Path, name: str, rows: Sequence[Checked]) -> None:
    """Write the rows of a file called `name`; raises CommandFailure."""
    counts = Counter(one.verdict for one in rows)
    numbers = {"tests": len(rows), "failures": counts["failed"], "skipped": counts["skipped"], "errors": 0}
    shown = {key: str(number) for key, number in numbers.items()}
    suite = ElementTree.Element("testsuite", {"name": printable(name), **shown})
    for one in rows:
        case = ElementTree.SubElement(
            suite, "testcase", classname=printable(name), name=printable(one.row.text)
        )
        if tag := TAGS.get(one.verdict):
            text = printable("\n".join(one.why))
            ElementTree.SubElement(case, tag, message=text.partition("\n")[0]).text = text
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    try:
        ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise CommandFailure(f"{path}: {error.strerror}") from error
