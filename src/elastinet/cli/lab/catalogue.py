"""Which labs there are."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from elastinet.cli.common import CommandFailure
from elastinet.cli.lab.region import Region

NAMES = tuple(
    """
    sg-mistake bastion three-tier nat-instance hub-peering dual-stack ha-pair placement credits efa
    """.split()
)


@dataclass(frozen=True)
class Lab:
    """A network to try, the settings of a server for it, and the abilities of a machine that it needs."""

    name: str
    title: str
    about: str
    settings: dict[str, Any]
    needs: tuple[str, ...]
    run: Callable[[Region], None]


def load(name: str) -> Lab:
    """The lab of that name; raises CommandFailure."""
    if name not in NAMES:
        raise CommandFailure(f"there is no lab '{name}', but {', '.join(NAMES)}", 2)
    file: ModuleType = import_module(f"elastinet.cli.lab.gallery.{name.replace('-', '_')}")
    title, _, about = (file.__doc__ or "").partition("\n")
    settings, needs = getattr(file, "SETTINGS", {}), getattr(file, "NEEDS", ())
    return Lab(name, title, " ".join(about.split()), settings, needs, file.run)
