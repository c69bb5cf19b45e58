"""Steps as a script of the shell: what a dump or a twin has in it never does more than be a word of it."""

import re
from collections.abc import Iterable, Iterator

from elastinet.dumps.finding import Finding
from elastinet.model.ids import prefix_of
from elastinet.twin.both import Step

UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def script(steps: Iterable[Step], account: str) -> Iterator[str]:
    """A line for each step; what a command makes is known to later ones by a variable.

    Where the credentials of another account than this one are needed, a line says so.
    """
    names: dict[str, str] = {}
    owner = account
    for step in steps:
        if step.command is None:
            yield f"# {_said(step.says)}"
            continue
        if step.owner != owner:
            owner = step.owner
            yield f"# by the credentials of account {_said(owner)}:"
        line = " ".join(_known(word, names) for word in step.command.words)
        if step.makes:
            names[step.makes] = _fresh(step.makes, names)
            line = f"{names[step.makes]}=$({line})"
        yield line


def _said(sentence: str) -> str:
    """A comment that ends with its line, whatever it is about."""
    return str(Finding("", sentence))


def _fresh(id: str, names: dict[str, str]) -> str:
    """A name like subnet_1, for an id."""
    stem = UNSAFE.sub("_", prefix_of(id) or "id")
    return f"{stem}_{sum(1 for name in names.values() if name.rpartition('_')[0] == stem) + 1}"


def _known(word: str, names: dict[str, str]) -> str:
    """A word of a command, quoted as the shell needs it, with variables for ids that are not known yet."""
    if not names:
        return word
    ids = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    quoted = word.startswith("'")

    def put(found: re.Match[str]) -> str:
        variable = f'"${names[found[0]]}"'
        return f"'{variable}'" if quoted else variable

    return re.sub(rf"(?<![a-z0-9-])({ids})(?![a-z0-9-])", put, word)
