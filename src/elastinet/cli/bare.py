"""An option that has a value of its own where it is given none."""

from typing import Any

from typer.core import TyperCommand

OUTSIDE = "--outside"


class Start(TyperCommand):
    """`start`, whose `--outside` alone is `--outside=on`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of the command."""
        return super().parse_args(ctx, [f"{OUTSIDE}=on" if word == OUTSIDE else word for word in args])
