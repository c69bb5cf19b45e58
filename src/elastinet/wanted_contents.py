"""What the fabric is to do with contents of images: copies that are to be made, and those that nobody has."""

from collections.abc import Callable

from elastinet.fabric.contract.messages import Capture
from elastinet.model.image import Snapshot
from elastinet.model.state import State
from elastinet.rules.images import unused_contents


class WantedContents:
    """Keeps both until the fabric is told; true while there is something to tell."""

    def __init__(self, state: State, tell: Callable[[], None]) -> None:
        self._state, self._tell = state, tell
        self._discard: set[str] = set()
        self._capture: dict[str, Capture] = {}

    def __bool__(self) -> bool:
        """True if there is something that the fabric does not know."""
        return bool(self._discard or self._capture)

    def note(self, snapshot: Snapshot) -> None:
        """Have a pending snapshot made, and let go what a deleted one alone had."""
        if snapshot.state == "deleting":
            self.look()
        elif snapshot.state == "pending":
            wanted = Capture(snapshot.id, snapshot.source, snapshot.base, snapshot.quiet)
            self._capture[snapshot.id] = wanted

    def look(self) -> None:
        """Look for what nobody has any more."""
        self._discard |= unused_contents(self._state)

    def recall(self) -> None:
        """Want all again of a fabric that has just come."""
        self.look()
        for snapshot in self._state.where(Snapshot, "state", "pending"):
            self.note(snapshot)

    def discard(self, content: str) -> None:
        """Have the fabric delete a content that nobody has."""
        self._discard.add(content)
        self._tell()

    def take(self) -> tuple[tuple[str, ...], tuple[Capture, ...]]:
        """What is to be told: contents to delete, and copies to make."""
        told = tuple(self._discard), tuple(self._capture.values())
        self._discard, self._capture = set(), {}
        return told
