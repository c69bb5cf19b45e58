"""What a server begins with: a seed for a fresh state, and the scripts that are run when it is ready."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from elastinet import folders
from elastinet.cli.common import CommandFailure, ask, say_error
from elastinet.cli.environment import of_tools
from elastinet.cli.terminal import printable
from elastinet.cli.tools import find
from elastinet.config import Config, own_file
from elastinet.serve.places import Server

READY = "ready.d"
SETTLE_SECONDS = 300
SHELL, PYTHON = ".sh", ".py"
Plant = Callable[[Server], object]
"""Has a server get what a seed makes; raises CommandFailure."""


@dataclass(frozen=True)
class Beginning:
    """A seed, by its name and what it does, and the scripts to run; `keep` is of a seed that fails."""

    name: str = ""
    plant: Plant | None = None
    keep: bool = False
    scripts: Sequence[Path] = ()
    umask: int = 0o077
    """The user's own: programs make files as if he had called them."""

    def __bool__(self) -> bool:
        """True if there is something to do."""
        return self.plant is not None or bool(self.scripts)

    def run(self, server: Server, end: Callable[[Server], None]) -> None:
        """Do it; raises CommandFailure, and then a seed's server is ended, unless it is to be kept."""
        os.umask(self.umask)
        if self.plant is not None:
            self._plant(self.plant, server, end)
        for script in self.scripts:
            try:
                _run(server, _command(script), str(script))
            except CommandFailure as error:
                raise CommandFailure(f"{error}; the server runs at {server.url}") from None

    def _plant(self, plant: Plant, server: Server, end: Callable[[Server], None]) -> None:
        if ask(server, "GET", "/_elastinet/status")["counts"]:
            say_error(f"the seed {self.name} is not used: there is something in the state already")
            return
        try:
            plant(server)
        except (CommandFailure, KeyboardInterrupt) as error:
            why = str(error) or "interrupted"
            if self.keep:
                where = f"what it made is left, and the server runs at {server.url}"
                raise CommandFailure(f"{why}; {where}") from None
            raise CommandFailure(f"{why}; {_taken_back(server, end)}") from None


def _taken_back(server: Server, end: Callable[[Server], None]) -> str:
    """Undo all that a seed has made, and say so."""
    try:
        ask(server, "POST", "/_elastinet/reset")
    except CommandFailure:
        return "the server has ended meanwhile, and what was made is left in its state"
    end(server)
    return "the state is as new again, and no server runs"


def prepared(config: Config, seed: Path | None, *, keep: bool, is_twin: bool) -> Beginning:
    """The beginning that is asked for, as far as it can be looked at before; raises CommandFailure."""
    if seed is not None and is_twin:
        raise CommandFailure("--seed is for a fresh state, and that of --twin is an account's", 2)
    if keep and seed is None:
        raise CommandFailure("--seed-keep is about a seed: name that by --seed", 2)
    if (seed is not None or _scripts(config)) and config.unix_socket:
        raise CommandFailure("seeds and scripts call the API by a port, and --unix-socket has none", 2)
    plant = None if seed is None else _planter(seed)
    os.umask(mask := os.umask(0o077))
    return Beginning(str(seed or ""), plant, keep, _scripts(config), mask)


def _planter(seed: Path) -> Plant:
    """What a seed does: of a folder Terraform's, of a program its own, else a snapshot's."""
    if seed.is_dir():
        return _of_terraform(seed)
    from elastinet.cli.snapshot import load_into, read_file, read_snapshot

    data = read_file(seed)
    if seed.suffix == PYTHON:
        return partial(_run_all, [[sys.executable, str(seed.absolute())]], seed)
    read_snapshot(seed, data)
    return lambda server: load_into(server, data, seed, account="", replace=False)


def _of_terraform(folder: Path) -> Plant:
    if not [*folder.glob("*.tf"), *folder.glob("*.tf.json")]:
        raise CommandFailure(f"{folder} has no files of Terraform's (*.tf)", 2)
    terraform = [find("terraform"), f"-chdir={folder}"]
    words = ["-input=false", "-no-color"]
    steps = [[*terraform, "init", *words], [*terraform, "apply", "-auto-approve", *words]]
    return partial(_run_all, steps, folder)


def _run_all(steps: Sequence[Sequence[str]], seed: Path, server: Server) -> None:
    """Run programs one after another, and wait until all is there that they made."""
    from elastinet.cli.waiting import settle

    for step in steps:
        _run(server, step, str(seed))
    settle(server, SETTLE_SECONDS, f"seeding from {printable(seed.name)} …")


def _run(server: Server, command: Sequence[str], name: str) -> None:
    """Run a program against a server, its words on our stderr; raises CommandFailure if it fails."""
    try:
        code = subprocess.run(
            command, env=of_tools(server), stdout=sys.stderr.fileno(), check=False
        ).returncode
    except OSError as error:
        raise CommandFailure(f"{name}: {error.strerror}") from error
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise CommandFailure(f"{name} {how}")


def _scripts(config: Config) -> list[Path]:
    """The scripts of the folder that is configured, or of the user's own, in the order of their names."""
    named = config.ready_scripts
    folder = Path(named) if named else own_file().parent / READY
    if not folder.is_dir():
        if named:
            raise CommandFailure(f"{folder}: there is no such folder (option ready_scripts)", 2)
        return []
    try:
        folders.check(folder)
        return sorted(path for path in folder.iterdir() if _is_script(path))
    except OSError as error:
        raise CommandFailure(f"the scripts in {folder} are not run: {error}", 2) from error


def _is_script(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return not hidden and path.is_file() and (path.suffix in (SHELL, PYTHON) or os.access(path, os.X_OK))


def _command(script: Path) -> list[str]:
    """How a script is run: by itself if it may be, else by what its name says."""
    if os.access(script, os.X_OK):
        return [str(script)]
    return [sys.executable if script.suffix == PYTHON else "/bin/sh", str(script)]
