"""cloud-init in guests whose image has it: its settings, and its stages, one after the other.

It reads the user data itself then, and all that our own reading of user data does is off.
"""

from pathlib import Path

from elastinet.fabric.guest.first_programs import Program, Reading

SETTINGS = "etc/cloud/cloud.cfg.d/99-elastinet.cfg"
TEXT = """# Written by elastinet: the metadata service is EC2's, and the network is configured already.
datasource_list: [Ec2, None]
datasource: {Ec2: {strict_id: false}}
network: {config: disabled}
manage_etc_hosts: false
"""
FOLDER = "/run/elastinet"
COMMANDS = (
    "init --local",
    "init",
    "modules --mode=config",
    "modules --mode=final",
)
"""What its units of systemd run, in their order."""
IDENTIFY = "/usr/lib/cloud-init/ds-identify"
FIRST = f"#!/bin/sh\n[ ! -x {IDENTIFY} ] || exec {IDENTIFY}\n"


def stages() -> Reading:
    """What is to be run at each boot."""
    programs = [Program(f"{FOLDER}/1-ds-identify", FIRST.encode(), "boot")]
    for number, words in enumerate(COMMANDS, 2):
        name = words.replace(" --mode=", "-").replace(" --", "-")
        script = f"#!/bin/sh\nexec cloud-init {words}\n"
        programs.append(Program(f"{FOLDER}/{number}-cloud-init-{name}", script.encode(), "boot"))
    return Reading(tuple(programs))


def settle(upper: Path) -> None:
    """Lay its settings into a new disk."""
    place = upper / SETTINGS
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(TEXT, encoding="utf-8")
