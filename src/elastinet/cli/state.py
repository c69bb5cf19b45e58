"""`elastinet state`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from elastinet.cli.common import CommandFailure, Json, State, configuration, print_json
from elastinet.config import Config

if TYPE_CHECKING:
    from elastinet.serve.repair import Findings

app = typer.Typer(no_args_is_help=True, help="Look at a state that does not start, and repair it.")
MOST_SHOWN = 20


@app.command()
def check(state: State = None, json: Json = False) -> None:
    """Read all of a state: say which lines of its journal are damaged, and whether the rest is whole.

    Nothing is changed. The exit code is 0 if all is well, and 1 if something is not.
    """
    config = _config(state)
    _tell(_folder(config), _look(config), as_json=json)


@app.command()
def repair(state: State = None, json: Json = False) -> None:
    """Keep what can be read of a damaged state, and the original beside it; no disk is deleted."""
    from elastinet.serve.supervisor import StartError, lock

    config = _config(state)
    folder = _folder(config)
    try:
        handle = lock(folder)
    except StartError as error:
        raise CommandFailure(str(error)) from error
    try:
        found = _look(config)
        if found.rest:
            raise CommandFailure(f"{found.rest}: nothing was changed")
        kept = None if found.is_whole else _mend(folder, found)
    finally:
        if handle is not None:
            os.close(handle)
    if json:
        lines = {"kept": len(found.good), "lost": len(found.damaged)}
        print_json({"lines": lines, "original": str(kept) if kept else None})
    elif kept is None:
        print(f"{folder} is whole: nothing was changed")
    else:
        print(f"{len(found.good)} lines are kept, {len(found.damaged)} are lost; the original is in {kept}")


def _config(state: str | None) -> Config:
    return configuration(state=state or os.environ.get("ELASTINET_STATE"))


def _folder(config: Config) -> Path:
    if config.state_folder is None:
        raise CommandFailure("a state in memory cannot be looked at", 2)
    return config.state_folder


def _look(config: Config) -> "Findings":
    from elastinet.serve.repair import look  # all of the model, which `--help` has no need of
    from elastinet.store import JournalError

    try:
        return look(_folder(config), config.settings)
    except JournalError as error:
        raise CommandFailure(str(error)) from error


def _mend(folder: Path, found: "Findings") -> Path:
    from elastinet.serve.repair import mend
    from elastinet.store import JournalError

    try:
        return mend(folder, found)
    except (JournalError, OSError) as error:
        raise CommandFailure(f"not repaired: {error}") from error


def _tell(folder: Path, found: "Findings", *, as_json: bool) -> None:
    """Say what was found; raises Exit with 1 if something is wrong."""
    if as_json:
        told = {"lines": found.lines, "damaged": found.damaged, "file": found.file}
        print_json(told | {"rest": found.rest, "disks": found.disks, "whole": found.is_whole})
    else:
        for sentence in _sentences(folder, found):
            print(sentence)
    if not found.is_whole:
        raise typer.Exit(1)


def _sentences(folder: Path, found: "Findings") -> list[str]:
    if found.is_whole:
        return [f"{folder} is whole: {found.lines} lines"]
    shown = [f"line {number} {why}" for number, why in list(found.damaged.items())[:MOST_SHOWN]]
    if (more := len(found.damaged) - len(shown)) > 0:
        shown.append(f"… and {more} more lines")
    rest = (
        found.rest or f"the other {len(found.good)} lines make a whole: 'elastinet state repair' keeps them"
    )
    return [*shown, *(f"the file: {fault}" for fault in found.file), *filter(None, [found.disks]), rest]
