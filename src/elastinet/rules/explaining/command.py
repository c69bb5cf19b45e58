"""One call of the API that changes something, and the same as a command of the AWS CLI."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple

LOADED = re.compile(r"(file|fileb|https?)://")
"""How values begin that the AWS CLI takes for the place of the value."""
RENAMED = ("RunInstances",)
"""Operations of which the AWS CLI has some parameters by other names."""
NUMBER = re.compile(r"-?[0-9]+")
SHORT = re.compile(r"[A-Za-z0-9:./_*@ -]+")
"""What needs no care in the AWS CLI's short spelling of structures."""


class Command(NamedTuple):
    """An operation with its parameters, one of which may be another command: what that one makes.

    `take` names the member of the answer that the outer one is given.
    """

    operation: str
    params: dict[str, Any]
    region: str
    take: str = ""

    @property
    def text(self) -> str:
        """The command as it is typed in a shell, on one line."""
        return " ".join(self.words)

    @property
    def words(self) -> list[str]:
        """The same in words of the shell, each quoted where it has to be."""
        words = [
            "aws",
            "ec2",
            *_kebab(self.operation).split(),
            *self._options(),
            "--region",
            shlex.quote(self.region),
        ]
        return [*words, "--query", shlex.quote(self.take), "--output", "text"] if self.take else words

    def _options(self) -> Iterator[str]:
        """The options; as JSON where a value would be taken for something else, or steer a terminal."""
        if self.operation in RENAMED or not all(_is_plain(value) for value in self.params.values()):
            yield from ("--cli-input-json", shlex.quote(json.dumps(self.params)))
            return
        for name, value in self.params.items():
            option = f"--{_kebab(name)}"
            if name == "Egress":
                yield "--egress" if value else "--ingress"
            elif (flag := _flag(value)) is not None:
                yield option if flag else f"--no-{_kebab(name)}"
            elif isinstance(value, Command):
                yield from (option, f'"$({value.text})"')
            else:
                values = value if isinstance(value, list) else [value]
                yield from (option, *(shlex.quote(_short(one)) for one in values))


def _flag(value: Any) -> bool | None:
    """What is said by an option alone; None if it is not."""
    found = value.get("Value") if isinstance(value, dict) else value
    return found if isinstance(found, bool) else None


def _is_plain(value: Any, *, inside: bool = False) -> bool:
    """True if a value can be spelled as an option of the AWS CLI has it."""
    if isinstance(value, dict):
        return bool(value) and all(_is_plain(one, inside=True) for one in value.values())
    if isinstance(value, list):
        return bool(value) and all(_is_plain(one, inside=True) for one in value)
    if not isinstance(value, str):
        return True
    if inside or not value:
        return SHORT.fullmatch(value) is not None and value.strip() == value
    is_option = value.startswith(("-", "[", "{")) and not NUMBER.fullmatch(value)
    return value.isprintable() and not is_option and not LOADED.match(value)


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _short(value: Any, *, inside: bool = False) -> str:
    """A value in the AWS CLI's short spelling of structures and lists."""
    if isinstance(value, dict):
        found = ",".join(f"{name}={_short(one, inside=True)}" for name, one in value.items())
        return f"{{{found}}}" if inside else found
    if isinstance(value, list):
        return f"[{','.join(_short(one, inside=True) for one in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
