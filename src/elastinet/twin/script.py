"""Steps as a script of the shell: what a dump or a twin has in it never does more than be a word of it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from elastinet.dumps.finding import Finding
from elastinet.model.ids import prefix_of
from elastinet.twin.both import Step

PLAIN = "[a-z0-9-]+"
"""What ids are made of. So a word is read once, however many ids are known: there can be thousands."""
BY_ITSELF = "(?<![a-z0-9-])({})(?![a-z0-9-])"
UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def script(steps: Iterable[Step], account: str) -> Iterator[str]:
    """A line for each step; what a command makes is known to later ones by a variable.

    Where the credentials of another account than this one are needed, a line says so.
    """
    variables = Variables()
    owner = account
    for step in steps:
        if step.command is None:
            yield f"# {_said(step.says)}"
            continue
        if step.owner != owner:
            owner = step.owner
            yield f"# by the credentials of account {_said(owner)}:"
        line = " ".join(map(variables.put, step.command.words))
        if step.makes:
            line = f"{variables.add(step.makes)}=$({line})"
        yield line


def _said(sentence: str) -> str:
    """A comment that ends with its line, whatever it is about."""
    return str(Finding("", sentence))


class Variables:
    """The shell's variables for ids that are not known before the script has run, as $subnet_1."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._last: Counter[str] = Counter()
        self._ids = re.compile(BY_ITSELF.format(PLAIN))
        self._odd: list[str] = []

    def add(self, id: str) -> str:
        """Have a variable for an id; gives its name."""
        stem = UNSAFE.sub("_", prefix_of(id) or "id")
        self._last[stem] += 1
        self._names[id] = f"{stem}_{self._last[stem]}"
        if not re.fullmatch(PLAIN, id):
            self._odd = sorted([*self._odd, id], key=len, reverse=True)
            self._ids = re.compile(BY_ITSELF.format("|".join([*map(re.escape, self._odd), PLAIN])))
        return self._names[id]

    def put(self, word: str) -> str:
        """A word of a command, quoted as the shell needs it, with variables in place of ids."""
        quoted = word.startswith("'")

        def named(found: re.Match[str]) -> str:
            if (name := self._names.get(found[0])) is None:
                return found[0]
            return f"""'"${name}"'""" if quoted else f'"${name}"'

        return self._ids.sub(named, word) if self._names else word
