"""The metadata service as instances find it: many ask at a steady pace, as agents in them do.

An interface may send 1,024 packets a second to link-local services, so no instance asks fast.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator

from bench.endpoint import Endpoint, Row
from bench.fabric import PROGRAM, launch, run

INSTANCES, PACE, SECONDS = 16, 75, 4
CLIENT = f"""
import json, socket, sys, time
PACE, SECONDS, AT = {PACE}, {SECONDS}, ("169.254.169.254", 80)

def ask(request):
    with socket.create_connection(AT) as connection:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return answer

head = b"Host: 169.254.169.254\\r\\nConnection: close\\r\\nX-aws-ec2-metadata-token"
token = ask(b"PUT /latest/api/token HTTP/1.1\\r\\n" + head + b"-ttl-seconds: 600\\r\\n\\r\\n").split()[-1]
request = b"GET /latest/meta-data/instance-id HTTP/1.1\\r\\n" + head + b": " + token + b"\\r\\n\\r\\n"
time.sleep(max(0, float(sys.argv[1]) - time.time()))
began, taken = time.perf_counter(), []
for number in range(PACE * SECONDS):
    due = began + number / PACE
    time.sleep(max(0, due - time.perf_counter()))
    ask(request)
    taken.append((time.perf_counter() - due) * 1000)
print(json.dumps([taken, time.perf_counter() - began]))
"""


def all_ask(folder: str, instances: list[str]) -> tuple[list[float], float]:
    """What every request took in milliseconds, from when it was due, and how long the longest asker took."""
    start = str(time.time() + 3)
    command = [PROGRAM, "exec", "--state", folder]
    clients = [
        subprocess.Popen([*command, id, "--", "python3", "-c", CLIENT, start], stdout=subprocess.PIPE)
        for id in instances
    ]
    told = [json.loads(client.communicate()[0]) for client in clients]
    return sorted(one for taken, _ in told for one in taken), max(seconds for _, seconds in told)


def measure() -> Iterator[Row]:
    """Rows of name, value and target; the clients are on the same processors."""
    with tempfile.TemporaryDirectory() as folder:
        told = json.loads(run("start", "--port", "0", "--state", folder, "--json"))
        at = Endpoint(told["url"])
        at.furnish()
        launch(at, INSTANCES)
        found = at.call("DescribeInstances").iter("instanceId")
        taken, seconds = all_ask(folder, [element.text or "" for element in found])
        at.close()
        run("stop", "--state", folder)
    name = f"metadata, {INSTANCES} instances at {PACE} a second each"
    yield f"{name}: requests a second", len(taken) / seconds, ">= 1000"
    yield f"{name}: ms that 99 of 100 stay below", taken[len(taken) * 99 // 100], "<= 50"


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}")
