"""The client as a program of its own: python program.py USER RUN GUEST COMMAND…

The interpreter may lie where only root can read, so everything is imported before it becomes that user.
"""

import os
import sys
from pathlib import Path

from elastinet.fabric.contract import client, terminal

IMPORTED = (terminal,)

user, run, guest, *argv = sys.argv[1:]
if os.geteuid() != int(user):
    os.setgroups([])
    os.setresgid(*[int(user)] * 3)
    os.setresuid(*[int(user)] * 3)
sys.exit(client.run(Path(run), guest, argv, tty=os.isatty(0)))
