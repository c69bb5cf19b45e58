"""One call of the API that opens something, and the same as a command of the AWS CLI."""

import re
import shlex
from collections.abc import Iterator
from typing import Any, NamedTuple


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
        """The command as it is typed in a shell."""
        words = ["aws ec2", _kebab(self.operation), *self._options(), f"--region {self.region}"]
        if self.take:
            words.append(f"--query {self.take} --output text")
        return " ".join(words)

    def _options(self) -> Iterator[str]:
        for name, value in self.params.items():
            option = f"--{_kebab(name)}"
            if name == "Egress":
                yield "--egress" if value else "--ingress"
            elif isinstance(value, dict) and "Value" in value:
                yield option if value["Value"] else f"--no-{_kebab(name)}"
            elif isinstance(value, Command):
                yield f'{option} "$({value.text})"'
            elif isinstance(value, list) and not isinstance(value[0], dict):
                yield " ".join((option, *map(shlex.quote, value)))
            else:
                values = value if isinstance(value, list) else [value]
                yield " ".join((option, *(shlex.quote(_short(one)) for one in values)))


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _short(value: Any, *, inside: bool = False) -> str:
    """A value in the AWS CLI's short spelling of structures and lists."""
    if isinstance(value, dict):
        found = ",".join(f"{name}={_short(one, inside=True)}" for name, one in value.items())
        return f"{{{found}}}" if inside else found
    if isinstance(value, list):
        return f"[{','.join(_short(one, inside=True) for one in value)}]"
    return str(value)
