"""One door, fuzzed for a while: batch after batch, and after each of them a look at everything."""

import contextlib
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from fuzz.api_door import ApiDoor
from fuzz.dhcp_door import DhcpDoor
from fuzz.dns_door import DnsDoor
from fuzz.inside_door import InsideDoor
from fuzz.judge import Judge
from fuzz.metadata_door import MetadataDoor
from fuzz.place import Place
from fuzz.six_door import SixDoor
from fuzz.time_door import TimeDoor
from fuzz.voices_door import VoicesDoor

Progress = Callable[[str, int, float], None]
"""Is told a door, how many variants it has had, and for how many seconds."""
LEAST_BATCHES = 3
"""Made also where a machine takes long for one."""
PAUSE = 0.5
"""Of the time that a batch took: others have work on this machine, too."""


class Door(Protocol):
    """What is fuzzed. A batch follows from the dice alone; gives how many variants it had."""

    name: str

    def send(self, dice: random.Random) -> int:
        """Send one batch."""


DOORS: dict[str, Callable[[Place], Door]] = {
    one.name: one
    for one in (MetadataDoor, DhcpDoor, SixDoor, DnsDoor, TimeDoor, ApiDoor, InsideDoor, VoicesDoor)
}


class Outcome(NamedTuple):
    """What came of it."""

    door: str
    variants: int
    batches: int
    figures: str
    interrupted: bool

    def __str__(self) -> str:
        return f"{self.door}: {self.variants} variants in {self.batches} batches; {self.figures}"


class Broken(Exception):
    """A batch after which something was not as it must be, and how to have it again."""


def fuzz(name: str, state: Path, seconds: float, seed: str, progress: Progress, first: int = 0) -> Outcome:
    """Fuzz a door on a server of its own; Ctrl-C ends it early, raises Broken."""
    with contextlib.closing(Place(state)) as place:
        door, judge = DOORS[name](place), Judge(place)
        began, batch, variants, interrupted = time.monotonic(), first, 0, False
        try:
            while (elapsed := time.monotonic() - began) < seconds or batch < first + LEAST_BATCHES:
                progress(name, variants, elapsed)
                variants += _one(door, judge, seed, batch)
                batch += 1
        except KeyboardInterrupt:
            interrupted = True
        return Outcome(name, variants, batch - first, judge.check_whole(), interrupted)


def _one(door: Door, judge: Judge, seed: str, batch: int) -> int:
    began = time.monotonic()
    try:
        count = door.send(random.Random(f"{seed} {door.name} {batch}"))
        judge.check()
    except Exception as error:
        raise Broken(f"door {door.name}, seed {seed}, batch {batch}") from error
    time.sleep(PAUSE * (time.monotonic() - began))
    return count
