"""An account in a file: why web does not reach db in it, the fix tried in a twin, and told as a command."""

import json
import os
import subprocess
from pathlib import Path

from region import ELASTINET, Region, check

DUMP = str(Path(__file__).with_name("account.json"))
ASKED = ("web", "db", "--port", "5432", "--json")
os.environ |= {"AWS_ACCESS_KEY_ID": "example", "AWS_SECRET_ACCESS_KEY": "example"}
os.environ["PATH"] = f"{Path(ELASTINET).parent}:{os.environ['PATH']}"


def told(*words):
    return json.loads(subprocess.run([ELASTINET, *words], stdout=subprocess.PIPE, check=False).stdout)


found = told("why", *ASKED, "--dump", DUMP)
check("the dump says why it is not reached", not found["reachable"], found["sentence"])

with Region("--twin", DUMP) as twin:

    def probe():
        return told("why", *ASKED, "--probe", "--server-port", twin.port)

    twin.settle()
    check("in the twin its packets are lost, too", probe()["probe"]["reachable"] is False)
    os.environ["AWS_ENDPOINT_URL"] = twin.url
    for command in found["commands"]:
        subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)
    twin.settle()
    fixed = probe()
    check("with the rule that it lacks they arrive", fixed["reachable"] and fixed["probe"]["reachable"])
    check("others do not", not twin.works("internet", "nc -w 1 198.51.100.10 5432"))
    (line,) = told("twin", "diff", "--json", "--port", twin.port)["lines"]
    check("and this is all that the account takes", line.startswith("aws ec2 authorize-"), line)
