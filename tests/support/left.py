"""What a server leaves on its machine, or changes there."""

import os
import subprocess
from pathlib import Path


def host() -> list[str]:
    """The host's network, byte for byte."""
    commands = (
        "ip -d link",
        "ip -d addr",
        "ip route show table all",
        "ip rule",
        "nft --stateless list ruleset",
        "ip netns",
    )
    dumps = [subprocess.run(c.split(), capture_output=True, text=True, check=False).stdout for c in commands]
    # Lifetimes tick, and so do the counters of rules that others have; nothing else may differ.
    return [line for dump in dumps for line in dump.splitlines() if "valid_lft" not in line]


def ours(state: Path) -> list[tuple[int, str]]:
    """Processes that have this state's folder on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(state) in words and path.parent.name != str(os.getpid()):
            found.append((int(path.parent.name), words.replace("\0", " ")))
    return found
