"""Modules that are imported when something of theirs is first asked for: no start waits for them."""

from importlib import import_module
from typing import Any


class Late:
    """A module by its name, whose functions are those of the module once one of them is wanted."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._module), name)

    def function(self, name: str) -> "LateFunction":
        """A function of the module, which is imported when that is first called."""
        return LateFunction(self, name)


class LateFunction:
    """A function by its name and its module."""

    def __init__(self, module: Late, name: str) -> None:
        self._module, self._name = module, name

    @property
    def __wrapped__(self) -> Any:
        """The function itself, for who reads its source."""
        return getattr(self._module, self._name)

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call it."""
        return self.__wrapped__(*given, **named)
