"""The disks of guests: one folder each, deleted in a thread of their own."""

import os
import queue
from pathlib import Path

from elastinet.deletion import remove_tree
from elastinet.fabric.kernel.loop import complain
from elastinet.fabric.kernel.worker import start_thread

DOOMED = ".doomed"


class Disks:
    """The folder of all disks, and the thread that deletes one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._doomed: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for path in folder.glob(f".*{DOOMED}"):  # an agent before this one was ended in a deletion
            self._doomed.put(path)
        start_thread(self._delete_all, "disks")

    def path(self, id: str) -> Path:
        """The folder of a guest's disk."""
        return self._folder / id

    def remove(self, id: str) -> None:
        """Delete a guest's disk, soon; one that is not there is no fault."""
        if os.path.basename(id) != id or id.startswith(".") or not id:
            raise ValueError(f"not a disk's name: {id!r}")
        doomed = self._folder / f".{id}.{os.urandom(4).hex()}{DOOMED}"
        try:
            self.path(id).rename(doomed)
        except FileNotFoundError:
            return
        except OSError as error:
            complain(f"the disk of {id} stays until the next start: {error}")
            return
        self._doomed.put(doomed)

    def _delete_all(self) -> None:
        while True:
            doomed = self._doomed.get()
            try:
                remove_tree(doomed)
            except OSError as error:
                complain(f"{doomed} stays until the next start: {error}")
