"""Programs that the agent starts in a guest: its services, its user data, its ssh server."""

import base64
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from elastinet.fabric.contract.objects import Guest
from elastinet.fabric.guest import cloud_init, ends, services, ssh_port, user_data
from elastinet.fabric.guest.console import Console
from elastinet.fabric.guest.first_boot import FirstBoot
from elastinet.fabric.guest.first_programs import Program
from elastinet.fabric.guest.spawning import Spawning, Told
from elastinet.fabric.kernel.loop import GuestConcern, Loop

QUIET = (ends.NULL, ends.SENT, ends.SAME)
"""Nothing to read, and all that is said goes into one descriptor."""


class Programs:
    """The programs of one boot; what they say goes into `log`."""

    def __init__(
        self, guest: Guest, disk: Path, console: Console, log: int, loop: Loop, spawning: Spawning
    ) -> None:
        self._guest, self._disk, self._console, self._log = guest, disk, console, log
        self._loop, self._spawning = loop, spawning
        self._about = GuestConcern(guest.id)

    def start_services(self, init: int) -> None:
        """Start what was enabled in an earlier boot."""
        self._spawning.run(init, services.START, QUIET, self._told, (self._log,), self._about)

    def _told(self, fact: dict[str, Any]) -> None:
        """Hear of the services' start."""
        if "error" in fact:
            self._console.say(f"services: {fact['error']}")

    def first_boot(self, init: Callable[[], int]) -> None:
        """Run the user data, or cloud-init's stages; `init` tells the guest's init, 0 once it has ended."""

        def run(program: Program, told: Told) -> None:
            if alive := init():
                self._run_program(alive, program, told)

        first = FirstBoot(self._disk, self._console, self._loop, self._about, run)
        if self._guest.cloud_init:
            first.begin(cloud_init.stages())
        else:
            first.begin(user_data.read(base64.b64decode(self._guest.user_data)))

    def _run_program(self, init: int, program: Program, told: Told) -> None:
        """Put a program into the guest and start it."""
        with open(os.memfd_create("program"), "w+b") as file:
            file.write(program.data)
            file.seek(0)
            own = {"path": program.path, "mode": 0o700}
            sent, env = (self._log, file.fileno()), {"INSTANCE_ID": self._guest.id}
            self._spawning.run(init, [program.path], QUIET, told, sent, self._about, file=own, env=env)

    def run_ssh(self, init: int, mode: str, connections: Sequence[int], told: Told) -> None:
        """Run the script of the guest's ssh server, perhaps for a connection; it complains to the console."""
        user, pair = self._guest.login_user, self._guest.login_key
        env = {"DEFAULT": user, "PAIR": pair, "OWN": "", "MODE": mode}
        kinds = (ends.SENT, ends.SAME, ends.SENT) if connections else QUIET
        words, sent = ["/bin/sh", "-c", ssh_port.script()], (*connections, self._log)
        self._spawning.run(init, words, kinds, told, sent, self._about, env=env)
