"""A guest's voices as the agent hears them: its console, its syslog, and what its init is asked for."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from elastinet.fabric.guest.console import SYSLOG, Console, Log
from elastinet.fabric.guest.hearing import Datagrams, Stream
from elastinet.fabric.kernel.loop import Concern, Loop


class Voices:
    """The voices of one boot; `log` is a pipe into the console for programs of ours in the guest."""

    def __init__(self, disk: Path, console: Console, loop: Loop, about: Concern) -> None:
        self._disk, self._console = disk, console
        self._loop, self._about = loop, about
        self._heard: list[Datagrams | Stream] = []
        self.log = self._open_log()

    def _open_log(self) -> int:
        """A pipe that ends when no process of the guest holds it any more."""
        out, into = os.pipe2(os.O_CLOEXEC)
        voice = Stream(out, self._console.hear, self._loop, self._about)
        try:
            voice.listen()
        except OSError:
            voice.close()
            os.close(into)
            raise
        return into

    def listen(self, fds: list[int], number: int, control: Callable[[bytes], None]) -> None:
        """Hear what the guest's programs log, and its console if the machine had a terminal for it.

        `control` hears what its init is asked for.
        """
        if len(fds) != number:
            for fd in fds:
                os.close(fd)
            raise OSError(errno.EMFILE, "the agent has no descriptor left for the console")
        syslog, asked, *consoles = fds
        self._heard = [
            Datagrams(syslog, Log(self._disk, SYSLOG).hear, self._loop, self._about),
            Stream(asked, control, self._loop, self._about),
            *(Stream(console, self._console.hear, self._loop, self._about) for console in consoles),
        ]
        for voice in self._heard:
            voice.listen()
        if not consoles:
            self._console.say("no terminal is left on this machine: /dev/console is /dev/null")

    def finish(self) -> None:
        """Hear what has been said by now, and nothing more."""
        for voice in self._heard:
            voice.finish()
        os.close(self.log)
